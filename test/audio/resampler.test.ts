import { expect, test } from 'vitest';
import { Resampler } from '../../src/audio/samples/resampler.js';
import { isSame } from './glide.js';

const RATES = [4_000, 8_000, 11_025, 22_050, 24_000, 44_100, 48_000, 192_000, 44_099];

function resample(rateHz: number, input: Float32Array, chunk = input.length || 1): Float32Array {
  const resampler = new Resampler(rateHz);
  const pieces: Float32Array[] = [];
  for (let at = 0; at < input.length; at += chunk) pieces.push(...resampler.push(input.subarray(at, at + chunk)));
  pieces.push(resampler.flush());
  const out = new Float32Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}

const sine = (rateHz: number, hz: number, samples = rateHz): Float32Array =>
  Float32Array.from({ length: samples }, (_, i) => Math.sin((2 * Math.PI * hz * i) / rateHz));

/** Level against a full-scale sine, edges left out. */
function decibels(samples: Float32Array): number {
  let power = 0;
  const inner = samples.subarray(2_000, -2_000);
  for (const sample of inner) power += (2 * sample * sample) / inner.length;
  return 10 * Math.log10(power + 1e-20);
}

/** Largest amplitude of the difference, edges left out. */
function largestDifference(a: Float32Array, b: Float32Array): number {
  let largest = 0;
  for (let i = 2_000; i < Math.min(a.length, b.length) - 2_000; i += 1)
    largest = Math.max(largest, Math.abs(a[i]! - b[i]!));
  return largest;
}

test.each(RATES)('%i Hz: the passband is flat within .02 dB, to 85 % of the lower Nyquist frequency', (rateHz) => {
  const nyquistHz = Math.min(rateHz, 16_000) / 2;
  for (const part of [0.02, 0.5, 0.8, 0.85]) {
    expect(Math.abs(decibels(resample(rateHz, sine(rateHz, part * nyquistHz))))).toBeLessThan(0.02);
  }
});

test.each(RATES.filter((rateHz) => rateHz > 17_200))('%i Hz: what would fold back is 70 dB down', (rateHz) => {
  for (const hz of [8_480, 9_500, 15_000, 20_000, 90_000]) {
    if (hz < rateHz / 2) expect(decibels(resample(rateHz, sine(rateHz, hz)))).toBeLessThan(-70);
  }
});

test.each(RATES)('%i Hz: no delay and no images: a sine comes out as the same sine at 16 kHz', (rateHz) => {
  const hz = Math.min(rateHz, 16_000) * 0.31;
  expect(largestDifference(resample(rateHz, sine(rateHz, hz)), sine(16_000, hz))).toBeLessThan(0.001);
});

test.each(RATES)('%i Hz: length is round(n * 16000 / rate)', (rateHz) => {
  for (const n of [0, 1, 2, 441, 16_385]) {
    expect(resample(rateHz, new Float32Array(n)).length).toBe(Math.round((n * 16_000) / rateHz));
  }
});

test.each(RATES)('%i Hz: bit-identical however the input is cut', (rateHz) => {
  const input = sine(rateHz, 997, 17_011);
  const whole = resample(rateHz, input);
  for (const chunk of [1, 160, 16_385]) expect(isSame(resample(rateHz, input, chunk), whole)).toBe(true);
});

test('ten minutes do not drift', () => {
  const resampler = new Resampler(44_100);
  const minute = sine(44_100, 100, 44_100 * 60); // a whole number of periods
  let produced = 0;
  let last = new Float32Array(0);
  for (let minutes = 0; minutes < 10; minutes += 1) {
    for (const piece of resampler.push(minute)) {
      produced += piece.length;
      last = piece;
    }
  }
  const expected = Float32Array.from({ length: last.length }, (_, i) =>
    Math.sin((2 * Math.PI * 100 * (produced - last.length + i)) / 16_000),
  );
  expect(largestDifference(last, expected)).toBeLessThan(0.001);
  expect(produced + resampler.flush().length).toBe(16_000 * 600);
});
