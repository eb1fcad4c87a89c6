import { expect, test } from 'vitest';
import type { Voiceprint } from '../../../src/core/voiceprint.js';
import { type EnrolledPeople, EnrolledPeopleOf } from '../../../src/engine/voiceprints/enrolledPeople.js';
import { galleryWarnings } from '../../../src/engine/voiceprints/galleryWarnings.js';
import { randomVoiceprint } from '../../registry/randomVoiceprint.js';

const MODEL = { id: 'model-1', dimensions: 192 };

/** The people of a store, as the engine holds them. */
function peopleOf(put: readonly Voiceprint[]): Promise<EnrolledPeople> {
  const changes = async function* () {
    yield { put, gone: [] };
  };
  return new EnrolledPeopleOf({ follow: () => ({ changes }) }, MODEL).now('t');
}
const complete = randomVoiceprint({ id: 'anna' });
const incomplete = { ...randomVoiceprint({ id: 'ben' }), isComplete: false };
const ofAnotherModel = randomVoiceprint({ id: 'carl', modelId: 'model-2' });

test.each([
  { name: 'nobody', everybody: [], code: 'NOBODY_ENROLLED', says: 'no speaker is enrolled' },
  { name: 'people of another model', everybody: [ofAnotherModel], code: 'VOICEPRINT_STALE', says: '1 person was' },
])('$name: a warning that says what to do, and no name', async ({ everybody, code, says }) => {
  const warnings = galleryWarnings(await peopleOf(everybody));
  expect(warnings.map((warning) => warning.code)).toEqual([code]);
  expect(warnings[0]!.message).toContain(says);
  expect(warnings[0]!.message).not.toMatch(/anna|carl/i);
});

test.each([
  { name: 'complete', everybody: [complete, incomplete] },
  { name: 'incomplete', everybody: [incomplete] },
])('where somebody can be matched there is nothing to say: $name', async ({ everybody }) => {
  expect(galleryWarnings(await peopleOf(everybody))).toEqual([]);
});
