import { unit } from '../../src/core/vector.js';
import { seededRandom } from '../../src/evaluation/damage.js';

export interface MadeVoicesOptions {
  readonly dimensions: number;
  /** Which voice speaks in each turn. */
  readonly turns: readonly number[];
  readonly windowsEach: number;
  /** Length of the scatter beside the voice's own vector of length 1. */
  readonly spread: number;
}

/** Unit vectors that scatter around one random direction a voice; the same at every run. */
export function madeVoices({ dimensions, turns, windowsEach, spread }: MadeVoicesOptions) {
  const random = seededRandom(5);
  const direction = () => unit(Float32Array.from({ length: dimensions }, () => random() + random() + random() - 1.5));
  const voices = Array.from({ length: Math.max(...turns) + 1 }, direction);
  const truth = turns.flatMap((voice) => new Array<number>(windowsEach).fill(voice));
  const embeddings = truth.map((voice) => {
    const scatter = direction();
    return unit(voices[voice]!.map((value, i) => value + spread * scatter[i]!));
  });
  return { embeddings, truth, voices };
}

/** Rows in one array, as the stages take them. */
export function flat(rows: readonly Float32Array[]): Float32Array<ArrayBuffer> {
  const dimensions = rows[0]?.length ?? 0;
  const out = new Float32Array(rows.length * dimensions);
  rows.forEach((row, i) => {
    out.set(row, i * dimensions);
  });
  return out;
}

export const sumsOf = (rows: readonly Float32Array[], dimensions: number) => ({
  dimensions,
  sums: flat(rows),
  weights: new Float64Array(rows.length).fill(1),
});
