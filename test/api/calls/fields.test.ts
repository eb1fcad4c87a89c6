import { expect, test } from 'vitest';
import { identifyBody, mergeBody, parseInput, speakerPatch } from '../../../src/api/calls/schemas.js';

/** What a call says of fields that are wrong. */
test.each([
  { given: { speakerIds: ['ann', ''] }, code: 'SPEAKER_ID_INVALID', says: 'speakerIds.1 may hold only letters' },
  { given: { speakerIds: ['é'] }, code: 'SPEAKER_ID_INVALID', says: 'speakerIds.0 may hold only letters' },
  { given: { speakerIds: '["ann","bob"]' }, code: 'SPEAKER_ID_INVALID', says: 'speakerIds.0 may hold only letters' },
  { given: { separateSpeakerPerChannel: 'perhaps' }, code: 'INPUT_INVALID', says: 'must be true or false' },
])('$given: $says', ({ given, code, says }) => {
  const refusal = expect.objectContaining({ code, message: expect.stringContaining(says) });
  expect(() => parseInput(identifyBody, given)).toThrow(refusal);
});

test('a field that is missing is said to be; words for yes and no are read in any case', () => {
  expect(() => parseInput(mergeBody, { isSure: true })).toThrow('fromId is missing; give it');
  expect(() => parseInput(mergeBody, { fromId: 'a-b' })).toThrow(
    expect.objectContaining({ code: 'SPEAKER_ID_INVALID' }),
  );
  const words = ['TRUE', 'no', '1', true].map((isSure) => parseInput(mergeBody, { fromId: 'ann', isSure }).isSure);
  expect(words).toEqual([true, false, true, true]);
});

test('whole characters of every kind stay as they are', () => {
  const name = 'Алиса Łódź 李 🎤 é';
  expect(parseInput(speakerPatch, { name })).toEqual({ name });
});
