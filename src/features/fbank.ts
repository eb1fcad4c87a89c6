import { RealFft } from '../core/realFft.js';
import { type MelBank, melBank, melEnergies } from './melBank.js';

/** What may differ between the front ends of speaker models; see FrontEnd in src/inference/speakerModel.ts. */
export interface FbankOptions {
  readonly melBands: number;
  readonly windowType: 'povey' | 'hamming';
  readonly lowFrequencyHz: number;
  readonly highFrequencyHz: number;
  /** True drops the last incomplete frame; false centres frames on every 10 ms and mirrors the signal at its ends. */
  readonly isSnippingEdges: boolean;
  /** 32768 where the network was trained on int16 amplitudes, else 1: it determines at what level the logarithm's floor applies. */
  readonly amplitudeScale: number;
}

/** Kaldi's frames: 25 ms every 10 ms at 16 kHz. */
export const FRAME_LENGTH = 400;
export const FRAME_SHIFT = 160;
const FFT_SIZE = 512;
const SAMPLE_RATE_HZ = 16_000;
/** Frames begin and end on multiples of this, with snipped edges (160 i) and without (160 i - 120). */
const SUM_LENGTH = 40;
/** The longest span whose room is kept: windows and pieces are shorter. */
const KEPT_SAMPLES = 3 * SAMPLE_RATE_HZ;
const PRE_EMPHASIS = 0.97; // preemph_coeff, Kaldi feature-window.h
const LOG_FLOOR = 1.1920928955078125e-7; // std::numeric_limits<float>::epsilon(), Kaldi feature-fbank.cc

/** Frames in `samples` samples (Kaldi's NumFrames). */
export function frameCount(samples: number, isSnippingEdges: boolean): number {
  if (!isSnippingEdges) return Math.floor((samples + FRAME_SHIFT / 2) / FRAME_SHIFT);
  return samples < FRAME_LENGTH ? 0 : 1 + Math.floor((samples - FRAME_LENGTH) / FRAME_SHIFT);
}

/**
 * Kaldi-compatible log-mel energies of 16 kHz audio, without dither. Holds its tables and work buffers,
 * so keep one per front end and thread; nothing is allocated per frame.
 *
 * Reference: kaldi-native-fbank 1.23 over test/fixtures/fbank (made by makeFbank.py there); see the test for the tolerance.
 */
export class Fbank {
  readonly options: FbankOptions;
  readonly #fft = new RealFft(FFT_SIZE);
  readonly #power = new Float64Array(FFT_SIZE / 2 + 1);
  readonly #energies: Float64Array;
  readonly #window: Float64Array;
  readonly #bank: MelBank;
  /** For the spans of one call after the other: each would be memory that waits to be collected. */
  readonly #emphasized = new Float64Array(KEPT_SAMPLES);

  constructor(options: FbankOptions) {
    this.options = options;
    this.#window = frameWindow(options.windowType);
    this.#bank = melBank({ ...options, bands: options.melBands, fftSize: FFT_SIZE, sampleRateHz: SAMPLE_RATE_HZ });
    this.#energies = new Float64Array(options.melBands + 2);
    // The scale is folded into the window: power grows by its square, the floor stays where Kaldi has it.
    for (let i = 0; i < FRAME_LENGTH; i += 1) this.#window[i]! *= options.amplitudeScale;
  }

  /**
   * @param samples mono PCM at 16 kHz, amplitudes in [-1, 1], shape (n,)
   * @param firstFrame first frame to compute, default 0
   * @param endFrame frame after the last to compute, default and at most `frameCount(n)`
   * @returns row-major natural log of power, shape (endFrame - firstFrame, melBands); means are not subtracted
   */
  compute(samples: Float32Array, firstFrame = 0, endFrame = Number.POSITIVE_INFINITY): Float32Array<ArrayBuffer> {
    const { melBands, isSnippingEdges } = this.options;
    const end = Math.min(endFrame, frameCount(samples.length, isSnippingEdges));
    const features = new Float32Array(Math.max(0, end - firstFrame) * melBands);
    const lead = isSnippingEdges ? 0 : (FRAME_LENGTH - FRAME_SHIFT) / 2;
    const signal = emphasize(samples, this.#emphasized);
    for (let frame = firstFrame, at = 0; frame < end; frame += 1, at += melBands) {
      const start = frame * FRAME_SHIFT - lead;
      if (start >= 0 && start + FRAME_LENGTH <= samples.length) this.#frame(signal, start, features, at);
      else this.#frame(emphasize(mirrored(samples, start)), 0, features, at);
    }
    return features;
  }

  /** Logs of the frame that begins at `start`, a multiple of SUM_LENGTH. */
  #frame({ samples, emphasized, sums }: EmphasizedSignal, start: number, features: Float32Array, at: number): void {
    const input = this.#fft.input;
    const window = this.#window;
    let sum = 0;
    for (let i = start / SUM_LENGTH; i < (start + FRAME_LENGTH) / SUM_LENGTH; i += 1) sum += sums[i]!;
    // Kaldi subtracts the frame's mean first: (x[i] - m) - .97 (x[i-1] - m) is the emphasized sample less .03 m.
    const offset = ((1 - PRE_EMPHASIS) * sum) / FRAME_LENGTH;
    for (let i = 1; i < FRAME_LENGTH; i += 1) input[i] = (emphasized[start + i]! - offset) * window[i]!;
    // The frame's first sample has no predecessor: Kaldi uses the sample itself.
    input[0] = ((1 - PRE_EMPHASIS) * samples[start]! - offset) * window[0]!;
    this.#fft.powerSpectrum(this.#power);
    melEnergies(this.#bank, this.#power, this.#energies);
    const energies = this.#energies;
    for (let band = 0; band < this.options.melBands; band += 1) {
      features[at + band] = Math.log(Math.max(LOG_FLOOR, energies[band + 1]!));
    }
  }
}

/** A span of audio, prepared once for all its frames. */
interface EmphasizedSignal {
  readonly samples: Float32Array;
  /** x[i] - .97 x[i-1], shape (n,) or longer. */
  readonly emphasized: Float64Array;
  /** Sums of SUM_LENGTH samples each, for the means of frames, shape (floor(n / SUM_LENGTH),). */
  readonly sums: Float64Array;
}

/** @param room written to, if the samples fit into it */
function emphasize(samples: Float32Array, room?: Float64Array): EmphasizedSignal {
  const isRoom = room !== undefined && samples.length <= room.length;
  const emphasized = isRoom ? room : new Float64Array(samples.length);
  let before = 0;
  for (let i = 0; i < samples.length; i += 1) {
    const sample = samples[i]!;
    emphasized[i] = sample - PRE_EMPHASIS * before;
    before = sample;
  }
  const sums = new Float64Array(Math.floor(samples.length / SUM_LENGTH));
  for (let block = 0, i = 0; block < sums.length; block += 1) {
    let sum = 0;
    for (const end = i + SUM_LENGTH; i < end; i += 1) sum += samples[i]!;
    sums[block] = sum;
  }
  return { samples, emphasized, sums };
}

/** Kaldi's edges: the signal is mirrored at both ends, as often as needed (feature-window.cc, ExtractWindow). */
function mirrored(samples: Float32Array, start: number): Float32Array {
  const { length } = samples;
  return Float32Array.from({ length: FRAME_LENGTH }, (_, i) => {
    let at = start + i;
    while (at < 0 || at >= length) at = at < 0 ? -at - 1 : 2 * length - 1 - at;
    return samples[at]!;
  });
}

/** Symmetric windows, shape (400,): povey is a Hann window to the power .85 (Kaldi feature-window.cc). */
function frameWindow(type: FbankOptions['windowType']): Float64Array {
  return Float64Array.from({ length: FRAME_LENGTH }, (_, i) => {
    const cosine = Math.cos((2 * Math.PI * i) / (FRAME_LENGTH - 1));
    return type === 'povey' ? (0.5 - 0.5 * cosine) ** 0.85 : 0.54 - 0.46 * cosine;
  });
}
