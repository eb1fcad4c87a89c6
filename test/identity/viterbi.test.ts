import { expect, test } from 'vitest';
import { viterbi } from '../../src/identity/viterbi.js';

test.each([
  { name: 'a change that pays is made', likeness: [1, 0, 1, 0, 0, 1, 0, 1], cost: 0.5, path: [0, 0, 1, 1] },
  { name: 'one odd window does not change the voice', likeness: [1, 0, 0.4, 0.6, 1, 0], cost: 0.5, path: [0, 0, 0] },
  { name: 'without cost each window goes its own way', likeness: [1, 0, 0.4, 0.6, 1, 0], cost: 0, path: [0, 1, 0] },
  { name: 'no windows', likeness: [], cost: 1, path: [] },
])('sticky path: $name', ({ likeness, cost, path }) => {
  const windows = likeness.length / 2;
  const input = {
    windows,
    voices: 2,
    likeness: Float32Array.from(likeness),
    changeCost: new Float32Array(windows).fill(cost),
  };
  expect([...viterbi(input)]).toEqual(path);
});
