import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { enrolmentAnswer } from '../../nodes/ui-voices/enrolmentAnswer.js';
import { SpokenSamples } from '../../nodes/ui-voices/spokenSamples.js';

const idOf = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const person = { speakerId: 'ann', name: 'Ann', consent: 'I agree' };
const piece = (index: number, count: number, more: object = {}) => ({
  sample: { id: idOf(1), index, count, person, samples: Buffer.alloc(4, index + 1), ...more },
});

let spoken: SpokenSamples;
beforeEach(() => {
  vi.useFakeTimers();
  spoken = new SpokenSamples();
});
afterEach(() => {
  spoken.close();
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

test('pieces in any order become one WAV file, with what enroll-speaker needs', () => {
  expect(spoken.take(piece(1, 2))).toBeUndefined();
  const { payload, ...rest } = spoken.take({ ...piece(0, 2), _client: { socketId: 'x' } })!;
  expect(rest).toEqual({ speakerId: 'ann', speakerName: 'Ann', consent: 'I agree', enrolmentId: idOf(1) });
  expect(payload.toString('latin1', 0, 4)).toBe('RIFF');
  expect(payload.readUInt32LE(24)).toBe(16_000);
  expect(payload.readUInt32LE(40)).toBe(8);
  expect([...payload.subarray(44)]).toEqual([1, 1, 1, 1, 2, 2, 2, 2]);
});

test.each([
  ['no message', null],
  ['too large', piece(0, 1, { samples: Buffer.alloc(160_002) })],
  ['half a sample', piece(0, 1, { samples: Buffer.alloc(3) })],
  ['empty', piece(0, 1, { samples: Buffer.alloc(0) })],
  ['no bytes', piece(0, 1, { samples: 'text' })],
  ['too many pieces', piece(0, 13)],
  ['no such piece', piece(1, 1)],
  ['a path as id', piece(0, 1, { id: '../x' })],
  ['a path as speaker id', piece(0, 1, { person: { ...person, speakerId: '../x' } })],
  ['a long name', piece(0, 1, { person: { ...person, name: 'x'.repeat(201) } })],
  ['no consent', piece(0, 1, { person: { ...person, consent: ' ' } })],
  ['more than is asked', piece(0, 1, { person: { ...person, path: '/etc/passwd' } })],
])('nothing comes of a piece: %s', (_, msg) => {
  expect(spoken.take(msg)).toBeUndefined();
  expect(vi.getTimerCount()).toBe(0);
});

test('what is not whole after a minute is dropped, and only eight are begun at once', () => {
  for (let n = 1; n <= 9; n += 1) spoken.take(piece(0, 2, { id: idOf(n) }));
  expect(spoken.take(piece(1, 2, { id: idOf(9) }))).toBeUndefined();
  expect(spoken.take(piece(1, 2, { id: idOf(8) }))).toBeDefined();
  vi.advanceTimersByTime(60_000);
  expect(spoken.take(piece(1, 2, { id: idOf(7) }))).toBeUndefined();
  expect(spoken.take(piece(0, 2, { id: idOf(7) }))).toBeDefined();
});

test('a piece that comes twice, or says another count, changes nothing', () => {
  spoken.take(piece(0, 2));
  expect(spoken.take(piece(0, 2, { samples: Buffer.alloc(4, 9) }))).toBeUndefined();
  expect(spoken.take(piece(1, 3))).toBeUndefined();
  expect([...spoken.take(piece(1, 2))!.payload.subarray(44, 48)]).toEqual([1, 1, 1, 1]);
});

test('what browsers get of an answer names nobody', () => {
  const reasons = [{ code: 'COLLIDES_WITH_OTHER', refuses: true, message: 'sounds like Bob', speakerId: 'bob' }];
  const payload = { speakerId: 'ann', name: 'Ann', status: 'rejected', speechSeconds: 7, quality: 'good', reasons };
  expect(enrolmentAnswer({ enrolmentId: idOf(1), payload })).toEqual({
    ...{ id: idOf(1), status: 'rejected', speechSeconds: 7, quality: 'good' },
    reasons: [{ code: 'COLLIDES_WITH_OTHER', refuses: true }],
  });
  const error = { code: 'CONSENT_REQUIRED', message: 'Ann did not agree' };
  expect(enrolmentAnswer({ enrolmentId: idOf(1), error, payload })).toEqual({
    ...{ id: idOf(1), error: 'CONSENT_REQUIRED', reasons: [] },
  });
  expect(enrolmentAnswer({ payload })).toBeUndefined();
});
