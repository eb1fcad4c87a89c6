import { dot } from '../../core/vector.js';
import type { WindowLikeness } from '../clusterWindows.js';
import type { HeardVoice } from '../matchVoices.js';

/** Weight of the usual cosines, as a number of pairs of windows. */
const USUAL_PAIRS = 10;
/** Pairs that are remembered: those of the last few minutes. */
const MOST_PAIRS = 120;

/**
 * How alike windows of one voice are in this very stream: those that follow each other without a pause mostly are of
 * one. A room or a line makes all voices more alike; what is between two voices shrinks with what is within one.
 */
export class LikenessHere {
  readonly #usual: WindowLikeness;
  readonly #cosines: number[] = [];
  #here: WindowLikeness;

  constructor(usual: WindowLikeness) {
    this.#usual = usual;
    this.#here = usual;
  }

  get here(): WindowLikeness {
    return this.#here;
  }

  /** @param cosine of two windows that do not overlap, in one stretch of speech */
  add(cosine: number): void {
    this.#cosines.push(cosine);
    if (this.#cosines.length > MOST_PAIRS) this.#cosines.shift();
    const pairs = this.#cosines.length;
    const median = this.#cosines.slice().sort((a, b) => a - b)[pairs >> 1]!;
    const { same: usual, different } = this.#usual;
    const same = (USUAL_PAIRS * usual + pairs * Math.max(median, usual)) / (USUAL_PAIRS + pairs);
    this.#here = { same, different: same - ((usual - different) / (1 - usual)) * (1 - same) };
  }
}

/** Length of the windows that a calibration's likeness was measured on. */
const WINDOW_SECONDS = 1.5;
/** Less speech than this tells no less: it is repeated to fill the network's window. */
const LEAST_SECONDS = 0.3;

/**
 * How alike two heard voices are, whatever the length of each: 0 where they are as alike as two people usually are,
 * 1 as one person usually is. A mean over much speech is nearer to everything of its voice than a short piece is; with
 * one variance within a voice, the expected cosine of means over a and b windows is likeness / √(v(a) v(b)),
 * v(n) = same + (1 - same) / n.
 */
export function positionOf(a: HeardVoice, b: HeardVoice, { same, different }: WindowLikeness): number {
  const variance = ({ speechSeconds }: HeardVoice) =>
    same + ((1 - same) * WINDOW_SECONDS) / Math.max(LEAST_SECONDS, speechSeconds);
  const likeness = dot(a.centroid, b.centroid) * Math.sqrt(variance(a) * variance(b));
  return (likeness - different) / (same - different);
}
