import type { CalibrationParameters } from '../core/calibration.js';
import type { FalseAcceptPercent } from '../core/identification.js';

/** Beyond this much speech more of it says nothing new. */
const MAX_SECONDS = 30;
const MIN_SECONDS = 0.5;

/** What is known of a comparison besides the cosine. */
export interface Comparison {
  readonly cosine: number;
  /** Speech behind the probe. */
  readonly speechSeconds: number;
  /** True where either side is telephone audio. */
  readonly isNarrowBand: boolean;
  /** True where both are. */
  readonly isNarrowBandBoth?: boolean;
  /** Dot product of the probe with the calibration's mean voice; 0 where there is none. */
  readonly probeTypicality?: number;
  /** The same of the voiceprint. */
  readonly voiceTypicality?: number;
}

/** How much of the mean voice there is in an embedding; 0 where the calibration has no mean voice. */
export function typicality(embedding: Float32Array, { meanVoice }: CalibrationParameters): number {
  if (meanVoice?.length !== embedding.length) return 0;
  let sum = 0;
  for (let i = 0; i < embedding.length; i += 1) sum += embedding[i]! * meanVoice[i]!;
  return sum;
}

/** Natural-log likelihood ratio that two sides of a comparison are one person. */
export function llrOf(comparison: Comparison, parameters: CalibrationParameters): number {
  const {
    cosine,
    speechSeconds,
    isNarrowBand,
    isNarrowBandBoth,
    probeTypicality = 0,
    voiceTypicality = 0,
  } = comparison;
  const logSeconds = Math.log(Math.min(Math.max(speechSeconds, MIN_SECONDS), MAX_SECONDS));
  return (
    parameters.offset +
    parameters.cosine * cosine +
    parameters.logSeconds * logSeconds +
    parameters.cosineLogSeconds * cosine * logSeconds +
    (isNarrowBand ? parameters.narrowBand : 0) +
    (isNarrowBandBoth ? (parameters.narrowBandBoth ?? 0) : 0) +
    (parameters.probeTypicality ?? 0) * probeTypicality +
    (parameters.voiceTypicality ?? 0) * voiceTypicality
  );
}

/** Gallery of the presets where the calibration does not say. */
const DEFAULT_GALLERY = 10;

/**
 * The llr a best-of-gallery score must reach. The presets are measured with `gallerySize` people; the chance that the
 * best of more people passes grows with their number, and so the threshold with its logarithm.
 */
export function acceptLlr(parameters: CalibrationParameters, percent: FalseAcceptPercent, gallery: number): number {
  const { falseAcceptLlr, gallerySize = DEFAULT_GALLERY } = parameters;
  return falseAcceptLlr[`${percent}`] + Math.log(Math.max(1, gallery) / gallerySize);
}

/**
 * The same as a score: what `decide` makes of that llr where nobody else is near. The more people, the lower each one's
 * share of the prior and the higher the llr: the score is one for all galleries.
 */
export function acceptScore(parameters: CalibrationParameters, percent: FalseAcceptPercent): number {
  const { falseAcceptLlr, gallerySize = DEFAULT_GALLERY } = parameters;
  return 1 / (1 + gallerySize * Math.exp(-falseAcceptLlr[`${percent}`]));
}

/**
 * For a model nobody has calibrated: cosines of speaker networks mostly lie near .1 between people and .6 within one.
 * A guess, and answers say so (warning MODEL_UNCALIBRATED).
 */
export const UNCALIBRATED: CalibrationParameters = {
  offset: -5.3,
  cosine: 13.7,
  logSeconds: 0,
  cosineLogSeconds: 0,
  narrowBand: 0,
  falseAcceptLlr: { '0.1': 4, '1': 2, '5': 0.5 },
  source: 'not calibrated: a guess from models of this kind',
};
