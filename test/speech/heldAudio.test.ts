import { expect, test } from 'vitest';
import { HeldAudio } from '../../src/speech/heldAudio.js';

test('a copy goes into the room that is given, with zeros where nothing is held', () => {
  const held = new HeldAudio(2);
  held.append(Float32Array.of(1, 2, 3));
  const room = new Float32Array(6).fill(9);
  expect(held.copy(0, 6, room)).toBe(room);
  expect([...room]).toEqual([0, 0, 1, 2, 3, 0]);
});

test('room of another length is not used', () => {
  const held = new HeldAudio();
  held.append(Float32Array.of(1, 2, 3));
  const room = new Float32Array(6);
  expect([...held.copy(0, 3, room)]).toEqual([1, 2, 3]);
  expect([...room]).toEqual([0, 0, 0, 0, 0, 0]);
});
