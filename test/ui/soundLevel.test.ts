import { expect, test } from 'vitest';
import { SpeechEstimate, soundLevelOf } from '../../src/ui/microphone/soundLevel.js';

/** 100 ms at 48 kHz. */
const block = (amplitude: number) =>
  Int16Array.from({ length: 4_800 }, (_, i) =>
    Math.round(amplitude * 32_767 * Math.sin((2 * Math.PI * 220 * i) / 48_000)),
  );

test('loudness is in dBFS; clipping needs several samples in a row', () => {
  expect(soundLevelOf(block(1)).loudnessDb).toBeCloseTo(-3, 0);
  expect(soundLevelOf(block(0)).loudnessDb).toBe(-100);
  expect(soundLevelOf(block(0.9)).isClipped).toBe(false);
  const cut = block(0.5).fill(32_767, 100, 103);
  expect(soundLevelOf(cut).isClipped).toBe(true);
  const once = block(0.5).fill(32_767, 100, 101);
  expect(soundLevelOf(once).isClipped).toBe(false);
});

test('speech above the room counts, the room does not', () => {
  const estimate = new SpeechEstimate();
  for (let second = 0; second < 4; second += 1) {
    for (let i = 0; i < 5; i += 1) estimate.add(soundLevelOf(block(0.01))); // -43 dBFS: a fan
    for (let i = 0; i < 5; i += 1) estimate.add(soundLevelOf(block(0.2)));
  }
  expect(estimate.seconds).toBe(4);
  expect(estimate.speechSeconds).toBeGreaterThanOrEqual(2);
  expect(estimate.speechSeconds).toBeLessThanOrEqual(2.6); // before the room is known, its first blocks may count
  expect([estimate.isTooQuiet, estimate.isClipped]).toEqual([false, false]);
});

test('three silent seconds are too quiet, and a shout is too loud', () => {
  const silent = new SpeechEstimate();
  for (let i = 0; i < 29; i += 1) silent.add(soundLevelOf(block(0.001)));
  expect(silent.isTooQuiet).toBe(false);
  silent.add(soundLevelOf(block(0.001)));
  expect([silent.isTooQuiet, silent.speechSeconds]).toEqual([true, 0]);
  const loud = new SpeechEstimate();
  for (let i = 0; i < 10; i += 1) loud.add({ loudnessDb: -3, isClipped: true });
  expect(loud.isClipped).toBe(true);
});
