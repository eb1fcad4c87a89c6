import { msOfSamples } from '../core/time.js';
import { centroid, dot } from '../core/vector.js';
import type { HeardSpeech } from './speechOf.js';

/** The likeliest way to split a sample between two people. */
export interface SecondVoice {
  /** Likeness of the two parts' mean embeddings; low where they are two people. */
  readonly cosine: number;
  /** Speech in the smaller part. */
  readonly leastSpeechMs: number;
}

/** Shorter windows are too vague to tell voices apart. */
const LEAST_WINDOW_MS = 400;
/** A part of less speech than this is a laugh, a shout or a cough as well as a second person. */
const LEAST_PART_MS = 1_500;
const REFINEMENTS = 5;
/** Places tried for a change of voice, evenly spread; refining finds what lies between. */
const MOST_CHANGES = 32;

/** Pieces of a voice: windows of a sample, or stretches of live speech. */
export interface VoicePieces {
  /** Unit norm, each of shape (d,). */
  readonly embeddings: readonly Float32Array[];
  /** Speech that each stands for: windows overlap, so their lengths add up to more. */
  readonly speechMs: readonly number[];
}

/**
 * Splits the windows of a sample in two in every way that one change of voice could, and, for people taking turns, by
 * the two least alike windows; each split is refined by giving windows to the part they sound like. The least alike
 * split is the evidence; who judges it must know that it is the worst of many.
 * Undefined where there is too little speech for two parts.
 */
export const secondVoice = (heard: HeardSpeech): SecondVoice | undefined => splitVoice(windowsOf(heard));

/** The same of pieces of any kind. */
export function splitVoice(windows: VoicePieces): SecondVoice | undefined {
  let worst: SecondVoice | undefined;
  const consider = (isSecond: readonly boolean[]) => {
    const split = likenessOf(windows, isSecond);
    if (split && (!worst || split.cosine < worst.cosine)) worst = split;
  };
  for (const start of firstGuesses(windows)) {
    consider(start);
    consider(refined(windows, start));
  }
  return worst;
}

function windowsOf({ windows, embeddings, dimensions, speech }: HeardSpeech): VoicePieces {
  const lengths = windows.map(({ startSample, endSample }) => msOfSamples(endSample - startSample));
  const stretchOf = windows.map(({ startSample, endSample }) =>
    speech.findIndex((span) => span.startSample <= startSample && endSample <= span.endSample),
  );
  const windowsIn = new Map<number, number>();
  for (const stretch of stretchOf) windowsIn.set(stretch, (windowsIn.get(stretch) ?? 0) + 1);
  const long = windows.flatMap((_, i) => (lengths[i]! >= LEAST_WINDOW_MS ? [i] : []));
  return {
    embeddings: long.map((i) => embeddings.subarray(i * dimensions, (i + 1) * dimensions)),
    speechMs: long.map((i) => {
      const { startSample, endSample } = speech[stretchOf[i]!] ?? windows[i]!;
      return msOfSamples(endSample - startSample) / windowsIn.get(stretchOf[i]!)!;
    }),
  };
}

/** One change of voice at each place, and turns around the two least alike windows. */
function firstGuesses({ embeddings }: VoicePieces): boolean[][] {
  const step = Math.max(1, Math.ceil(embeddings.length / MOST_CHANGES));
  const guesses: boolean[][] = [];
  for (let change = step; change < embeddings.length; change += step)
    guesses.push(embeddings.map((_, i) => i >= change));
  let [a, b, least] = [0, 0, Number.POSITIVE_INFINITY];
  for (let i = 0; i < embeddings.length; i += 1) {
    for (let j = i + 1; j < embeddings.length; j += 1) {
      const cosine = dot(embeddings[i]!, embeddings[j]!);
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

function likenessOf(windows: VoicePieces, isSecond: readonly boolean[]): SecondVoice | undefined {
  const secondMs = windows.speechMs.reduce((sum, ms, i) => sum + (isSecond[i] ? ms : 0), 0);
  const firstMs = windows.speechMs.reduce((sum, ms) => sum + ms, 0) - secondMs;
  const leastSpeechMs = Math.min(firstMs, secondMs);
  if (leastSpeechMs < LEAST_PART_MS) return undefined;
  const parts = meansOf(windows, isSecond);
  return parts && { cosine: dot(parts.first, parts.second), leastSpeechMs };
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
