import type { SampleSpan } from '../core/audioFrame.js';
import { RealFft } from '../core/realFft.js';

/** 32-ms frames every 16 ms. */
const FRAME = 512;
const SHIFT = 256;
/** Eight FFT bins. */
export const BAND_HZ = 250;
export const BANDS = 32;
const BINS_PER_BAND = 8;

/** Energies over time and frequency, separately with and without speech. */
export interface QualityFrames {
  /** Mean power of each speech frame, shape (frames,). */
  readonly speechPower: Float32Array;
  /** Mean power of each frame that holds no speech at all. */
  readonly pausePower: Float32Array;
  /** Power in 32 bands of 250 Hz of the speech frames, shape (frames, 32). */
  readonly speechBands: Float32Array;
}

/** Cuts a recording into Hann-windowed frames; those across a border of speech are omitted. */
export function analyseFrames(samples: Float32Array, speech: readonly SampleSpan[]): QualityFrames {
  const fft = new RealFft(FRAME);
  const hann = Float64Array.from({ length: FRAME }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * (i + 0.5)) / FRAME));
  const spectrum = new Float64Array(FRAME / 2 + 1);
  const speechPower: number[] = [];
  const pausePower: number[] = [];
  const speechBands: number[] = [];
  for (const start of framesIn(speech)) {
    const mean = meanOf(samples, start);
    for (let i = 0; i < FRAME; i += 1) fft.input[i] = (samples[start + i]! - mean) * hann[i]!;
    fft.powerSpectrum(spectrum);
    speechPower.push(powerOf(samples, start));
    for (let band = 0; band < BANDS; band += 1) {
      let sum = 0;
      for (let bin = 0; bin < BINS_PER_BAND; bin += 1) sum += spectrum[band * BINS_PER_BAND + bin]!;
      speechBands.push(sum);
    }
  }
  for (const start of framesIn(pausesBetween(speech, samples.length))) pausePower.push(powerOf(samples, start));
  return {
    speechPower: Float32Array.from(speechPower),
    pausePower: Float32Array.from(pausePower),
    speechBands: Float32Array.from(speechBands),
  };
}

function* framesIn(spans: readonly SampleSpan[]): Generator<number> {
  for (const { startSample, endSample } of spans) {
    for (let start = startSample; start + FRAME <= endSample; start += SHIFT) yield start;
  }
}

function pausesBetween(speech: readonly SampleSpan[], length: number): SampleSpan[] {
  const starts = [0, ...speech.map(({ endSample }) => endSample)];
  const ends = [...speech.map(({ startSample }) => startSample), length];
  return starts.map((startSample, i) => ({ startSample, endSample: ends[i]! }));
}

/** A converter's constant offset; the window would spread it over the lowest bands, beside which all others seem empty. */
function meanOf(samples: Float32Array, start: number): number {
  let sum = 0;
  for (let i = start; i < start + FRAME; i += 1) sum += samples[i]!;
  return sum / FRAME;
}

/** Power without the mean: a converter's constant offset is not audible noise. */
function powerOf(samples: Float32Array, start: number): number {
  let sum = 0;
  let squares = 0;
  for (let i = start; i < start + FRAME; i += 1) {
    sum += samples[i]!;
    squares += samples[i]! ** 2;
  }
  return Math.max(0, squares / FRAME - (sum / FRAME) ** 2);
}

/** The value that `share` of the values do not exceed; 0 for none. */
export function quantile(values: Float32Array, share: number): number {
  if (values.length === 0) return 0;
  const sorted = values.slice().sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
}
