import type { Trials } from './detectionMetrics.js';

/** A point of a curve. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/**
 * Misses (y) over false alarms (x), both 0..1, as the threshold rises through the scores: one point per distinct score,
 * thinned to about `most` points.
 */
export function detPoints({ targets, nontargets }: Trials, most = 400): Point[] {
  const own = targets.toSorted();
  const others = nontargets.toSorted();
  const scores = Float64Array.from(new Set([...own, ...others])).sort();
  const step = Math.max(1, Math.floor(scores.length / most));
  const points: Point[] = [];
  let missed = 0;
  let rejected = 0;
  scores.forEach((score, i) => {
    while (missed < own.length && own[missed]! < score) missed += 1;
    while (rejected < others.length && others[rejected]! < score) rejected += 1;
    // The ends are rare events: all of their points are kept.
    const isEnd = missed < most / 4 || others.length - rejected < most / 4;
    if (isEnd || i % step === 0) points.push({ x: 1 - rejected / others.length, y: missed / own.length });
  });
  return points;
}

/** Proportion of the values in each of `bins` equal bins from `from` to `to`; values outside count in the outermost bins. */
export function histogram(values: Float64Array, from: number, to: number, bins: number): Float64Array {
  const shares = new Float64Array(bins);
  for (const value of values) {
    const bin = Math.floor(((value - from) / (to - from)) * bins);
    shares[Math.min(bins - 1, Math.max(0, bin))]! += 1 / values.length;
  }
  return shares;
}

/**
 * Claimed probability (x) against observed proportion (y), in `bins` equal bins of the claim, for trials scored with
 * natural-log likelihood ratios; both kinds of trial have half the weight. Bins of fewer trials than `least` are omitted.
 */
export function reliability({ targets, nontargets }: Trials, least = 1, bins = 10): Point[] {
  const counts = new Float64Array(bins);
  const claimed = new Float64Array(bins);
  const weight = new Float64Array(bins);
  const came = new Float64Array(bins);
  const add = (llrs: Float64Array, isTarget: boolean) => {
    for (const llr of llrs) {
      const probability = 1 / (1 + Math.exp(-llr));
      const bin = Math.min(bins - 1, Math.floor(probability * bins));
      counts[bin]! += 1;
      claimed[bin]! += probability / llrs.length;
      weight[bin]! += 1 / llrs.length;
      if (isTarget) came[bin]! += 1 / llrs.length;
    }
  };
  add(targets, true);
  add(nontargets, false);
  return Array.from(weight, (all, bin) => ({ all, x: claimed[bin]! / all, y: came[bin]! / all }))
    .filter((_, bin) => counts[bin]! >= least)
    .map(({ x, y }) => ({ x, y }));
}
