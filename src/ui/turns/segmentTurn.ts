import type { IdentifiedSegment } from '../../core/identification.js';
import type { ShownTurn } from '../live/liveTurns.js';

/** A turn of a recording as lists show it. */
export const segmentTurn = (segment: IdentifiedSegment, index: number): ShownTurn => {
  const { turnId = `${index}`, start, end, decision, speakerId, name, cluster, score, cosine, overlap } = segment;
  return {
    ...{ turnId, start, end, decision, speakerId, name, cluster, score, cosine },
    threshold: undefined,
    speechSeconds: end - start,
    hasOverlap: overlap,
    candidates: segment.candidates.map((candidate) => ({ name: candidate.name, score: candidate.score })),
  };
};
