import type { CalibrationParameters } from '../core/calibration.js';
import type { FalseAcceptPercent } from '../core/identification.js';

/** Default for the seconds beyond which more speech adds no information. */
const MOST_SECONDS = 30;
const LEAST_SECONDS = 0.5;

/** Input of the calibration for one comparison. */
export interface Comparison {
  /** Centred, where the calibration asks for it (see CentredGallery). */
  readonly cosine: number;
  /** Speech behind the probe. */
  readonly speechSeconds: number;
  /** Speech behind the voiceprint. */
  readonly voiceSeconds: number;
  /** Uncertainty of the common component of the voices of this source, 0..1; 1 with no other person enrolled. */
  readonly alone: number;
  /** True where either side is telephone audio. */
  readonly isNarrowBand: boolean;
  /** True where both are. */
  readonly isNarrowBandBoth: boolean;
}

/** Natural logarithm of the seconds of speech that count. */
export function logSecondsOf(seconds: number, { mostSeconds = MOST_SECONDS }: CalibrationParameters): number {
  return Math.log(Math.min(Math.max(seconds, LEAST_SECONDS), mostSeconds));
}

/** Natural-log likelihood ratio that two sides of a comparison are one person. */
export function llrOf(comparison: Comparison, parameters: CalibrationParameters): number {
  const { cosine, voiceSeconds, isNarrowBand, isNarrowBandBoth } = comparison;
  const { offset, slope, voiceOffset, voiceSlope } = llrLine(comparison, parameters);
  const logVoice = logSecondsOf(voiceSeconds, parameters);
  return (
    offset +
    voiceOffset * logVoice +
    cosine * (slope + voiceSlope * logVoice) +
    narrowBandLlr({ isNarrowBand, isNarrowBandBoth }, parameters)
  );
}

/** The llr as a line over the cosine, whose terms depend on the logarithm of the voiceprint's seconds. */
export interface LlrLine {
  readonly offset: number;
  readonly slope: number;
  /** For each unit of the voiceprint's `logSecondsOf`. */
  readonly voiceOffset: number;
  readonly voiceSlope: number;
}

/** What is the same for comparisons of one probe with many voiceprints. */
export function llrLine(
  { speechSeconds, alone }: Pick<Comparison, 'speechSeconds' | 'alone'>,
  parameters: CalibrationParameters,
): LlrLine {
  const logProbe = logSecondsOf(speechSeconds, parameters);
  return {
    offset: parameters.offset + parameters.logSeconds * logProbe + (parameters.alone ?? 0) * alone,
    slope: parameters.cosine + parameters.cosineLogSeconds * logProbe + (parameters.cosineAlone ?? 0) * alone,
    voiceOffset: parameters.voiceLogSeconds ?? 0,
    voiceSlope: parameters.cosineVoiceLogSeconds ?? 0,
  };
}

/** The part of the llr that telephone audio adds. */
export const narrowBandLlr = (
  { isNarrowBand, isNarrowBandBoth }: Pick<Comparison, 'isNarrowBand' | 'isNarrowBandBoth'>,
  parameters: CalibrationParameters,
): number => (isNarrowBand ? parameters.narrowBand : 0) + (isNarrowBandBoth ? (parameters.narrowBandBoth ?? 0) : 0);

/** Default gallery size of the presets. */
const DEFAULT_GALLERY = 10;

/** People in the largest galleries that `gallerySlope` is measured with. */
const LARGEST_MEASURED = 40;

/**
 * The share of the prior that each of so many people enrolled has, as a natural logarithm. Beyond what was measured it
 * falls as if all of them were independent.
 */
export function logShare(people: number, { gallerySlope = 1 }: CalibrationParameters): number {
  const measured = Math.min(Math.max(1, people), LARGEST_MEASURED);
  return -gallerySlope * Math.log(measured) - Math.log(Math.max(1, people / LARGEST_MEASURED));
}

/**
 * The llr a best-of-gallery score must reach. The presets are measured with `gallerySize` people; the chance that the
 * best of more people passes grows with their number, and so the threshold with its logarithm.
 */
export function acceptLlr(parameters: CalibrationParameters, percent: FalseAcceptPercent, gallery: number): number {
  const { falseAcceptLlr, gallerySize = DEFAULT_GALLERY } = parameters;
  return falseAcceptLlr[`${percent}`] + logShare(gallerySize, parameters) - logShare(gallery, parameters);
}

/**
 * The same as a score: the result of `decide` for that llr if no other candidate is near. The more people, the lower each one's
 * share of the prior and the higher the llr: the score is one for all galleries.
 */
export function acceptScore(parameters: CalibrationParameters, percent: FalseAcceptPercent): number {
  const { falseAcceptLlr, gallerySize = DEFAULT_GALLERY } = parameters;
  return 1 / (1 + Math.exp(-falseAcceptLlr[`${percent}`] - logShare(gallerySize, parameters)));
}

/**
 * For an uncalibrated model: cosines of speaker networks are mostly near .1 between people and .6 within one. The presets are
 * careful: strangers pass no more often than promised, and fewer people are found (figures in BENCHMARKS.md, "Models that
 * are not calibrated"). Answers report it (warning MODEL_UNCALIBRATED).
 */
export const UNCALIBRATED: CalibrationParameters = {
  offset: -5.3,
  cosine: 13.7,
  logSeconds: 0,
  cosineLogSeconds: 0,
  narrowBand: 0,
  narrowBandBoth: -1,
  falseAcceptLlr: { '0.1': 6, '1': 4.5, '5': 3.2 },
  source: 'not calibrated: a careful guess from models of this kind',
};
