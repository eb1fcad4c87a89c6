import { type QualityFrames, quantile } from './qualityFrames.js';
import { decibels, SILENCE_DB } from './qualityLevel.js';

/** Beyond this noise is inaudible and cannot be estimated. */
const MAX_SNR_DB = 60;
/** The noise is estimated only from at least half a second of pauses. */
const LEAST_PAUSE_FRAMES = 30;
/** Below this a pause is not a room but a gate, an edit or a codec's silence, without information about the noise under the speech. */
const SILENT_PAUSE_POWER = 1e-9;
/** Speech dips into the noise this often: stops, short pauses that belong to the speech. */
const DIP_SHARE = 0.05;

/**
 * Speech power over noise power in decibels, 0 … 60. The noise is the median pause; with hardly any pauses, or silent
 * ones, the dips within the speech, which overstate it a little for clean speech without a pause.
 */
export function snrDb({ speechPower, pausePower }: QualityFrames): number {
  if (speechPower.length === 0) return 0;
  const mean = speechPower.reduce((sum, power) => sum + power, 0) / speechPower.length;
  if (decibels(mean) <= SILENCE_DB) return 0;
  const audible = pausePower.filter((power) => power > SILENT_PAUSE_POWER);
  const dips = quantile(speechPower, DIP_SHARE);
  const noise = audible.length >= LEAST_PAUSE_FRAMES ? quantile(audible, 0.5) : dips;
  if (noise <= 0) return MAX_SNR_DB;
  const ratio = (mean - noise) / noise;
  return Math.min(MAX_SNR_DB, Math.max(0, decibels(ratio)));
}
