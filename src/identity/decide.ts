import type { CalibrationParameters } from '../core/calibration.js';
import type { Decision, FalseAcceptPercent } from '../core/identification.js';
import { acceptScore, logShare } from './calibration.js';
import type { VoiceComparison } from './matchVoices.js';
import type { ResolvedCandidate } from './voices.js';

/** Chance, before anything is heard, that a voice in a recording belongs to somebody enrolled. */
const ENROLLED_PRIOR = 0.5;
/** A name is certain only when its score is this much above the runner-up's. */
const LEAST_MARGIN = 0.2;
/** llr from which a name is worth saying as a guess: as likely as not. */
export const UNCERTAIN_LLR = 0;
const SHOWN_CANDIDATES = 3;

/** What a turn says of its voice. */
export interface Verdict {
  readonly voiceId: string | null;
  readonly decision: Decision;
  readonly score: number;
  readonly margin: number;
  readonly cosine: number | null;
  readonly candidates: readonly ResolvedCandidate[];
}

/**
 * Scores are posterior probabilities: everybody enrolled has the same share of the prior (see logShare), the rest is a
 * stranger's. The scores of all candidates add up to one less the stranger's share. A name is certain from one score on,
 * however many people are enrolled, and only where nobody else is near.
 *
 * @param comparisons with everybody enrolled, best first
 * @param taken whom the voice was taken for, undefined for nobody
 */
export function decide(
  comparisons: readonly VoiceComparison[],
  taken: VoiceComparison | undefined,
  { calibration, falseAcceptPercent }: { calibration: CalibrationParameters; falseAcceptPercent: FalseAcceptPercent },
): Verdict {
  const scores = posteriors(comparisons, calibration);
  const at = Math.max(0, taken ? comparisons.indexOf(taken) : 0);
  const score = scores[at] ?? 0;
  const runnerUp = scores.reduce((best, other, i) => (i === at ? best : Math.max(best, other)), 0);
  const margin = Math.max(0, score - runnerUp);
  const isSure = taken !== undefined && score >= acceptScore(calibration, falseAcceptPercent) && margin >= LEAST_MARGIN;
  return {
    voiceId: taken?.voice.id ?? null,
    decision: taken ? (isSure ? 'identified' : 'uncertain') : 'unknown',
    score,
    margin,
    cosine: comparisons[at]?.cosine ?? null,
    candidates: comparisons
      .map(({ voice, cosine }, i) => ({ voiceId: voice.id, score: scores[i]!, cosine }))
      .sort((a, b) => b.score - a.score)
      .slice(0, SHOWN_CANDIDATES),
  };
}

function posteriors(comparisons: readonly VoiceComparison[], calibration: CalibrationParameters): number[] {
  const share = Math.log(ENROLLED_PRIOR) + logShare(comparisons.length, calibration);
  const stranger = Math.log(1 - ENROLLED_PRIOR);
  const highest = Math.max(stranger, ...comparisons.map(({ llr }) => llr + share));
  const weights = comparisons.map(({ llr }) => Math.exp(llr + share - highest));
  const total = weights.reduce((sum, weight) => sum + weight, Math.exp(stranger - highest));
  return weights.map((weight) => weight / total);
}
