import type { LiveEvent, LiveTurn } from '../../core/live.js';
import { secondsOfSamples } from '../../core/time.js';
import type { Verdict } from '../../identity/decide.js';
import type { LiveChange, TurnDraft } from '../../identity/live/liveChange.js';
import type { Names } from '../voiceprints/nameable.js';

export interface LiveEventContext {
  /** Name of each enrolled person. */
  readonly names: Names;
  /** `unknown-3`, where the change is about an unknown voice. */
  readonly cluster: string | null;
  /** True where several people speak at once in the turn. */
  readonly overlap: boolean;
  readonly timestampMs: number;
}

/** The event for a change, with seconds and names; undefined for internal changes. */
export function liveEventOf(change: LiveChange, context: LiveEventContext): LiveEvent | undefined {
  const { names, cluster, timestampMs } = context;
  if (change.type === 'turn') return { type: 'turn', turn: liveTurnOf(change.turn, context), timestampMs };
  if (change.type === 'rejected') {
    const { turnId, reason, startSample, endSample } = change;
    const [start, end] = [secondsOfSamples(startSample), secondsOfSamples(endSample)];
    return { type: 'rejected', turnId, start, end, reason, timestampMs };
  }
  if (change.type === 'merged') return undefined;
  const { turnIds, verdict } = change;
  const { speakerId, score } = verdict;
  return {
    type: 'relabel',
    turnIds,
    cluster,
    speakerId,
    name: nameOf(names, speakerId),
    score,
    timestampMs,
  };
}

/** True where the event has the id of an unknown voice. */
export const isOfUnknown = (verdict: Verdict): boolean => verdict.decision !== 'identified';

function liveTurnOf(draft: TurnDraft, { names, cluster, overlap }: LiveEventContext): LiveTurn {
  const { verdict, turnId, isFinal } = draft;
  return {
    turnId,
    isFinal,
    start: secondsOfSamples(draft.startSample),
    end: secondsOfSamples(draft.endSample),
    speechSeconds: secondsOfSamples(draft.speechSamples),
    decision: verdict.decision,
    speakerId: verdict.speakerId,
    name: nameOf(names, verdict.speakerId),
    cluster,
    score: verdict.score,
    margin: verdict.margin,
    overlap,
    candidates: verdict.candidates.map(({ speakerId, score, cosine }) => ({
      speakerId,
      name: nameOf(names, speakerId) ?? speakerId,
      score,
      cosine,
    })),
  };
}

const nameOf = (names: Names, speakerId: string | null): string | null =>
  speakerId === null ? null : (names.get(speakerId) ?? speakerId);
