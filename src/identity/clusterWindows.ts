import type { SampleSpan } from '../core/audioFrame.js';
import { msOfSamples } from '../core/time.js';
import { dot } from '../core/vector.js';
import { averageLinkage } from './averageLinkage.js';
import { vbx } from './vbx.js';
import { viterbi } from './viterbi.js';

/** Mean cosines of two windows of one voice and of different voices in one recording, for one model. */
export interface WindowSimilarity {
  readonly same: number;
  readonly different: number;
}

/** Embeddings of windows and their positions; see VoicesInput. */
export interface Windows {
  readonly dimensions: number;
  readonly embeddings: Float32Array;
  readonly windows: readonly SampleSpan[];
  /** Index of the segment of speech of each window. */
  readonly segmentOf: Int32Array;
}

/** Voices found in a recording. */
export interface ClusteredWindows {
  /** Voice of each window, shape (windows,). */
  readonly labels: Int32Array;
  /** Unit-norm mean of each voice's windows, row-major, shape (voices, dimensions). */
  readonly centroids: Float32Array<ArrayBuffer>;
  readonly voices: number;
}

/** Maximum number of voices for the second step: it keeps a few numbers for each of them and each window. */
const MAX_VOICES = 40;

/** Parameters of the clustering. */
export interface ClusterTuning {
  /** Threshold of the first clustering, between `different` (0) and `same` (1): high, so that it finds too many voices. */
  readonly stop: number;
  /** Shorter windows are too uncertain to start a voice. */
  readonly foundingMs: number;
  /** See VbxTuning. */
  readonly evidence: number;
  readonly parsimony: number;
  readonly iterations: number;
  /** Probability that a voice continues from one window to the next, inside a segment of speech and across a pause. */
  readonly stayInside: number;
  readonly stayAcross: number;
  /** Cost of a change of voice in the final Viterbi path, as a part of `same` - `different`; inside and across likewise. */
  readonly changeInside: number;
  readonly changeAcross: number;
}

/** Tuned on conversations of other seeds than those that are reported (BENCHMARKS.md). */
export const CLUSTER_TUNING: ClusterTuning = {
  stop: 1.5,
  foundingMs: 1300,
  evidence: 0.05,
  parsimony: 0.25,
  iterations: 15,
  stayInside: 0.7,
  stayAcross: 0.5,
  changeInside: 0.28,
  changeAcross: 0.14,
};

/**
 * Clusters windows in three steps: average linkage over the longer windows finds too many voices; VBx over the whole
 * recording drops those without enough evidence; a Viterbi path assigns every window to a voice.
 */
export function clusterWindows(input: Windows, usual: WindowSimilarity, tuning = CLUSTER_TUNING): ClusteredWindows {
  const similarity = similarityIn(input, usual);
  const spread = similarity.same - similarity.different;
  const founding = foundingWindows(input, tuning.foundingMs);
  const cosine = similarity.different + tuning.stop * spread;
  const labels = averageLinkage(rowsOf(input, founding), { cosine, maxGroups: MAX_VOICES });
  const everyWindow = Int32Array.from(input.windows, (_, i) => i);
  const changeCost = changeCosts(input, similarity, tuning);
  const many = centroidsOf(input, founding, labels);
  const first = pathAlong(input, many, changeCost);
  const longest = input.windows.reduce(
    (most, { startSample, endSample }) => Math.max(most, endSample - startSample),
    1,
  );
  const settled = vbx(
    {
      dimensions: input.dimensions,
      embeddings: centred(input),
      weights: Float32Array.from(input.windows, ({ startSample, endSample }) => (endSample - startSample) / longest),
      stay: Float32Array.from(input.windows, (_, i) => (isInside(input, i) ? tuning.stayInside : tuning.stayAcross)),
      labels: first,
      voices: many.voices,
    },
    similarity,
    tuning,
  );
  const found = centroidsOf(input, everyWindow, settled);
  return centroidsOf(input, everyWindow, pathAlong(input, found, changeCost));
}

/** Starts from other labels (see splitByVoice) and assigns every window to the most likely of these voices again. */
export function relabelled(
  input: Windows,
  labels: Int32Array,
  usual: WindowSimilarity,
  tuning = CLUSTER_TUNING,
): ClusteredWindows {
  const everyWindow = Int32Array.from(input.windows, (_, i) => i);
  const changeCost = changeCosts(input, similarityIn(input, usual), tuning);
  return centroidsOf(input, everyWindow, pathAlong(input, centroidsOf(input, everyWindow, labels), changeCost));
}

const isInside = ({ segmentOf }: Windows, i: number) => i > 0 && segmentOf[i] === segmentOf[i - 1];

function changeCosts(input: Windows, { same, different }: WindowSimilarity, tuning: ClusterTuning): Float32Array {
  return Float32Array.from(
    input.windows,
    (_, i) => (same - different) * (isInside(input, i) ? tuning.changeInside : tuning.changeAcross),
  );
}

/** Weight of the usual cosines, as a number of pairs of windows. */
const USUAL_PAIRS = 10;

/**
 * Estimates the cosines of this recording: windows that follow each other without a pause are mostly of one voice. A room
 * or a line makes all voices more similar.
 */
function similarityIn(
  { dimensions, embeddings, windows, segmentOf }: Windows,
  usual: WindowSimilarity,
): WindowSimilarity {
  const cosines: number[] = [];
  windows.forEach((window, i) => {
    for (let j = i + 1; j < windows.length && segmentOf[j] === segmentOf[i]; j += 1) {
      if (windows[j]!.startSample < window.endSample) continue;
      const at = (row: number) => embeddings.subarray(row * dimensions, (row + 1) * dimensions);
      cosines.push(dot(at(i), at(j)));
      break;
    }
  });
  return similarityFrom(cosines, usual, { usualPairs: USUAL_PAIRS, share: 1 });
}

/** How far the cosines found in one recording change the usual ones. */
export interface SimilarityTuning {
  /** Weight of the usual cosines, as a number of pairs. */
  readonly usualPairs: number;
  /** Part of the difference that is followed. */
  readonly share: number;
}

/**
 * Cosines of one recording, from those of pairs that are mostly of one voice: never less similar than usual. The distance
 * between two voices shrinks with the distances within one.
 */
export function similarityFrom(
  cosines: readonly number[],
  usual: WindowSimilarity,
  { usualPairs, share }: SimilarityTuning,
): WindowSimilarity {
  if (cosines.length === 0) return usual;
  const median = [...cosines].sort((a, b) => a - b)[cosines.length >> 1]!;
  const found =
    (usualPairs * usual.same + cosines.length * Math.max(median, usual.same)) / (usualPairs + cosines.length);
  const same = usual.same + share * (found - usual.same);
  const ratio = (usual.same - usual.different) / (1 - usual.same);
  return { same, different: same - ratio * (1 - same) };
}

/** The embeddings less their mean, which the room and the line add to every voice. */
export function centred({ dimensions, embeddings, windows }: Windows): Float32Array {
  const mean = new Float64Array(dimensions);
  for (let i = 0; i < embeddings.length; i += 1) mean[i % dimensions]! += embeddings[i]! / windows.length;
  return embeddings.map((value, i) => value - mean[i % dimensions]!);
}

function pathAlong(input: Windows, { centroids, voices }: ClusteredWindows, changeCost: Float32Array): Int32Array {
  return viterbi({ windows: input.windows.length, voices, similarity: similaritiesTo(input, centroids), changeCost });
}

/** Windows long enough to start a voice; all of them where none is. */
function foundingWindows({ windows }: Windows, foundingMs: number): Int32Array {
  const long = windows.flatMap((span, i) => (msOfSamples(span.endSample - span.startSample) >= foundingMs ? [i] : []));
  return Int32Array.from(long.length > 0 ? long : windows.keys());
}

function rowsOf({ dimensions, embeddings }: Windows, rows: Int32Array) {
  const sums = new Float32Array(rows.length * dimensions);
  rows.forEach((row, i) => {
    sums.set(embeddings.subarray(row * dimensions, (row + 1) * dimensions), i * dimensions);
  });
  return { dimensions, sums, weights: new Float64Array(rows.length).fill(1) };
}

/** Unit means of the windows that share a label, weighted by length; labels are renumbered in order of appearance. */
export function centroidsOf(
  { dimensions, embeddings, windows }: Windows,
  rows: Int32Array,
  labels: Int32Array,
): ClusteredWindows {
  const numberOf = new Map<number, number>();
  for (const label of labels) if (!numberOf.has(label)) numberOf.set(label, numberOf.size);
  const renumbered = labels.map((label) => numberOf.get(label)!);
  const centroids = new Float32Array(numberOf.size * dimensions);
  rows.forEach((row, i) => {
    const { startSample, endSample } = windows[row]!;
    const at = renumbered[i]! * dimensions;
    for (let k = 0; k < dimensions; k += 1) {
      centroids[at + k]! += (endSample - startSample) * embeddings[row * dimensions + k]!;
    }
  });
  for (let at = 0; at < centroids.length; at += dimensions) normalise(centroids.subarray(at, at + dimensions));
  return { labels: renumbered, centroids, voices: numberOf.size };
}

function normalise(vector: Float32Array): void {
  let sum = 0;
  for (const value of vector) sum += value * value;
  const scale = sum > 0 ? 1 / Math.sqrt(sum) : 0;
  for (let i = 0; i < vector.length; i += 1) vector[i]! *= scale;
}

/** Cosine of every window to every centroid, row-major, shape (windows, voices). */
export function similaritiesTo({ dimensions, embeddings, windows }: Windows, centroids: Float32Array): Float32Array {
  const voices = centroids.length / dimensions;
  const out = new Float32Array(windows.length * voices);
  for (let row = 0; row < windows.length; row += 1) {
    for (let voice = 0; voice < voices; voice += 1) {
      let sum = 0;
      for (let k = 0; k < dimensions; k += 1) {
        sum += embeddings[row * dimensions + k]! * centroids[voice * dimensions + k]!;
      }
      out[row * voices + voice] = sum;
    }
  }
  return out;
}
