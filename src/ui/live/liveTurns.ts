import type { Decision } from '../../core/identification.js';
import type { SpeakerEvent, TentativeEvent, TurnEvent } from '../../events/speakerEvent.js';

/** One turn as lists show it. */
export interface ShownTurn {
  readonly turnId: string;
  readonly start: number;
  readonly end: number;
  readonly decision: Decision;
  readonly speakerId: string | null;
  readonly name: string | null;
  /** `unknown-3` */
  readonly cluster: string | null;
  readonly score: number;
  /** Score from which a voice is named; undefined where it is not known. */
  readonly threshold: number | undefined;
  readonly cosine?: number | null;
  readonly speechSeconds: number;
  readonly hasOverlap: boolean;
  readonly candidates: readonly { readonly name: string; readonly score: number }[];
}

export interface LiveState {
  /** Of the stream; undefined until it has said something. */
  readonly sessionId: string | undefined;
  /** Counts what changed turns that are over, so that others know when to ask for them again. */
  readonly revision: number;
  /** Who speaks at this moment; `isGuess` until the turn is over. */
  readonly now: { readonly turn: ShownTurn; readonly isGuess: boolean } | undefined;
  /** Newest first. */
  readonly turns: readonly ShownTurn[];
  readonly lostSeconds: number;
  /** Code of the latest condition of the session, such as NOBODY_ENROLLED. */
  readonly warning: { readonly code: string; readonly message: string } | undefined;
}

export const SILENT: LiveState = {
  sessionId: undefined,
  revision: 0,
  now: undefined,
  turns: [],
  lostSeconds: 0,
  warning: undefined,
};

const MOST_TURNS = 200;

/** What is shown after an event. */
export function afterEvent(before: LiveState, event: SpeakerEvent): LiveState {
  const state = { ...before, sessionId: event.session_id };
  switch (event.event_type) {
    case 'tentative':
      return { ...state, now: { turn: shownTurn(event, event.decision), isGuess: true } };
    case 'identified':
    case 'uncertain':
    case 'unknown': {
      const turn = shownTurn(event, event.event_type);
      return {
        ...state,
        revision: state.revision + 1,
        now: { turn, isGuess: false },
        turns: [turn, ...state.turns].slice(0, MOST_TURNS),
      };
    }
    case 'rejected':
      return { ...state, now: undefined };
    case 'relabel': {
      const { turn_ids: ids, speaker_id: speakerId, speaker: name, cluster, score } = event;
      const decision: Decision = speakerId === null ? 'unknown' : 'identified';
      const relabelled = { speakerId, name, cluster, score, decision };
      const turns = state.turns.map((turn) => (ids.includes(turn.turnId) ? { ...turn, ...relabelled } : turn));
      return { ...state, revision: state.revision + 1, turns };
    }
    case 'dropped':
      return { ...state, lostSeconds: state.lostSeconds + event.seconds };
    case 'warning':
      return { ...state, warning: { code: event.code, message: event.message } };
    default:
      return state;
  }
}

/** Who it is, in words: a name, `unknown-3`, or undefined where nothing is known. */
export const voiceOf = ({ name, cluster }: Pick<ShownTurn, 'name' | 'cluster'>): string | undefined =>
  name ?? cluster ?? undefined;

function shownTurn(event: TurnEvent | TentativeEvent, decision: Decision): ShownTurn {
  return {
    turnId: event.turn_id ?? `${event.start}`,
    start: event.start,
    end: event.end,
    decision,
    speakerId: event.speaker_id,
    name: event.speaker,
    cluster: event.cluster ?? null,
    score: event.score,
    threshold: event.threshold,
    speechSeconds: event.speech_seconds,
    hasOverlap: event.overlap === true,
    candidates: event.candidates.map(({ speaker, score }) => ({ name: speaker, score })),
  };
}
