/** Words of the timeline, for pages in other languages. */
export interface TimelineWords {
  readonly noSpeech: string;
  /** Legend of bars of named voices. */
  readonly named: string;
  readonly uncertain: string;
  readonly unknown: string;
  readonly overlap: string;
  /** In the explanation of a bar, after the time. */
  readonly atOnce: string;
}

export const ENGLISH: TimelineWords = {
  noSpeech: 'no speech',
  named: 'named, with how sure the name is',
  uncertain: 'uncertain',
  unknown: 'unknown voice',
  overlap: 'several at once',
  atOnce: 'at the same time as another voice',
};
