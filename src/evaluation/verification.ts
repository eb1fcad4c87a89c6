import { cllr, eerPercent, minCllr, minDcf, type Trials } from './detectionMetrics.js';

/** One utterance as a vector. */
export interface EmbeddedUtterance {
  readonly speaker: string;
  readonly session: string | undefined;
  /** Unit norm, shape (d,). */
  readonly embedding: Float32Array;
  readonly speechSeconds: number;
}

/** Output of `eval verify`. `cllr` is null for an uncalibrated model. */
export interface VerificationResult {
  readonly utterances: number;
  readonly speakers: number;
  readonly targets: number;
  readonly nontargets: number;
  readonly eerPercent: number;
  readonly minDcf01: number;
  readonly minDcf001: number;
  readonly cllr: number | null;
  readonly minCllr: number;
}

/** Converts the cosine of two utterances to a log likelihood ratio. */
export type Calibrate = (cosine: number, a: EmbeddedUtterance, b: EmbeddedUtterance) => number;

/**
 * All pairs of utterances. Two of one person count as a target only across sessions, where sessions are given; pairs
 * of one person within one session are omitted. Both kinds of pair must occur.
 */
export function verify(
  utterances: readonly EmbeddedUtterance[],
  calibrate: Calibrate | undefined,
): VerificationResult | undefined {
  const cosines = allPairs(utterances, (cosine) => cosine);
  const { targets, nontargets } = cosines;
  if (targets.length === 0 || nontargets.length === 0) return undefined;
  return {
    utterances: utterances.length,
    speakers: new Set(utterances.map(({ speaker }) => speaker)).size,
    targets: targets.length,
    nontargets: nontargets.length,
    eerPercent: eerPercent(cosines),
    minDcf01: minDcf(cosines, 0.01),
    minDcf001: minDcf(cosines, 0.001),
    cllr: calibrate ? cllr(allPairs(utterances, calibrate)) : null,
    minCllr: minCllr(cosines),
  };
}

function allPairs(utterances: readonly EmbeddedUtterance[], scoreOf: Calibrate): Trials {
  const pairs = (utterances.length * (utterances.length - 1)) / 2;
  const targets = new Float64Array(pairs);
  const nontargets = new Float64Array(pairs);
  let target = 0;
  let nontarget = 0;
  utterances.forEach((a, i) => {
    for (let j = i + 1; j < utterances.length; j += 1) {
      const b = utterances[j]!;
      const isSame = a.speaker === b.speaker;
      if (isSame && a.session !== undefined && a.session === b.session) continue;
      let cosine = 0;
      for (let k = 0; k < a.embedding.length; k += 1) cosine += a.embedding[k]! * b.embedding[k]!;
      const score = scoreOf(cosine, a, b);
      if (isSame) targets[target++] = score;
      else nontargets[nontarget++] = score;
    }
  });
  return { targets: targets.slice(0, target), nontargets: nontargets.slice(0, nontarget) };
}
