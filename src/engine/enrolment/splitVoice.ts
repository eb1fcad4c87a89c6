import type { SampleSpan } from '../../core/audioFrame.js';
import { centroid, dot } from '../../core/vector.js';

/** The likeliest way to split a sample between two people. */
export interface VoiceSplit {
  /**
   * Mean cosine between the parts, as a share of that within them: near 1 where one person speaks, however noisy the
   * pieces are, and low where they are two people.
   */
  readonly similarity: number;
  /** Speech in the smaller part. */
  readonly leastSpeechMs: number;
  /** The pieces of the smaller part, by number. */
  readonly smaller: readonly number[];
}

const REFINEMENTS = 5;
/** A mean cosine below this does not measure the similarity within a voice. */
const LEAST_WITHIN = 0.05;
/** Places tried for a change of voice, evenly spread; refining finds those between. */
const MOST_CHANGES = 32;

/** Pieces of a voice: windows of a sample, or segments of live speech. */
export interface VoicePieces {
  /** Unit norm, each of shape (d,). */
  readonly embeddings: readonly Float32Array[];
  /** Speech that each represents: windows overlap, so their lengths add up to more. */
  readonly speechMs: readonly number[];
  /** Position of each; the similarity of overlapping ones carries no information about the voice. Undefined: none overlap. */
  readonly spans?: readonly SampleSpan[];
}

/** What every split is judged by, reckoned once. */
interface Similarities {
  /** Cosine of each piece with each, row-major, shape (n, n). */
  readonly cosines: Float32Array;
  /** How much each pair counts: the product of its seconds of speech; 0 where the pieces overlap. Shape (n, n). */
  readonly weights: Float32Array;
}

/**
 * Splits the pieces of a sample in two in every way that one change of voice could, and, for people taking turns, by
 * the two least similar pieces; each split is refined by moving pieces to the more similar part. The least similar
 * split is the evidence; who judges it must know that it is the worst of many.
 * Undefined where there is too little speech for two parts.
 *
 * @param leastPartMs a part of less speech is a laugh, a shout or a cough as well as a second person
 */
export function splitVoice(pieces: VoicePieces, leastPartMs: number): VoiceSplit | undefined {
  const similarities = similaritiesOf(pieces);
  let worst: VoiceSplit | undefined;
  const consider = (isSecond: readonly boolean[]) => {
    const split = judged(pieces, similarities, isSecond);
    if (split && split.leastSpeechMs >= leastPartMs && (!worst || split.similarity < worst.similarity)) worst = split;
  };
  for (const start of firstGuesses(pieces, similarities)) {
    consider(start);
    consider(refined(pieces, start));
  }
  return worst;
}

function similaritiesOf({ embeddings, speechMs, spans }: VoicePieces): Similarities {
  const count = embeddings.length;
  const cosines = new Float32Array(count * count);
  const weights = new Float32Array(count * count);
  for (let i = 0; i < count; i += 1) {
    for (let j = 0; j < i; j += 1) {
      const [a, b] = [spans?.[i], spans?.[j]];
      const doOverlap = a && b && a.startSample < b.endSample && b.startSample < a.endSample;
      const weight = doOverlap ? 0 : (speechMs[i]! * speechMs[j]!) / 1e6;
      cosines[i * count + j] = cosines[j * count + i] = dot(embeddings[i]!, embeddings[j]!);
      weights[i * count + j] = weights[j * count + i] = weight;
    }
  }
  return { cosines, weights };
}

/** One change of voice at each place, and turns around the two least similar windows. */
function firstGuesses({ embeddings }: VoicePieces, { cosines }: Similarities): boolean[][] {
  const count = embeddings.length;
  const step = Math.max(1, Math.ceil(count / MOST_CHANGES));
  const guesses: boolean[][] = [];
  for (let change = step; change < count; change += step) guesses.push(embeddings.map((_, i) => i >= change));
  let [a, b, least] = [0, 0, Number.POSITIVE_INFINITY];
  for (let i = 0; i < count; i += 1) {
    for (let j = i + 1; j < count; j += 1) {
      const cosine = cosines[i * count + j]!;
      if (cosine < least) [a, b, least] = [i, j, cosine];
    }
  }
  if (a !== b) guesses.push(embeddings.map((one) => dot(one, embeddings[b]!) > dot(one, embeddings[a]!)));
  return guesses;
}

/** Two-means on the sphere: every window goes to the part it sounds like, a few times over. */
function refined(windows: VoicePieces, start: readonly boolean[]): readonly boolean[] {
  let isSecond = start;
  for (let i = 0; i < REFINEMENTS; i += 1) {
    const parts = meansOf(windows, isSecond);
    if (!parts) return isSecond;
    isSecond = windows.embeddings.map((one) => dot(one, parts.second) > dot(one, parts.first));
  }
  return isSecond;
}

/** Undefined where a part is empty, or the similarity within a voice is known for neither part. */
function judged(
  { speechMs }: VoicePieces,
  similarities: Similarities,
  isSecond: readonly boolean[],
): VoiceSplit | undefined {
  const secondMs = speechMs.reduce((sum, ms, i) => sum + (isSecond[i] ? ms : 0), 0);
  const firstMs = speechMs.reduce((sum, ms) => sum + ms, 0) - secondMs;
  const leastSpeechMs = Math.min(firstMs, secondMs);
  const [first, second, between] = meanCosines(similarities, isSecond);
  const within = [first, second].filter((mean) => mean !== undefined).map((mean) => Math.max(LEAST_WITHIN, mean));
  if (within.length === 0 || between === undefined) return undefined;
  const geometricMean = within.reduce((product, mean) => product * mean, 1) ** (1 / within.length);
  const isSmaller = secondMs <= firstMs;
  const smaller = isSecond.flatMap((is, i) => (is === isSmaller ? [i] : []));
  return { similarity: between / geometricMean, leastSpeechMs, smaller };
}

/** Mean cosine of the pairs within the first part, within the second, and between them; undefined where there are none. */
function meanCosines({ cosines, weights }: Similarities, isSecond: readonly boolean[]): (number | undefined)[] {
  const count = isSecond.length;
  const sums = [0, 0, 0];
  const totals = [0, 0, 0];
  for (let i = 0; i < count; i += 1) {
    for (let j = 0; j < i; j += 1) {
      const kind = isSecond[i] !== isSecond[j] ? 2 : isSecond[i] ? 1 : 0;
      const weight = weights[i * count + j]!;
      sums[kind]! += weight * cosines[i * count + j]!;
      totals[kind]! += weight;
    }
  }
  return sums.map((sum, kind) => (totals[kind]! > 0 ? sum / totals[kind]! : undefined));
}

/** Undefined where one part is empty. */
function meansOf({ embeddings, speechMs }: VoicePieces, isSecond: readonly boolean[]) {
  const mean = (wanted: boolean) => {
    const rows = embeddings.flatMap((_, i) => (isSecond[i] === wanted ? [i] : []));
    if (rows.length === 0) return undefined;
    return centroid(
      rows.map((i) => embeddings[i]!),
      rows.map((i) => speechMs[i]!),
    );
  };
  const [first, second] = [mean(false), mean(true)];
  return first && second && { first, second };
}
