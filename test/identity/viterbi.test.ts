import { expect, test } from 'vitest';
import { viterbi } from '../../src/identity/viterbi.js';

test.each([
  { name: 'a change that pays is made', similarity: [1, 0, 1, 0, 0, 1, 0, 1], cost: 0.5, path: [0, 0, 1, 1] },
  { name: 'one odd window does not change the voice', similarity: [1, 0, 0.4, 0.6, 1, 0], cost: 0.5, path: [0, 0, 0] },
  { name: 'without cost each window goes its own way', similarity: [1, 0, 0.4, 0.6, 1, 0], cost: 0, path: [0, 1, 0] },
  { name: 'no windows', similarity: [], cost: 1, path: [] },
])('sticky path: $name', ({ similarity, cost, path }) => {
  const windows = similarity.length / 2;
  const input = {
    windows,
    voices: 2,
    similarity: Float32Array.from(similarity),
    changeCost: new Float32Array(windows).fill(cost),
  };
  expect([...viterbi(input)]).toEqual(path);
});
