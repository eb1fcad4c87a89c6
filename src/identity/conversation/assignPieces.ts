import type { LocalPiece } from '../../core/localVoices.js';
import { type ClusteredWindows, centroidsOf, similaritiesTo, type WindowSimilarity } from '../clusterWindows.js';
import { type EmbeddedPieces, UNASSIGNED, windowsOf } from './embeddedPieces.js';

/** How pieces are assigned to the voices of a recording. */
export const ASSIGN_TUNING = {
  /** How much more similar, as a part of `same` - `different`, a piece must be to another voice than to that of its local voice, to be assigned there. */
  margin: 0.2,
  /** Pieces of fewer frames stay with their local voice. */
  ownFrames: 25,
};

/** Voice of each piece, with the centroids of the voices that have any; UNASSIGNED where there are fewer voices than local ones. */
export function assigned(input: EmbeddedPieces, centroids: Float32Array, usual: WindowSimilarity): ClusteredWindows {
  const { dimensions, local } = input;
  const voices = centroids.length / dimensions;
  const similarity = similaritiesTo(windowsOf(input), centroids);
  const margin = ASSIGN_TUNING.margin * (usual.same - usual.different);
  const labels = new Int32Array(local.pieces.length).fill(UNASSIGNED);
  for (const rows of chunksOf(local.pieces)) {
    const own = [...new Set(rows.map((row) => local.pieces[row]!.local))];
    const mean = own.map((voice) => {
      const parts = rows.filter((row) => local.pieces[row]!.local === voice);
      return meanSimilarity(parts, { pieces: local.pieces, similarity, voices });
    });
    const taken = bestAssignment(mean, voices);
    for (const row of rows) {
      const { local: voice, frames } = local.pieces[row]!;
      const main = taken[own.indexOf(voice)]!;
      const at = (one: number) => similarity[row * voices + one]!;
      const best = highest(voices, at);
      const isOwn = frames.length >= ASSIGN_TUNING.ownFrames;
      const isElse = isOwn && (main === UNASSIGNED || at(best) - at(main) > margin);
      labels[row] = isElse ? best : main;
    }
  }
  const assignedRows = Int32Array.from([...labels.keys()].filter((row) => labels[row] !== UNASSIGNED));
  const found = centroidsOf(
    windowsOf(input),
    assignedRows,
    Int32Array.from(assignedRows, (row) => labels[row]!),
  );
  assignedRows.forEach((row, i) => {
    labels[row] = found.labels[i]!;
  });
  return { ...found, labels };
}

/** Rows of the pieces of each chunk. */
function chunksOf(pieces: readonly LocalPiece[]): number[][] {
  const chunks: number[][] = [];
  pieces.forEach(({ chunk }, row) => {
    if (pieces[row - 1]?.chunk === chunk) chunks.at(-1)!.push(row);
    else chunks.push([row]);
  });
  return chunks;
}

interface Similarity {
  readonly pieces: readonly LocalPiece[];
  /** Shape (pieces, voices). */
  readonly similarity: Float32Array;
  readonly voices: number;
}

/** Similarity of a local voice to each voice of the recording: the mean over its pieces, weighted by length. */
function meanSimilarity(rows: readonly number[], { pieces, similarity, voices }: Similarity): Float64Array {
  const mean = new Float64Array(voices);
  const total = rows.reduce((sum, row) => sum + pieces[row]!.frames.length, 0);
  for (const row of rows) {
    const share = pieces[row]!.frames.length / total;
    for (let voice = 0; voice < voices; voice += 1) mean[voice]! += share * similarity[row * voices + voice]!;
  }
  return mean;
}

/** A different voice for each local voice, with the highest total similarity; UNASSIGNED if there are too few voices. */
function bestAssignment(similarity: readonly Float64Array[], voices: number): number[] {
  let best: { readonly taken: readonly number[]; readonly sum: number } | undefined;
  const tryFrom = (taken: readonly number[], sum: number): void => {
    const next = similarity[taken.length];
    if (!next) {
      if (!best || sum > best.sum) best = { taken, sum };
      return;
    }
    // With three local voices, one of a voice's best three is free.
    const order = [...next.keys()].sort((a, b) => next[b]! - next[a]!).slice(0, similarity.length);
    for (const voice of order) if (!taken.includes(voice)) tryFrom([...taken, voice], sum + next[voice]! + 1);
    if (voices < similarity.length) tryFrom([...taken, UNASSIGNED], sum);
  };
  tryFrom([], 0);
  return [...(best?.taken ?? [])];
}

function highest(count: number, similarityOf: (i: number) => number): number {
  let best = 0;
  for (let i = 1; i < count; i += 1) if (similarityOf(i) > similarityOf(best)) best = i;
  return best;
}
