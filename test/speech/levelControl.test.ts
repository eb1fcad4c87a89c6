import { expect, test } from 'vitest';
import { LevelControl } from '../../src/speech/levelControl.js';

const tone = (amplitude: number) =>
  Float32Array.from({ length: 16_000 }, (_, i) => amplitude * Math.sin((2 * Math.PI * 200 * i) / 16_000));
const peakOf = (samples: Float32Array) => samples.reduce((peak, sample) => Math.max(peak, Math.abs(sample)), 0);

function leveled(level: LevelControl, amplitude: number): number {
  const samples = tone(amplitude);
  level.apply(samples);
  return peakOf(samples);
}

test('speech of usual level is left as it is', () => {
  expect(leveled(new LevelControl(), 0.5)).toBeCloseTo(0.5, 6);
  expect(leveled(new LevelControl(), 0.08)).toBeCloseTo(0.08, 6);
});

test('speech from -60 dBFS up is brought to a usual level, quieter sound by no more than 50 dB', () => {
  expect(leveled(new LevelControl(), 0.001)).toBeCloseTo(0.0707, 3);
  expect(leveled(new LevelControl(), 0.00001)).toBeCloseTo(0.00316, 4);
  expect(leveled(new LevelControl(), 0)).toBe(0);
});

test('a pause after speech is not brought to the level of speech', () => {
  const level = new LevelControl();
  expect(leveled(level, 0.02)).toBeCloseTo(0.0707, 3);
  expect(leveled(level, 0.0002)).toBeLessThan(0.002);
});
