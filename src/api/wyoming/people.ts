import type { SpeakerSummary } from '../../core/identification.js';
import { objectId } from '../../events/index.js';

const SPEAKER_ID = /^[a-zA-Z0-9_]{1,128}$/;

/** What a person is called in this protocol: the name, or the id where several people have that name. */
export function identityNames(people: readonly SpeakerSummary[]): ReadonlyMap<string, string> {
  const counts = new Map<string, number>();
  for (const { name } of people) counts.set(name, (counts.get(name) ?? 0) + 1);
  return new Map(people.map(({ speakerId, name }) => [speakerId, counts.get(name) === 1 ? name : speakerId]));
}

/** The enrolled person that a client means: by name, else by id. */
export function personOf(people: readonly SpeakerSummary[], identity: string): SpeakerSummary | undefined {
  const ids = [...identityNames(people)].filter(([, name]) => name === identity).map(([id]) => id);
  const speakerId = ids[0] ?? identity;
  return people.find((person) => person.speakerId === speakerId);
}

/** An id for somebody new: the name itself where it can be one. */
export const newSpeakerId = (name: string): string => (SPEAKER_ID.test(name) ? name : objectId(name));
