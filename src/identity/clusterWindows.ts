import type { SampleSpan } from '../core/audioFrame.js';
import { msOfSamples } from '../core/time.js';
import { averageLinkage } from './averageLinkage.js';
import { stickyPath } from './stickyPath.js';

/** How alike windows of one voice and of two are in one recording, for one model: mean cosines. */
export interface WindowLikeness {
  readonly same: number;
  readonly different: number;
}

/** Embeddings of windows and where they lie; see VoicesInput. */
export interface Windows {
  readonly dimensions: number;
  readonly embeddings: Float32Array;
  readonly windows: readonly SampleSpan[];
  /** Index of the stretch of speech that each window lies in. */
  readonly stretchOf: Int32Array;
}

/** Voices found in a recording. */
export interface ClusteredWindows {
  /** Voice of each window, shape (windows,). */
  readonly labels: Int32Array;
  /** Unit-norm mean of each voice's windows, row-major, shape (voices, dimensions). */
  readonly centroids: Float32Array<ArrayBuffer>;
  readonly voices: number;
}

/** Values found on conversations made from training speakers (scripts/accuracy/dialogues.mjs). */
export interface ClusterTuning {
  /** Where between different (0) and same (1) likeness clustering stops. */
  readonly stop: number;
  /** Shorter windows are too vague to found a voice. */
  readonly foundingMs: number;
  /** Windows of less speech than this in all are given to the others. */
  readonly leastVoiceMs: number;
  /** Cost of a change of voice inside a stretch of speech, as a part of same less different likeness. */
  readonly changeInside: number;
  /** The same across a pause. */
  readonly changeAcross: number;
  readonly passes: number;
}

export const CLUSTER_TUNING: ClusterTuning = {
  stop: 0.45,
  foundingMs: 1000,
  leastVoiceMs: 2000,
  changeInside: 0.28,
  changeAcross: 0.14,
  passes: 2,
};

/** Tells voices apart: average linkage over the longer windows, then every window along the likeliest path. */
export function clusterWindows(input: Windows, likeness: WindowLikeness, tuning = CLUSTER_TUNING): ClusteredWindows {
  const spread = likeness.same - likeness.different;
  const founding = foundingWindows(input, tuning.foundingMs);
  const labels = averageLinkage(rowsOf(input, founding), likeness.different + tuning.stop * spread);
  let found = centroidsOf(input, founding, labels, tuning.leastVoiceMs);
  const changeCost = changeCosts(input, tuning, spread);
  let path: Int32Array = new Int32Array(input.windows.length);
  const everyWindow = Int32Array.from(input.windows, (_, i) => i);
  for (let pass = 0; pass < tuning.passes; pass += 1) {
    path = stickyPath({
      windows: input.windows.length,
      voices: found.voices,
      likeness: likenessTo(input, found.centroids),
      changeCost,
    });
    found = centroidsOf(input, everyWindow, path, 0);
    path = found.labels;
  }
  return { ...found, labels: path };
}

/** Windows long enough to found a voice; all of them where none is. */
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

/**
 * Unit means of the windows that share a label, longer windows counting more; voices of less than `leastMs` in all are
 * left out (their windows get label -1), unless none is longer. Labels are numbered anew.
 */
function centroidsOf(input: Windows, rows: Int32Array, labels: Int32Array, leastMs: number): ClusteredWindows {
  const { dimensions, embeddings, windows } = input;
  const heardMs = new Map<number, number>();
  rows.forEach((row, i) => {
    const { startSample, endSample } = windows[row]!;
    heardMs.set(labels[i]!, (heardMs.get(labels[i]!) ?? 0) + msOfSamples(endSample - startSample));
  });
  // Windows overlap by half, so that their lengths add up to about twice the speech.
  const longEnough = [...heardMs].filter(([, ms]) => ms / 2 >= leastMs).map(([label]) => label);
  const longest = [...heardMs].sort((a, b) => b[1] - a[1])[0];
  const kept = longEnough.length > 0 ? longEnough : longest ? [longest[0]] : [];
  const numberOf = new Map(kept.map((label, number) => [label, number]));
  const centroids = new Float32Array(kept.length * dimensions);
  const renumbered = labels.map((label) => numberOf.get(label) ?? -1);
  rows.forEach((row, i) => {
    const voice = renumbered[i]!;
    if (voice < 0) return;
    const { startSample, endSample } = windows[row]!;
    const weight = endSample - startSample;
    for (let k = 0; k < dimensions; k += 1) {
      centroids[voice * dimensions + k]! += weight * embeddings[row * dimensions + k]!;
    }
  });
  for (let voice = 0; voice < kept.length; voice += 1) {
    normalise(centroids.subarray(voice * dimensions, (voice + 1) * dimensions));
  }
  return { labels: renumbered, centroids, voices: kept.length };
}

function normalise(vector: Float32Array): void {
  let sum = 0;
  for (const value of vector) sum += value * value;
  const scale = sum > 0 ? 1 / Math.sqrt(sum) : 0;
  for (let i = 0; i < vector.length; i += 1) vector[i]! *= scale;
}

/** Cosine of every window to every centroid, row-major, shape (windows, voices). */
export function likenessTo({ dimensions, embeddings, windows }: Windows, centroids: Float32Array): Float32Array {
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

function changeCosts({ windows, stretchOf }: Windows, tuning: ClusterTuning, spread: number): Float32Array {
  return Float32Array.from(windows, (_, i) => {
    const isInside = i > 0 && stretchOf[i] === stretchOf[i - 1];
    return spread * (isInside ? tuning.changeInside : tuning.changeAcross);
  });
}
