import type { SampleSpan } from '../core/audioFrame.js';
import { centroid } from '../core/vector.js';
import type { Turn } from './turnsOfWindows.js';

export interface TurnEmbeddingsInput {
  readonly dimensions: number;
  /** Unit-norm embeddings, row-major, shape (rows, dimensions). */
  readonly embeddings: Float32Array<ArrayBuffer>;
  /** Position and voice of each row. */
  readonly spans: readonly SampleSpan[];
  readonly rowVoices: Int32Array;
}

/**
 * The embedding of each turn: the mean of the rows of its voice whose middles lie within it, weighted by their length. Undefined where
 * there is none.
 */
export function turnEmbeddings(
  turns: readonly Turn[],
  { dimensions, embeddings, spans, rowVoices }: TurnEmbeddingsInput,
): (Float32Array<ArrayBuffer> | undefined)[] {
  const rowsOf = new Map<number, { readonly row: number; readonly middle: number }[]>();
  spans.forEach(({ startSample, endSample }, row) => {
    const own = rowsOf.get(rowVoices[row]!) ?? [];
    own.push({ row, middle: (startSample + endSample) / 2 });
    rowsOf.set(rowVoices[row]!, own);
  });
  for (const rows of rowsOf.values()) rows.sort((a, b) => a.middle - b.middle);
  const next = new Map<number, number>();
  return turns.map(({ voice, startSample, endSample }) => {
    const rows = rowsOf.get(voice) ?? [];
    // Turns of one voice are in order, so each row is looked at once.
    let at = next.get(voice) ?? 0;
    while (at < rows.length && rows[at]!.middle < startSample) at += 1;
    const first = at;
    while (at < rows.length && rows[at]!.middle < endSample) at += 1;
    next.set(voice, at);
    const own = rows.slice(first, at).map(({ row }) => row);
    if (own.length === 0) return undefined;
    return centroid(
      own.map((row) => embeddings.subarray(row * dimensions, (row + 1) * dimensions)),
      own.map((row) => spans[row]!.endSample - spans[row]!.startSample),
    );
  });
}
