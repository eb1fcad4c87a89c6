import { expect, test } from 'vitest';
import { detPoints, histogram, reliability } from '../../src/evaluation/curves.js';

const trials = (targets: readonly number[], nontargets: readonly number[]) => ({
  targets: Float64Array.from(targets),
  nontargets: Float64Array.from(nontargets),
});

test('misses rise and false alarms fall as the threshold rises', () => {
  expect(detPoints(trials([2, 4], [1, 3]))).toEqual([
    { x: 1, y: 0 },
    { x: 0.5, y: 0 },
    { x: 0.5, y: 0.5 },
    { x: 0, y: 0.5 },
  ]);
});

test('a thinned curve keeps both ends', () => {
  const many = Array.from({ length: 20_000 }, (_, i) => i);
  const points = detPoints(trials(many, many), 200);
  expect(points.length).toBeLessThan(400);
  expect(points[0]).toEqual({ x: 1, y: 0 });
  expect(points.at(-1)!.y).toBeCloseTo(1 - 1 / 20_000, 9);
});

test.each([
  { name: 'inside', values: [0.5, 1.5, 1.6, 2.5], expected: [0.25, 0.5, 0.25] },
  { name: 'outside counts at the ends', values: [-5, 3, 99, 1], expected: [0.25, 0.25, 0.5] },
])('histogram of three bins from 0 to 3: $name', ({ values, expected }) => {
  expect([...histogram(Float64Array.from(values), 0, 3, 3)]).toEqual(expected);
});

test('claims of 50 % that come true half the time are on the diagonal, whatever the numbers of trials', () => {
  expect(reliability(trials([0], [0, 0, 0, 0]))).toEqual([{ x: 0.5, y: 0.5 }]);
});

test('claims of 90 % that never come true are at the bottom', () => {
  const [point, ...rest] = reliability(trials([-30], [Math.log(9)])).reverse();
  expect(point!.x).toBeCloseTo(0.9, 9);
  expect(point!.y).toBe(0);
  expect(rest).toHaveLength(1);
});
