import { expect, test } from 'vitest';
import { LIVE_WINDOW_PLAN, LiveWindows } from '../../../src/engine/live/liveWindows.js';

const ms = (samples: number) => samples / 16;
const span = (endMs: number) => ({ startSample: 1600, endSample: 1600 + endMs * 16 });
const shown = ({ startSample, endSample }: { startSample: number; endSample: number }) => [
  ms(startSample - 1600),
  ms(endSample - 1600),
];

test('windows are due as speech grows: an early one, then one every half second, at most 1.5 s long', () => {
  const windows = new LiveWindows();
  expect(windows.due(span(700))).toEqual([]);
  expect(windows.due(span(900)).map(shown)).toEqual([[0, 800]]);
  expect(windows.due(span(900))).toEqual([]);
  expect(windows.due(span(2350)).map(shown)).toEqual([
    [0, 1300],
    [300, 1800],
    [800, 2300],
  ]);
  expect(windows.rest(span(2500)).map(shown)).toEqual([[1000, 2500]]);
});

test('every piece of speech counts once', () => {
  const windows = new LiveWindows();
  const all = [...windows.due(span(1300)), ...windows.due(span(3100)), ...windows.rest(span(3500))];
  const covered = all.reduce((sum, { samples }) => sum + samples, 0);
  expect(ms(covered)).toBe(3500);
});

test('hops are longer where the machine is full', () => {
  const windows = new LiveWindows();
  expect(windows.due(span(5000), 4).map(shown)).toEqual([
    [0, 800],
    [1300, 2800],
    [3300, 4800],
  ]);
});

test('speech that ends early is one window, however short; a small rest is none', () => {
  expect(new LiveWindows().rest(span(330)).map(shown)).toEqual([[30, 330]]);
  const windows = new LiveWindows();
  windows.due(span(800));
  expect(windows.rest(span(800 + LIVE_WINDOW_PLAN.leastRestMs - 1))).toEqual([]);
});
