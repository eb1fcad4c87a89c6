/** What the model assumes of the embeddings of a speaker network. */
export interface VoiceModel {
  /** Mean cosine of two windows of one voice in one recording, and of two voices. */
  readonly same: number;
  readonly different: number;
}

export interface VbxTuning {
  /** How much one window counts: below 1, as neighbouring windows share sound (Fa of the paper). */
  readonly evidence: number;
  /** How much evidence a voice needs to be kept (Fb of the paper). */
  readonly parsimony: number;
  readonly iterations: number;
}

export interface VbxInput {
  readonly dimensions: number;
  /** Unit norm, row-major, shape (windows, dimensions). */
  readonly embeddings: Float32Array;
  /** Weight of each window relative to a full one, 0..1, shape (windows,). */
  readonly weights: Float32Array;
  /** Probability that the voice of the previous window continues, shape (windows,). */
  readonly stay: Float32Array;
  /** Initial voice of each window, shape (windows,). */
  readonly labels: Int32Array;
  readonly voices: number;
}

/** Voices with less than this share of all turns are dropped. */
const LEAST_SHARE = 1e-3;

/**
 * Bayesian HMM over the windows of a recording: voices are Gaussians whose means have a Gaussian prior, so that a voice
 * without enough evidence is dropped. Starts from too many voices and returns the voice of each window.
 *
 * F. Landini et al., "Bayesian HMM clustering of x-vector sequences (VBx)", 2022, eq. 16–25, with one variance within
 * and one between voices instead of a trained PLDA.
 */
export function vbx(input: VbxInput, model: VoiceModel, tuning: VbxTuning): Int32Array {
  const { labels, voices } = input;
  const windows = labels.length;
  const posterior = new Float64Array(windows * voices);
  for (let t = 0; t < windows; t += 1) {
    for (let s = 0; s < voices; s += 1)
      posterior[t * voices + s] = labels[t] === s ? 0.9 : 0.1 / Math.max(1, voices - 1);
  }
  let shares = new Float64Array(voices).fill(1 / voices);
  for (let i = 0; i < tuning.iterations; i += 1) {
    const likelihood = logLikelihoods(input, posterior, { model, tuning, shares });
    shares = forwardBackward(input, likelihood, shares, posterior);
  }
  return Int32Array.from({ length: windows }, (_, t) => {
    let best = 0;
    for (let s = 1; s < voices; s += 1) if (posterior[t * voices + s]! > posterior[t * voices + best]!) best = s;
    return best;
  });
}

/** Expected log likelihood of each window under each voice, up to a constant per window, shape (windows, voices). */
function logLikelihoods(
  { dimensions, embeddings, weights, voices }: VbxInput,
  posterior: Float64Array,
  { model, tuning, shares }: { model: VoiceModel; tuning: VbxTuning; shares: Float64Array },
): Float64Array {
  const windows = weights.length;
  // Unit vectors of one voice scatter with a total variance of 1 - same, their means with same - different.
  const within = (1 - model.same) / dimensions;
  const ratio = (model.same - model.different) / (1 - model.same);
  const scale = ratio / within; // ρ·ρ' of the paper = ratio × x·x' / within
  const out = new Float64Array(windows * voices).fill(Number.NEGATIVE_INFINITY);
  const sum = new Float64Array(dimensions);
  for (let s = 0; s < voices; s += 1) {
    if (shares[s] === 0) continue; // dropped
    sum.fill(0);
    let count = 0;
    for (let t = 0; t < windows; t += 1) {
      const share = posterior[t * voices + s]! * weights[t]!;
      if (share < 1e-6) continue;
      count += share;
      for (let k = 0; k < dimensions; k += 1) sum[k]! += share * embeddings[t * dimensions + k]!;
    }
    const trust = tuning.evidence / tuning.parsimony;
    const variance = 1 / (1 + trust * count * ratio);
    let norm = 0;
    for (let k = 0; k < dimensions; k += 1) norm += sum[k]! * sum[k]!;
    // |α|² of the paper is (trust × variance)² × scale × |sum|²
    const penalty = 0.5 * ratio * (dimensions * variance + (trust * variance) ** 2 * scale * norm);
    for (let t = 0; t < windows; t += 1) {
      let dot = 0;
      for (let k = 0; k < dimensions; k += 1) dot += sum[k]! * embeddings[t * dimensions + k]!;
      out[t * voices + s] = tuning.evidence * weights[t]! * (trust * variance * scale * dot - penalty);
    }
  }
  return out;
}

/** Posteriors of the voices, written over the old ones; returns each voice's share of the turn starts. */
function forwardBackward(
  { stay, voices }: VbxInput,
  logLikelihood: Float64Array,
  shares: Float64Array,
  posterior: Float64Array,
): Float64Array<ArrayBuffer> {
  const windows = stay.length;
  const likelihood = new Float64Array(logLikelihood.length);
  const forward = new Float64Array(logLikelihood.length);
  const norms = new Float64Array(windows);
  for (let t = 0; t < windows; t += 1) {
    const row = t * voices;
    let highest = Number.NEGATIVE_INFINITY;
    for (let s = 0; s < voices; s += 1) highest = Math.max(highest, logLikelihood[row + s]!);
    for (let s = 0; s < voices; s += 1) {
      likelihood[row + s] = Math.exp(logLikelihood[row + s]! - highest);
      const prior = t === 0 ? shares[s]! : stay[t]! * forward[row - voices + s]! + (1 - stay[t]!) * shares[s]!;
      forward[row + s] = prior * likelihood[row + s]!;
      norms[t]! += forward[row + s]!;
    }
    for (let s = 0; s < voices; s += 1) forward[row + s]! /= norms[t]! || 1;
  }
  let backward = new Float64Array(voices).fill(1);
  const begun = new Float64Array(voices);
  for (let t = windows - 1; t >= 0; t -= 1) {
    const row = t * voices;
    const before = new Float64Array(voices);
    let jump = 0;
    for (let s = 0; s < voices; s += 1) {
      posterior[row + s] = forward[row + s]! * backward[s]!;
      const seen = (likelihood[row + s]! * backward[s]!) / (norms[t]! || 1);
      const entry = (t === 0 ? 1 : 1 - stay[t]!) * shares[s]! * seen;
      begun[s]! += entry;
      jump += entry;
      before[s] = stay[t]! * seen;
    }
    for (let s = 0; s < voices; s += 1) before[s]! += jump;
    backward = before;
  }
  const total = begun.reduce((sum, value) => sum + value, 0) || 1;
  return begun.map((value) => (value / total < LEAST_SHARE ? 0 : value / total));
}
