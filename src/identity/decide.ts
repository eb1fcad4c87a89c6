import type { CalibrationParameters } from '../core/calibration.js';
import type { Decision, FalseAcceptPercent } from '../core/identification.js';
import { acceptScore, logShare } from './calibration.js';
import type { Ranking } from './gallery/ranking.js';
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
  readonly speakerId: string | null;
  readonly decision: Decision;
  readonly score: number;
  readonly margin: number;
  readonly cosine: number | null;
  readonly candidates: readonly ResolvedCandidate[];
}

export interface DecisionOptions {
  readonly calibration: CalibrationParameters;
  readonly falseAcceptPercent: FalseAcceptPercent;
}

/**
 * Scores are posterior probabilities: everybody enrolled has the same share of the prior (see logShare), the rest is a
 * stranger's. The scores of all candidates add up to one less the stranger's share. A name is certain from one score on,
 * however many people are enrolled, and only where nobody else is near.
 *
 * @param ranking among everybody enrolled
 * @param taken whom the voice was taken for, undefined for nobody
 */
export function decide(ranking: Ranking, taken: VoiceComparison | undefined, options: DecisionOptions): Verdict {
  const scores = posteriors(ranking.near, options.calibration, ranking);
  const candidates = ranking.near.map(({ voice, cosine }, i) => ({ speakerId: voice.id, score: scores[i]!, cosine }));
  return verdictOf(candidates, taken?.voice.id, options);
}

/**
 * What scores say of a voice.
 *
 * @param candidates of everybody enrolled at least the four likeliest; the first is who it would be if anybody
 * @param taken whom the voice was taken for, undefined for nobody
 */
export function verdictOf(
  candidates: readonly ResolvedCandidate[],
  taken: string | undefined,
  { calibration, falseAcceptPercent }: DecisionOptions,
): Verdict {
  const one = candidates.find(({ speakerId }) => speakerId === taken) ?? candidates[0];
  const score = one?.score ?? 0;
  const runnerUp = candidates.reduce((best, other) => (other === one ? best : Math.max(best, other.score)), 0);
  const margin = Math.max(0, score - runnerUp);
  const isSure = taken !== undefined && score >= acceptScore(calibration, falseAcceptPercent) && margin >= LEAST_MARGIN;
  return {
    speakerId: taken ?? null,
    decision: taken === undefined ? 'unknown' : isSure ? 'identified' : 'uncertain',
    score,
    margin,
    cosine: one?.cosine ?? null,
    candidates: [...candidates].sort((a, b) => b.score - a.score).slice(0, SHOWN_CANDIDATES),
  };
}

/** The score of a voice that is as likely one of so many people as a stranger's: from there on a name is worth a guess. */
export function uncertainScore(people: number, calibration: CalibrationParameters): number {
  return 1 / (1 + Math.exp(-UNCERTAIN_LLR - logShare(people, calibration)));
}

/** Chance of each comparison to be right, in the order given; `everybody` says what those who are not among them weigh. */
export function posteriors(
  comparisons: readonly { readonly llr: number }[],
  calibration: CalibrationParameters,
  everybody: Pick<Ranking, 'people' | 'farWeight'> = { people: comparisons.length, farWeight: 0 },
): number[] {
  return posteriorsOf(comparisons, calibration, everybody).scores;
}

/** The same, and the chance that it is nobody enrolled. */
export function posteriorsOf(
  comparisons: readonly { readonly llr: number }[],
  calibration: CalibrationParameters,
  { people, farWeight }: Pick<Ranking, 'people' | 'farWeight'>,
): { readonly scores: number[]; readonly stranger: number } {
  const share = Math.log(ENROLLED_PRIOR) + logShare(people, calibration);
  const stranger = Math.log(1 - ENROLLED_PRIOR);
  const highest = comparisons.reduce((most, { llr }) => Math.max(most, llr + share), stranger);
  const weights = comparisons.map(({ llr }) => Math.exp(llr + share - highest));
  const strangers = Math.exp(stranger - highest);
  const total = weights.reduce((sum, weight) => sum + weight, strangers + farWeight * Math.exp(share - highest));
  return { scores: weights.map((weight) => weight / total), stranger: strangers / total };
}
