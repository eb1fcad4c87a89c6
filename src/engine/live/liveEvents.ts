import type { LiveEvent, LiveTurn } from '../../core/live.js';
import { secondsOfSamples } from '../../core/time.js';
import type { LiveChange, TurnDraft } from '../../identity/live/liveChange.js';

export interface LiveEventsContext {
  /** Name of each enrolled person. */
  readonly names: ReadonlyMap<string, string>;
  readonly timestampMs: number;
}

/** What a session tells of changes: seconds and names. */
export function liveEventsOf(changes: readonly LiveChange[], { names, timestampMs }: LiveEventsContext): LiveEvent[] {
  const nameOf = (voiceId: string | null) => (voiceId === null ? null : (names.get(voiceId) ?? voiceId));
  return changes.map((change): LiveEvent => {
    if (change.type === 'turn') return { type: 'turn', turn: liveTurnOf(change.turn, nameOf), timestampMs };
    if (change.type === 'rejected') {
      const { turnId, reason, startSample, endSample } = change;
      const [start, end] = [secondsOfSamples(startSample), secondsOfSamples(endSample)];
      return { type: 'rejected', turnId, start, end, reason, timestampMs };
    }
    const { turnIds, cluster, verdict } = change;
    const { voiceId, score } = verdict;
    return { type: 'relabel', turnIds, cluster, speakerId: voiceId, name: nameOf(voiceId), score, timestampMs };
  });
}

function liveTurnOf(draft: TurnDraft, nameOf: (voiceId: string | null) => string | null): LiveTurn {
  const { verdict, turnId, isFinal, cluster } = draft;
  return {
    turnId,
    isFinal,
    start: secondsOfSamples(draft.startSample),
    end: secondsOfSamples(draft.endSample),
    speechSeconds: secondsOfSamples(draft.speechSamples),
    decision: verdict.decision,
    speakerId: verdict.voiceId,
    name: nameOf(verdict.voiceId),
    cluster,
    score: verdict.score,
    margin: verdict.margin,
    overlap: false, // a segmentation network will tell
    candidates: verdict.candidates.map(({ voiceId, score, cosine }) => ({
      speakerId: voiceId,
      name: nameOf(voiceId) ?? voiceId,
      score,
      cosine,
    })),
  };
}
