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
}

/** Natural-log likelihood ratio that two sides of a comparison are one person. */
export function llrOf({ cosine, speechSeconds, isNarrowBand }: Comparison, parameters: CalibrationParameters): number {
  const logSeconds = Math.log(Math.min(Math.max(speechSeconds, MIN_SECONDS), MAX_SECONDS));
  return (
    parameters.offset +
    parameters.cosine * cosine +
    parameters.logSeconds * logSeconds +
    parameters.cosineLogSeconds * cosine * logSeconds +
    (isNarrowBand ? parameters.narrowBand : 0)
  );
}

/**
 * The llr a best-of-gallery score must reach. The presets are measured with `galleryOf` people; the chance that the
 * best of more people passes grows with their number, so the threshold does with its logarithm.
 */
export function acceptLlr(parameters: CalibrationParameters, percent: FalseAcceptPercent): number {
  return parameters.falseAcceptLlr[`${percent}`];
}

/** Probability that belongs to a log likelihood ratio when, without hearing anything, one would say `prior`. */
export function probabilityOf(llr: number, prior: number): number {
  return 1 / (1 + Math.exp(-(llr + Math.log(prior / (1 - prior)))));
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
