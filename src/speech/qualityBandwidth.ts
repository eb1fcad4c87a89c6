import { BAND_HZ, BANDS, type QualityFrames, quantile } from './qualityFrames.js';

/** Speech varies, noise is steady: loud moments of a band that carries speech are this far above its quiet ones. */
const LEAST_MODULATION = 10 ** 0.8; // 8 dB; stationary noise reaches about 5 dB
/**
 * Weaker than this beside the strongest band is leakage or a codec's residue: 8 kHz telephone audio that went through
 * Opus at 16 kHz holds -42 dB at 4 kHz and -63 dB from 5 kHz on, read speech -35 dB at 5 and -45 dB at 7 kHz.
 */
const LEAST_RELATIVE = 10 ** -4.5; // -45 dB
/** Steady noise this strong hides speech: the band may still carry some. */
const HIDING_NOISE = 10 ** -4; // -40 dB
const LOUD_SHARE = 0.95;
const QUIET_SHARE = 0.1;

/** Speech that is measured at a time, at least: 1.6 s of frames, which say as much as a whole recording. */
const PIECE_FRAMES = 100;

/**
 * Upper edge of the highest two neighbouring bands of 250 Hz that carry speech or may hide it in noise; 0 without speech. The
 * median of pieces of two seconds or more: a tone or a slammed door says nothing of the line, and neither does a muffled word.
 */
export function bandwidthHz({ speechBands }: QualityFrames): number {
  const frames = speechBands.length / BANDS;
  if (frames === 0) return 0;
  const fitting = Math.max(1, Math.floor(frames / PIECE_FRAMES));
  const pieces = fitting % 2 === 0 ? fitting - 1 : fitting; // odd, so that most of them decide
  const edges = Array.from({ length: pieces }, (_, piece) => {
    const [from, to] = [piece, piece + 1].map((i) => Math.round((i * frames) / pieces) * BANDS);
    return edgeHz(speechBands.subarray(from, to));
  });
  return edges.sort((a, b) => a - b)[Math.floor(edges.length / 2)]!;
}

function edgeHz(speechBands: Float32Array): number {
  const frames = speechBands.length / BANDS;
  const loud: number[] = [];
  const quiet: number[] = [];
  for (let band = 0; band < BANDS; band += 1) {
    const powers = Float32Array.from({ length: frames }, (_, frame) => speechBands[frame * BANDS + band]!);
    loud.push(quantile(powers, LOUD_SHARE));
    quiet.push(quantile(powers, QUIET_SHARE));
  }
  const strongest = Math.max(...loud);
  if (strongest <= 0) return 0;
  const carries = (band: number): boolean =>
    quiet[band]! > strongest * HIDING_NOISE ||
    (loud[band]! > strongest * LEAST_RELATIVE && loud[band]! > quiet[band]! * LEAST_MODULATION);
  for (let band = BANDS - 1; band > 0; band -= 1) {
    if (carries(band) && carries(band - 1)) return (band + 1) * BAND_HZ;
  }
  return carries(0) ? BAND_HZ : 0;
}
