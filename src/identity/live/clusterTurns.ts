import type { Steps } from '../../core/steps.js';
import type { WindowSimilarity } from '../clusterWindows.js';
import type { PooledVoice } from '../matchVoices.js';
import { vbx } from '../vbx.js';
import { relativeSimilarity } from './voiceSimilarity.js';

/** A turn, or what is left of a voice's earlier ones, that is clustered with the others. */
export interface LinkedTurn {
  readonly pooled: PooledVoice;
  /** Probability that it is a person's, for those it may be. */
  readonly people: ReadonlyMap<string, number>;
  /** Probability that it is nobody's who is enrolled. */
  readonly stranger: number;
}

/** How turns are clustered anew, with similarities of `relativeSimilarity`. Tuned on conversations of other seeds than those that are reported. */
export const LINK_TUNING = {
  /** Linking stops where no two groups are more similar than this; it leaves too many groups. */
  stop: 0.8,
  /** Similarity added where the voiceprints say that two turns are one person's, and subtracted where they say they are not. */
  support: 0.4,
  /** See VbxTuning. */
  evidence: 0.6,
  parsimony: 1,
  iterations: 10,
  /** Pseudo-count of the mean voice, which estimates what the room or the line adds to every voice: with few turns it is close to zero. */
  centring: 4,
  /** Turns of so much speech count fully. */
  fullSeconds: 6,
};

/**
 * Clusters turns as recordings are clustered: linking finds too many voices, and a Bayesian model of all turns removes those
 * without enough evidence.
 *
 * @param similarity of windows of one voice and of two in this stream
 * @param usual the same as usual for the speaker model
 * @returns voice of each turn; numbers need not be consecutive
 */
export function* clusterTurns(
  turns: readonly LinkedTurn[],
  { similarity, usual }: { readonly similarity: WindowSimilarity; readonly usual: WindowSimilarity },
): Steps<Int32Array> {
  const labels = yield* linkTurns(turns, similarity);
  const voices = 1 + labels.reduce((highest, label) => Math.max(highest, label), -1);
  if (voices < 2) return labels;
  const dimensions = turns[0]!.pooled.centroid.length;
  const embeddings = new Float32Array(turns.length * dimensions);
  turns.forEach(({ pooled }, row) => {
    embeddings.set(pooled.centroid, row * dimensions);
  });
  const input = {
    dimensions,
    embeddings: centredOn(embeddings, dimensions, LINK_TUNING.centring),
    weights: Float32Array.from(turns, ({ pooled }) => Math.min(1, pooled.speechSeconds / LINK_TUNING.fullSeconds)),
    stay: new Float32Array(turns.length), // turns may follow each other in any order
    ...{ labels, voices },
  };
  return vbx(input, usual, LINK_TUNING);
}

/**
 * Agglomerative clustering with average linkage on the similarity of turns, weighted by speech.
 *
 * @returns group of each turn, numbered in order of appearance, shape (turns,)
 */
function* linkTurns(turns: readonly LinkedTurn[], similarity: WindowSimilarity): Steps<Int32Array> {
  const count = turns.length;
  const near: Float64Array[] = [];
  for (const a of turns) {
    near.push(Float64Array.from(turns, (b) => (a === b ? NEVER : nearness(a, b, similarity))));
    yield;
  }
  const weights = Float64Array.from(turns, ({ pooled }) => pooled.speechSeconds);
  const owner = Int32Array.from(turns.keys());
  const open = new Set(turns.keys());
  for (;;) {
    yield;
    let [kept, gone] = [-1, -1];
    let highest = LINK_TUNING.stop;
    for (const a of open) {
      for (const b of open) {
        if (a < b && near[a]![b]! >= highest) [kept, gone, highest] = [a, b, near[a]![b]!];
      }
    }
    if (kept < 0) break;
    open.delete(gone);
    const [one, other] = [weights[kept]!, weights[gone]!];
    weights[kept] = one + other;
    for (const row of open) {
      if (row === kept) continue;
      const mean = (one * near[kept]![row]! + other * near[gone]![row]!) / (one + other);
      near[kept]![row] = mean;
      near[row]![kept] = mean;
    }
    for (let i = 0; i < count; i += 1) if (owner[i] === gone) owner[i] = kept;
  }
  const numbers = [...new Set(owner)];
  return owner.map((one) => numbers.indexOf(one));
}

const NEVER = Number.NEGATIVE_INFINITY;

function nearness(a: LinkedTurn, b: LinkedTurn, similarity: WindowSimilarity): number {
  let agreement = a.stranger * b.stranger;
  for (const [id, share] of a.people) agreement += share * (b.people.get(id) ?? 0);
  return relativeSimilarity(a.pooled, b.pooled, similarity) + LINK_TUNING.support * (agreement - 0.5);
}

function centredOn(embeddings: Float32Array, dimensions: number, others: number): Float32Array {
  const rows = embeddings.length / dimensions;
  const mean = new Float64Array(dimensions);
  for (let i = 0; i < embeddings.length; i += 1) mean[i % dimensions]! += embeddings[i]! / (rows + others);
  return embeddings.map((value, i) => value - mean[i % dimensions]!);
}
