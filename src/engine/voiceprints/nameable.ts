import type { Voiceprint } from '../../core/voiceprint.js';
import type { Enrolled } from '../../identity/gallery/ranking.js';
import type { EnrolledPeople } from './enrolledPeople.js';
import { voicesToMatch } from './voicesToMatch.js';

/** Names by id, as far as people are enrolled. */
export type Names = Pick<ReadonlyMap<string, string>, 'get' | 'has'>;

/** The people who may be named in one piece of work. */
export interface Nameable {
  readonly enrolled: Enrolled;
  readonly names: Names;
}

/** Everybody whom the model can match. */
export const everybodyOf = ({ gallery, nameOf }: EnrolledPeople): Nameable => ({
  enrolled: gallery,
  names: namesOf(nameOf),
});

/** Some people, in their order. */
export const someOf = (voiceprints: readonly Voiceprint[], modelId: string): Nameable => ({
  enrolled: voicesToMatch(voiceprints, modelId),
  names: new Map(voiceprints.map(({ id, name }) => [id, name])),
});

export const namesOf = (nameOf: EnrolledPeople['nameOf']): Names => ({
  get: nameOf,
  has: (id) => nameOf(id) !== undefined,
});
