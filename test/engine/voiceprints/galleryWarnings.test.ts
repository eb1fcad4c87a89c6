import { expect, test } from 'vitest';
import { galleryWarnings } from '../../../src/engine/voiceprints/galleryWarnings.js';
import { randomVoiceprint } from '../../registry/randomVoiceprint.js';

const MODEL = 'model-1';
const complete = randomVoiceprint({ id: 'anna' });
const incomplete = { ...randomVoiceprint({ id: 'ben' }), isComplete: false };
const ofAnotherModel = randomVoiceprint({ id: 'carl', modelId: 'model-2' });

test.each([
  { name: 'nobody', everybody: [], code: 'NOBODY_ENROLLED', says: 'no speaker is enrolled' },
  { name: 'people of another model', everybody: [ofAnotherModel], code: 'VOICEPRINT_STALE', says: '1 person was' },
])('$name: a warning that says what to do, and no name', ({ everybody, code, says }) => {
  const warnings = galleryWarnings(everybody, MODEL);
  expect(warnings.map((warning) => warning.code)).toEqual([code]);
  expect(warnings[0]!.message).toContain(says);
  expect(warnings[0]!.message).not.toMatch(/anna|carl/i);
});

test.each([
  { name: 'complete', everybody: [complete, incomplete] },
  { name: 'incomplete', everybody: [incomplete] },
])('where somebody can be matched there is nothing to say: $name', ({ everybody }) => {
  expect(galleryWarnings(everybody, MODEL)).toEqual([]);
});
