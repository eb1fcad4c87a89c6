import type { TimelineWords } from '../../display/timelineWords.js';
import type { TextsOf } from '../texts/catalogue.js';

/** The words of a drawing, in the reader's language. */
export const timelineWords = (text: TextsOf): TimelineWords => ({
  noSpeech: text('timeline.noSpeech'),
  named: text('timeline.named'),
  uncertain: text('tier.suggested'),
  unknown: text('timeline.unknown'),
  overlap: text('timeline.overlap'),
  atOnce: text('timeline.atOnce'),
});
