import type { SampleSpan } from '../core/audioFrame.js';

/** Level of digital silence. */
export const SILENCE_DB = -100;

/** Speech whose peaks stay below this is hardly detected, or lost in the quantization of 16 bits. */
export const FAINT_DB = -45;

/** Mean power of the spans in decibels below full scale; SILENCE_DB where there is none. */
export function rmsDb(samples: Float32Array, spans: readonly SampleSpan[]): number {
  let power = 0;
  let count = 0;
  for (const { startSample, endSample } of spans) {
    for (let i = startSample; i < endSample; i += 1) power += samples[i]! ** 2;
    count += endSample - startSample;
  }
  return decibels(power / Math.max(1, count));
}

/** Mean of all samples: the constant offset (DC) that some sound cards add; 0 for none. */
export function dcOffset(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample;
  return sum / Math.max(1, samples.length);
}

/** Highest amplitude in decibels below full scale, a constant offset left out; SILENCE_DB for none. */
export function peakDb(samples: Float32Array, offset: number): number {
  let peak = 0;
  for (const sample of samples) peak = Math.max(peak, Math.abs(sample - offset));
  return decibels(peak ** 2);
}

/** Power to decibels, never below SILENCE_DB. */
export const decibels = (power: number): number =>
  power > 0 ? Math.max(SILENCE_DB, 10 * Math.log10(power)) : SILENCE_DB;

/** A recording whose peak stays below this was not clipped by an analogue-to-digital converter or a gain stage we could see. */
const LEAST_CLIP_PEAK = 0.25;
/** Flat tops are at least this many samples in a row this close to the peak: a wave that is not clipped only touches it. */
const LEAST_RUN = 3;
const NEAR_PEAK = 0.995;

/**
 * Share of the samples in `spans` in flat tops. Looks at the recording's own peak in each direction, so that
 * clipping is seen also where the level was changed afterwards.
 */
export function clippedShare(samples: Float32Array, spans: readonly SampleSpan[]): number {
  let high = 0;
  let low = 0;
  let count = 0;
  for (const { startSample, endSample } of spans) {
    for (let i = startSample; i < endSample; i += 1) {
      high = Math.max(high, samples[i]!);
      low = Math.min(low, samples[i]!);
    }
    count += endSample - startSample;
  }
  const clipped = flatSamples(samples, spans, high, 1) + flatSamples(samples, spans, -low, -1);
  return clipped / Math.max(1, count);
}

function flatSamples(samples: Float32Array, spans: readonly SampleSpan[], peak: number, sign: 1 | -1): number {
  if (peak < LEAST_CLIP_PEAK) return 0;
  const threshold = peak * NEAR_PEAK;
  let flat = 0;
  for (const { startSample, endSample } of spans) {
    let run = 0;
    for (let i = startSample; i <= endSample; i += 1) {
      if (i < endSample && sign * samples[i]! >= threshold) run += 1;
      else {
        if (run >= LEAST_RUN) flat += run;
        run = 0;
      }
    }
  }
  return flat;
}
