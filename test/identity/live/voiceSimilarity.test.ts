import { expect, test } from 'vitest';
import { unit } from '../../../src/core/vector.js';
import { relativeSimilarity, StreamSimilarity } from '../../../src/identity/live/voiceSimilarity.js';

const SIMILARITY = { same: 0.6, different: 0.1 };

/** Two unit vectors of a given cosine. */
const pair = (cosine: number) => [
  Float32Array.from([1, 0]),
  unit(Float32Array.from([cosine, Math.sqrt(1 - cosine * cosine)])),
];

test.each([
  { name: 'two full windows as alike as one voice', cosine: 0.6, seconds: [1.5, 1.5], position: 1 },
  { name: 'two full windows as alike as two voices', cosine: 0.1, seconds: [1.5, 1.5], position: 0 },
  { name: 'a window and much speech of one voice', cosine: Math.sqrt(0.6), seconds: [1.5, 1e6], position: 1 },
  { name: 'much speech of one voice twice', cosine: 1, seconds: [1e6, 1e6], position: 1 },
  { name: 'half windows of one voice are less alike', cosine: 0.6 / 1.4, seconds: [0.75, 0.75], position: 1 },
])('$name', ({ cosine, seconds, position }) => {
  const [a, b] = pair(cosine).map((centroid, i) => ({ centroid, speechSeconds: seconds[i]! }));
  expect(relativeSimilarity(a!, b!, SIMILARITY)).toBeCloseTo(position, 3);
});

test('a stream whose windows are more alike asks for more; one outlier asks for nothing', () => {
  const stream = new StreamSimilarity(SIMILARITY);
  expect(stream.current).toEqual(SIMILARITY);
  stream.add(0.99);
  expect(stream.current.same).toBeLessThan(0.65);
  for (let i = 0; i < 200; i += 1) stream.add(0.8);
  expect(stream.current.same).toBeGreaterThan(0.78);
  expect(stream.current.different).toBeGreaterThan(0.5);
  for (let i = 0; i < 400; i += 1) stream.add(0.2);
  expect(stream.current.same).toBeCloseTo(SIMILARITY.same, 6); // never below what is usual
});
