import type { RememberedTurn } from '../../core/feedback.js';
import type { IdentifiedSegment } from '../../core/identification.js';

/** Turns as drawings show them: what a person said of one is certain, whatever was measured. */
export const drawnSegments = (turns: readonly RememberedTurn[]): readonly IdentifiedSegment[] =>
  turns
    .map((turn) => ({
      ...turn,
      cosine: turn.why.cosine,
      ...(turn.said !== null && turn.speakerId !== null && { score: 1 }),
    }))
    .sort((a, b) => a.start - b.start);
