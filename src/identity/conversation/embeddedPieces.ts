import { type LocalSpeech, spansOf } from './localSpeech.js';

/** Pieces of local voices with an embedding each. */
export interface EmbeddedPieces {
  readonly local: LocalSpeech;
  readonly dimensions: number;
  /** Unit norm, row-major, shape (pieces, dimensions). */
  readonly embeddings: Float32Array;
}

/** Label of pieces without a voice. */
export const UNASSIGNED = -1;

/** The pieces as windows of the recording. */
export const windowsOf = ({ local, dimensions, embeddings }: EmbeddedPieces) => ({
  dimensions,
  embeddings,
  windows: spansOf(local),
  segmentOf: Int32Array.from(local.pieces, ({ chunk }) => chunk),
});
