import { dot } from '../../core/vector.js';
import type { WindowSimilarity } from '../clusterWindows.js';
import type { PooledVoice } from '../matchVoices.js';

/** Weight of the usual cosines, as a number of pairs of windows. */
const USUAL_PAIRS = 10;
/** Pairs that are remembered: those of the last few minutes. */
const MOST_PAIRS = 120;

/**
 * Usual similarity of windows of one voice and of two voices, adapted to this stream. Windows that follow each other without
 * a pause are mostly of one voice; where they are more similar than usual, as in a room or on a telephone line, windows of
 * two voices are taken to be more similar too.
 */
export class StreamSimilarity {
  readonly #usual: WindowSimilarity;
  readonly #cosines: number[] = [];
  #current: WindowSimilarity;

  constructor(usual: WindowSimilarity) {
    this.#usual = usual;
    this.#current = usual;
  }

  get current(): WindowSimilarity {
    return this.#current;
  }

  /** What `add` was given, as far as it is remembered; the oldest first. */
  get cosines(): readonly number[] {
    return this.#cosines;
  }

  /** @param cosine of two windows that do not overlap, in one segment of speech */
  add(cosine: number): void {
    this.#cosines.push(cosine);
    if (this.#cosines.length > MOST_PAIRS) this.#cosines.shift();
    const pairs = this.#cosines.length;
    const median = this.#cosines.slice().sort((a, b) => a - b)[pairs >> 1]!;
    const { same: usual, different } = this.#usual;
    const same = (USUAL_PAIRS * usual + pairs * Math.max(median, usual)) / (USUAL_PAIRS + pairs);
    this.#current = { same, different: same - ((usual - different) / (1 - usual)) * (1 - same) };
  }
}

/** Length of the windows with which the similarities of a calibration were measured. */
const WINDOW_SECONDS = 1.5;
/** Shorter speech counts as this much: it is repeated to fill the network's window. */
const LEAST_SECONDS = 0.3;

/**
 * Similarity of two voices, corrected for their amounts of speech: 0 as two people usually have, 1 as one person has.
 * The mean of much speech is closer to any speech of that voice than that of little speech; with
 * one variance within a voice, the expected cosine of means over a and b windows is similarity / √(v(a) v(b)),
 * v(n) = same + (1 - same) / n.
 */
export function relativeSimilarity(a: PooledVoice, b: PooledVoice, { same, different }: WindowSimilarity): number {
  const variance = ({ speechSeconds }: PooledVoice) =>
    same + ((1 - same) * WINDOW_SECONDS) / Math.max(LEAST_SECONDS, speechSeconds);
  const similarity = dot(a.centroid, b.centroid) * Math.sqrt(variance(a) * variance(b));
  return (similarity - different) / (same - different);
}
