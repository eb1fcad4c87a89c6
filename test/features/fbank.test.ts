import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Fbank, type FbankOptions, frameCount } from '../../src/features/fbank.js';

interface GoldenCase {
  readonly name: string;
  readonly window: 'povey' | 'hamming';
  readonly low: number;
  readonly high: number;
  readonly snip: boolean;
  readonly scale: number;
  readonly count: number;
  readonly frames: readonly number[];
  readonly values: readonly (readonly number[])[];
}

const golden: { readonly length: number; readonly cases: readonly GoldenCase[] } = JSON.parse(
  readFileSync(new URL('../fixtures/fbank/golden.json', import.meta.url), 'utf8'),
);

/**
 * Natural log units. The reference works in float32, we in float64: the largest difference seen is .00027, in a band at
 * the foot of a strong tone, where float32 rounding is not small beside the band itself.
 */
const TOLERANCE = 5e-4;

/** The signal of makeFbank.py, sample for sample. */
function goldenSignal(length: number): Float32Array {
  const samples = new Float32Array(length);
  let state = 1;
  for (let i = 0; i < length; i += 1) {
    state = (Math.imul(1664525, state) + 1013904223) >>> 0;
    const noise = state / 2 ** 31 - 1;
    const t = i / 16_000;
    const chirp = 0.3 * Math.sin(2 * Math.PI * (200 + 3000 * t) * t);
    const tone = 0.05 * Math.sin(2 * Math.PI * 5500 * t);
    if (i < 8000) samples[i] = chirp + tone + 0.01 * noise;
    else if (i >= 9600) samples[i] = 0.0001 * noise;
  }
  return samples;
}

const optionsOf = (row: GoldenCase): FbankOptions => ({
  melBands: 80,
  windowType: row.window,
  lowFrequencyHz: row.low,
  highFrequencyHz: row.high,
  isSnippingEdges: row.snip,
  amplitudeScale: row.scale,
});

test.each(golden.cases)('log-mel of $name equals kaldi-native-fbank', (row) => {
  const features = new Fbank(optionsOf(row)).compute(goldenSignal(golden.length));
  expect(features.length).toBe(row.count * 80);
  let largest = 0;
  row.frames.forEach((frame, at) => {
    row.values[at]!.forEach((value, band) => {
      largest = Math.max(largest, Math.abs(features[frame * 80 + band]! - value));
    });
  });
  expect(largest).toBeLessThan(TOLERANCE);
});

test('digital silence is the log floor in every band, never minus infinity', () => {
  const features = new Fbank(optionsOf(golden.cases[0]!)).compute(new Float32Array(1600));
  expect(new Set(features)).toEqual(new Set([Math.fround(Math.log(1.1920928955078125e-7))]));
});

test('a range of frames equals the same rows of the whole', () => {
  const samples = goldenSignal(golden.length);
  for (const row of golden.cases) {
    const fbank = new Fbank(optionsOf(row));
    const whole = fbank.compute(samples);
    expect(fbank.compute(samples, 7, 31)).toEqual(whole.slice(7 * 80, 31 * 80));
  }
});

test.each([
  { samples: 399, snip: true, frames: 0 },
  { samples: 400, snip: true, frames: 1 },
  { samples: 559, snip: true, frames: 1 },
  { samples: 560, snip: true, frames: 2 },
  { samples: 79, snip: false, frames: 0 },
  { samples: 80, snip: false, frames: 1 },
  { samples: 240, snip: false, frames: 2 },
  { samples: 16_000, snip: false, frames: 100 },
])('$samples samples, snip_edges $snip: $frames frames', ({ samples, snip, frames }) => {
  expect(frameCount(samples, snip)).toBe(frames);
  const row = golden.cases.find((candidate) => candidate.snip === snip)!;
  expect(new Fbank(optionsOf(row)).compute(new Float32Array(samples)).length).toBe(frames * 80);
});

test('what was computed before does not show', () => {
  const samples = goldenSignal(golden.length);
  for (const row of golden.cases) {
    const fbank = new Fbank(optionsOf(row));
    fbank.compute(samples.map((value) => 3 * value));
    const part = samples.subarray(0, 3_000);
    expect(fbank.compute(part)).toEqual(new Fbank(optionsOf(row)).compute(part));
  }
});
