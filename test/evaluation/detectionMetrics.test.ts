import { expect, test } from 'vitest';
import { cllr, eerPercent, minCllr, minDcf } from '../../src/evaluation/detectionMetrics.js';

const trials = (targets: readonly number[], nontargets: readonly number[]) => ({
  targets: Float64Array.from(targets),
  nontargets: Float64Array.from(nontargets),
});
const apart = trials([3, 4, 5], [-1, 0, 1]);
const crossed = trials([1, 3, 4, 5], [-2, -1, 0, 2]);

test.each([
  { name: 'apart', scores: apart, eer: 0, dcf: 0 },
  { name: 'one of four crosses', scores: crossed, eer: 25, dcf: 0.25 },
  { name: 'upside down', scores: trials([0], [1]), eer: 100, dcf: 1 },
])('equal error rate and detection cost: $name', ({ scores, eer, dcf }) => {
  expect(eerPercent(scores)).toBe(eer);
  expect(Math.abs(minDcf(scores, 0.01) - dcf)).toBeLessThan(1e-12);
});

test('Cllr: 1 bit for uninformative scores, near 0 for large right ones', () => {
  expect(Math.abs(cllr(trials([0, 0], [0, 0, 0])) - 1)).toBeLessThan(1e-12);
  expect(cllr(trials([20], [-20]))).toBeLessThan(1e-6);
});

test('minCllr: never above Cllr, 0 where the scores are apart, and blind to scale', () => {
  expect(minCllr(apart)).toBe(0);
  expect(minCllr(crossed)).toBeLessThan(cllr(crossed));
  const scaled = trials([10, 30, 40, 50], [-20, -10, 0, 20]);
  expect(Math.abs(minCllr(scaled) - minCllr(crossed))).toBeLessThan(1e-12);
});
