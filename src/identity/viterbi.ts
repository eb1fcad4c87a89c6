/** Similarity of each window to each voice, and the cost of a change of voice before each window. */
export interface ViterbiInput {
  readonly windows: number;
  readonly voices: number;
  /** Row-major, shape (windows, voices); higher is more likely. */
  readonly similarity: Float32Array;
  /** Cost of another voice than in the previous window, in units of `similarity`, shape (windows,). */
  readonly changeCost: Float32Array;
}

/** The most likely voice of each window, shape (windows,): the Viterbi algorithm with one cost for every change. */
export function viterbi({ windows, voices, similarity, changeCost }: ViterbiInput): Int32Array {
  const path = new Int32Array(windows);
  if (windows === 0) return path;
  const from = new Int32Array(windows * voices);
  let total = new Float64Array(voices);
  for (let window = 0; window < windows; window += 1) {
    const best = highestIn(total);
    const change = total[best]! - (window > 0 ? changeCost[window]! : 0);
    const next = new Float64Array(voices);
    for (let voice = 0; voice < voices; voice += 1) {
      const stays = total[voice]! >= change;
      from[window * voices + voice] = stays ? voice : best;
      next[voice] = similarity[window * voices + voice]! + (stays ? total[voice]! : change);
    }
    total = next;
  }
  path[windows - 1] = highestIn(total);
  for (let window = windows - 1; window > 0; window -= 1) path[window - 1] = from[window * voices + path[window]!]!;
  return path;
}

function highestIn(values: Float64Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i += 1) if (values[i]! > values[best]!) best = i;
  return best;
}
