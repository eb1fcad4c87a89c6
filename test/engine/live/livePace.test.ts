import { expect, test } from 'vitest';
import { LivePace, MOST_LEVEL } from '../../../src/engine/live/livePace.js';

/** Levels after each second; `delayMs` tells how late the work on each second is. */
function levels(seconds: number, delayMs: (second: number) => number): number[] {
  const pace = new LivePace();
  return Array.from({ length: seconds }, (_, second) => {
    for (let ms = 0; ms < 1000; ms += 128) {
      const streamMs = second * 1000 + ms;
      pace.worked(streamMs + delayMs(second), streamMs);
    }
    return pace.level;
  });
}

test.each([
  { name: 'a source in time', delayMs: () => 300, expected: new Array<number>(20).fill(0) },
  { name: 'a source with jitter', delayMs: (s: number) => (s % 2) * 400, expected: new Array<number>(20).fill(0) },
])('$name is never late', ({ delayMs, expected }) => {
  expect(levels(20, delayMs)).toEqual(expected);
});

test('hops get longer while the work falls behind, and shorter again once it has caught up', () => {
  const found = levels(40, (second) => (second < 5 ? 0 : second < 15 ? (second - 4) * 500 : 0));
  expect(found.slice(0, 6)).toEqual([0, 0, 0, 0, 0, 0]);
  expect(Math.max(...found)).toBe(MOST_LEVEL);
  expect(found.at(-1)).toBe(0);
  expect(found.slice(15, 19)).toEqual([2, 2, 2, 2]); // calm for a while first
});

test('a clock that drifts is not taken for lateness', () => {
  const pace = new LivePace();
  for (let second = 0; second < 7200; second += 1) pace.worked(second * 1000 * 1.0005, second * 1000);
  expect(pace.level).toBe(0);
});

test('a source read as fast as possible is never late', () => {
  const pace = new LivePace();
  for (let second = 0; second < 100; second += 1) pace.worked(second * 40, second * 1000);
  expect(pace.level).toBe(0);
});
