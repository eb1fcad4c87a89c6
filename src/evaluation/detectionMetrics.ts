/** Scores of trials: higher means more likely the same person. */
export interface Trials {
  /** Both sides are the same person. */
  readonly targets: Float64Array;
  readonly nontargets: Float64Array;
}

/** Misses and false alarms at every threshold, from none accepted to all, each 0..1. */
interface ErrorRates {
  readonly miss: Float64Array;
  readonly falseAlarm: Float64Array;
}

/** Equal error rate in percent: the mean of both rates where they are closest. Trials of both kinds are needed. */
export function eerPercent(trials: Trials): number {
  const { miss, falseAlarm } = errorRates(trials);
  let at = 0;
  for (let i = 1; i < miss.length; i += 1) {
    if (Math.abs(miss[i]! - falseAlarm[i]!) < Math.abs(miss[at]! - falseAlarm[at]!)) at = i;
  }
  return 50 * (miss[at]! + falseAlarm[at]!);
}

/**
 * Smallest normalised detection cost, costs of 1 for both errors (NIST SRE plans): 0 is perfect, 1 is no better than
 * always giving the cheaper decision.
 *
 * @param targetPrior 0..1, e.g. .01
 */
export function minDcf(trials: Trials, targetPrior: number): number {
  const { miss, falseAlarm } = errorRates(trials);
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < miss.length; i += 1) {
    least = Math.min(least, miss[i]! * targetPrior + falseAlarm[i]! * (1 - targetPrior));
  }
  return least / Math.min(targetPrior, 1 - targetPrior);
}

/**
 * Cost of the log likelihood ratio in bits, for scores that are natural-log likelihood ratios: 0 is perfect, 1 is
 * uninformative. N. Brümmer and J. du Preez, "Application-independent evaluation of speaker detection", 2006.
 */
export function cllr({ targets, nontargets }: Trials): number {
  const cost = (llrs: Float64Array, sign: number) => {
    let sum = 0;
    for (const llr of llrs) sum += softplus(sign * llr);
    return sum / llrs.length;
  };
  return (cost(targets, -1) + cost(nontargets, 1)) / (2 * Math.LN2);
}

/** The Cllr that the best monotonic calibration of these scores would reach (pool adjacent violators). */
export function minCllr(trials: Trials): number {
  const { scores, isTarget } = sorted(trials);
  const counts = { targets: trials.targets.length, nontargets: trials.nontargets.length };
  let sumTargets = 0;
  let sumNontargets = 0;
  for (const { weight, targets } of pooledBlocks(scores, isTarget)) {
    // llr of the block = ln(targets / nontargets) minus that of all trials; sum of its costs.
    const others = weight - targets;
    const llr = Math.log(targets / others) - Math.log(counts.targets / counts.nontargets);
    if (targets > 0) sumTargets += targets * softplus(-llr);
    if (others > 0) sumNontargets += others * softplus(llr);
  }
  return (sumTargets / counts.targets + sumNontargets / counts.nontargets) / (2 * Math.LN2);
}

/** ln(1 + e^x) without overflow. */
const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

/** All trials by score, lowest first. */
function sorted({ targets, nontargets }: Trials): { scores: Float64Array; isTarget: Uint8Array } {
  const byTarget = targets.toSorted();
  const byNontarget = nontargets.toSorted();
  const count = targets.length + nontargets.length;
  const scores = new Float64Array(count);
  const isTarget = new Uint8Array(count);
  for (let i = 0, t = 0, n = 0; i < count; i += 1) {
    const takesTarget = n >= byNontarget.length || (t < byTarget.length && byTarget[t]! < byNontarget[n]!);
    scores[i] = takesTarget ? byTarget[t]! : byNontarget[n]!;
    isTarget[i] = takesTarget ? 1 : 0;
    if (takesTarget) t += 1;
    else n += 1;
  }
  return { scores, isTarget };
}

/** Rates as the threshold rises past each distinct score. */
function errorRates(trials: Trials): ErrorRates {
  const { scores, isTarget } = sorted(trials);
  const miss: number[] = [0];
  const falseAlarm: number[] = [1];
  let missed = 0;
  let rejected = 0;
  for (let i = 0; i < scores.length; i += 1) {
    if (isTarget[i]) missed += 1;
    else rejected += 1;
    if (scores[i] === scores[i + 1]) continue; // equal scores share one threshold
    miss.push(missed / trials.targets.length);
    falseAlarm.push(1 - rejected / trials.nontargets.length);
  }
  return { miss: Float64Array.from(miss), falseAlarm: Float64Array.from(falseAlarm) };
}

interface Block {
  readonly weight: number;
  readonly targets: number;
}

/** Runs of trials whose share of targets rises from one to the next: isotonic regression. */
function pooledBlocks(scores: Float64Array, isTarget: Uint8Array): Block[] {
  const blocks: Block[] = [];
  for (let i = 0; i < scores.length; ) {
    let next = i;
    let targets = 0;
    for (; next < scores.length && scores[next] === scores[i]; next += 1) targets += isTarget[next]!;
    let block: Block = { weight: next - i, targets };
    i = next;
    for (
      let last = blocks.at(-1);
      last && last.targets * block.weight >= block.targets * last.weight;
      last = blocks.at(-1)
    ) {
      block = { weight: block.weight + last.weight, targets: block.targets + last.targets };
      blocks.pop();
    }
    blocks.push(block);
  }
  return blocks;
}
