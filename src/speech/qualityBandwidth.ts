import { BAND_HZ, BANDS, type QualityFrames, quantile } from './qualityFrames.js';

/** Speech comes and goes, noise stays: loud moments of a band that carries speech lie this far above its quiet ones. */
const LEAST_MODULATION = 10 ** 0.8; // 8 dB; stationary noise reaches about 5 dB
/** Weaker than this beside the strongest band is leakage or a codec's residue. */
const LEAST_RELATIVE = 10 ** -6; // -60 dB
const LOUD_SHARE = 0.95;
const QUIET_SHARE = 0.1;

/** Upper edge of the highest two neighbouring bands of 250 Hz that carry speech; 0 without speech. */
export function bandwidthHz({ speechBands }: QualityFrames): number {
  const frames = speechBands.length / BANDS;
  if (frames === 0) return 0;
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
    loud[band]! > strongest * LEAST_RELATIVE && loud[band]! > quiet[band]! * LEAST_MODULATION;
  for (let band = BANDS - 1; band > 0; band -= 1) {
    if (carries(band) && carries(band - 1)) return (band + 1) * BAND_HZ;
  }
  return carries(0) ? BAND_HZ : 0;
}
