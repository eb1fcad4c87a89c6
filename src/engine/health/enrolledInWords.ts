import type { SpeakerSummary } from '../../core/identification.js';

/** `3 enrolled`, or `2 of 3 enrolled` where not all are complete. */
export function enrolledInWords(people: readonly SpeakerSummary[]): string {
  const complete = people.filter(({ isComplete }) => isComplete).length;
  return people.length === complete ? `${complete} enrolled` : `${complete} of ${people.length} enrolled`;
}
