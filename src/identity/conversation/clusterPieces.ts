import { LOCAL_FRAME_SAMPLES, type LocalPiece } from '../../core/localVoices.js';
import { exactSecondsOfSamples } from '../../core/time.js';
import { dot } from '../../core/vector.js';
import {
  type ClusteredWindows,
  centred,
  centroidsOf,
  similarityFrom,
  type WindowSimilarity,
} from '../clusterWindows.js';
import { vbx } from '../vbx.js';
import { ASSIGN_TUNING, assigned } from './assignPieces.js';
import { type EmbeddedPieces, UNASSIGNED, windowsOf } from './embeddedPieces.js';
import { linkGroups, type Relation } from './linkGroups.js';
import type { LocalSpeech } from './localSpeech.js';
import { timesSeen } from './localSpeech.js';

/** Parameters of the clustering of pieces. Tuned on conversations of other seeds than those that are reported, and on real ones (BENCHMARKS.md). */
export const PIECE_TUNING = {
  /** Threshold of the linkage, between `different` (0) and `same` (1): short pieces are uncertain, so that it finds too many voices. */
  stop: 0.62,
  /** Pieces of fewer frames are too uncertain to start a voice. */
  foundingFrames: 50,
  /** Pieces of this many frames count fully. */
  fullFrames: 300,
  /** Correlation of the embeddings of one moment in several chunks: 1 if a second chunk adds nothing. */
  repetition: 0.6,
  /** See VbxTuning. */
  evidence: 0.68,
  parsimony: 1,
  iterations: 15,
  /** A linked group of so much speech, less alike than this to everybody else (0 different, 1 same), is a voice whatever the model says. */
  aloneSeconds: 1.5,
  alone: 0.25,
  /** How far the cosines of a recording change those of the speaker model. */
  similarity: { usualPairs: 5, share: 0.7 },
};

/** Maximum evidence of a piece, if fewer voices are found than are known to speak. */
const MOST_EVIDENCE = 12;

/** Step of the threshold, while there are fewer voices than are known to speak. */
const STEP = 0.05;

/** Maximum number of voices for the second step: it keeps a few numbers for each of them and each piece. */
const MAX_VOICES = 40;

/**
 * Clusters pieces in three steps: average linkage, with the constraint that local voices of one chunk are different people,
 * finds too many voices; VBx over the whole recording drops those without enough evidence; then the local voices of a
 * chunk are assigned to different voices, and pieces that clearly belong to another one, where the segmentation network
 * missed a change, to that.
 *
 * @param usually cosines of windows of one voice and of two, for the speaker model
 * @param leastVoices minimum number of voices; fewer are found without evidence for them
 */
export function clusterPieces(
  input: EmbeddedPieces,
  usually: WindowSimilarity,
  { leastVoices = 1 }: { readonly leastVoices?: number | undefined } = {},
): ClusteredWindows {
  const founding = foundingRows(input.local.pieces);
  const part = { ...input, local: { ...input.local, pieces: [...founding].map((row) => input.local.pieces[row]!) } };
  const rows = { ...part, embeddings: rowsOf(input, founding) };
  const usual = similarityOfPieces(rows, usually);
  const windows = windowsOf(rows);
  const first = linkedRows(rows, usual, leastVoices);
  const voices = 1 + first.reduce((highest, label) => Math.max(highest, label), -1);
  const windowed = {
    dimensions: input.dimensions,
    embeddings: centred(windows),
    weights: Float32Array.from(rows.local.pieces, (piece) => weightOf(piece, rows.local)),
    stay: new Float32Array(founding.length), // pieces overlap in time: none follows another
    labels: first,
    voices,
  };
  const everyRow = Int32Array.from(founding.keys());
  let { evidence } = PIECE_TUNING;
  for (;;) {
    const settled = vbx(windowed, usual, { ...PIECE_TUNING, evidence });
    const found = centroidsOf(windows, everyRow, withLoners(rows, first, settled, usual));
    if (found.voices >= Math.min(leastVoices, voices) || evidence >= MOST_EVIDENCE) {
      return assigned(input, found.centroids, usual);
    }
    evidence *= 1.3; // with more evidence per piece, more voices are kept
  }
}

/**
 * Cosines of this recording: pieces of one local voice, one behind the other, are mostly of one voice. A line or a studio makes all
 * voices more similar.
 */
function similarityOfPieces(
  { local, dimensions, embeddings }: EmbeddedPieces,
  usual: WindowSimilarity,
): WindowSimilarity {
  const at = (row: number) => embeddings.subarray(row * dimensions, (row + 1) * dimensions);
  const isLong = ({ frames }: LocalPiece) => frames.length >= PIECE_TUNING.foundingFrames;
  const cosines = local.pieces.flatMap((piece, row) => {
    const next = local.pieces[row + 1];
    const isOne = next !== undefined && next.chunk === piece.chunk && next.local === piece.local;
    return isOne && isLong(piece) && isLong(next) ? [dot(at(row), at(row + 1))] : [];
  });
  return similarityFrom(cosines, usual, PIECE_TUNING.similarity);
}

/**
 * How much a piece counts: by its length, and less the more chunks contain the same moments. At the ends of a recording these
 * are few: if pieces counted alike, in a recording of ten seconds a voice would need five times as much speech.
 */
const weightOf = (piece: LocalPiece, { voices }: LocalSpeech): number =>
  Math.min(1, piece.frames.length / PIECE_TUNING.fullFrames) /
  (1 + PIECE_TUNING.repetition * (timesSeen(piece, voices) - 1));

/**
 * Voice of each row, where small groups that are similar to no other voice are kept: a few seconds of speech are too little
 * evidence for the model to keep a voice, but a voice that is similar to no other is another person's.
 *
 * @param linked group of each row
 * @param settled voice of each row, once the model has given up what it could
 */
function withLoners(
  rows: EmbeddedPieces,
  linked: Int32Array,
  settled: Int32Array,
  usual: WindowSimilarity,
): Int32Array {
  const { dimensions } = rows;
  const most = usual.different + PIECE_TUNING.alone * (usual.same - usual.different);
  const windows = windowsOf(rows);
  const labels = settled.slice();
  const meanOf = (members: readonly number[]) =>
    centroidsOf(windows, Int32Array.from(members), new Int32Array(members.length)).centroids.subarray(0, dimensions);
  const secondsOf = (members: readonly number[]) => speechSeconds(members, rows.local);
  for (const group of new Set(linked)) {
    const own = [...linked.keys()].filter((row) => linked[row] === group);
    const others = [...labels.keys()].filter((row) => linked[row] !== group);
    const joined = others.filter((row) => own.some((one) => labels[one] === labels[row]));
    const seconds = secondsOf(own);
    if (seconds < PIECE_TUNING.aloneSeconds || seconds > secondsOf(joined)) continue;
    const mean = meanOf(own);
    const voices = [...new Set(others.map((row) => labels[row]!))];
    const isAlone = voices.every((voice) => dot(mean, meanOf(others.filter((row) => labels[row] === voice))) < most);
    if (isAlone) for (const row of own) labels[row] = settled.length + group;
  }
  return labels;
}

/** Seconds that pieces cover; what several windows saw counts once. */
function speechSeconds(rows: readonly number[], { pieces, voices: { hopFrames } }: LocalSpeech): number {
  const frames = new Set(
    rows.flatMap((row) => [...pieces[row]!.frames].map((frame) => pieces[row]!.chunk * hopFrames + frame)),
  );
  return exactSecondsOfSamples(frames.size * LOCAL_FRAME_SAMPLES);
}

/** Starts from other labels (see splitByVoice) and assigns every piece to the most likely of these voices again. */
export function relabelledPieces(input: EmbeddedPieces, labels: Int32Array, usual: WindowSimilarity): ClusteredWindows {
  const rows = Int32Array.from([...labels.keys()].filter((row) => labels[row] !== UNASSIGNED));
  const windows = windowsOf(input);
  const { centroids } = centroidsOf(
    windows,
    rows,
    Int32Array.from(rows, (row) => labels[row]!),
  );
  return assigned(input, centroids, usual);
}

function foundingRows(pieces: readonly LocalPiece[]): Int32Array {
  const rows = (isWanted: (piece: LocalPiece) => boolean) =>
    Int32Array.from(pieces.flatMap((piece, row) => (isWanted(piece) ? [row] : [])));
  const solid = rows(({ isSolid, frames }) => isSolid && frames.length >= PIECE_TUNING.foundingFrames);
  if (solid.length >= 2) return solid;
  const short = rows(({ frames }) => frames.length >= ASSIGN_TUNING.ownFrames);
  return short.length > 0 ? short : rows(() => true);
}

function rowsOf({ dimensions, embeddings }: EmbeddedPieces, rows: Int32Array): Float32Array {
  const out = new Float32Array(rows.length * dimensions);
  rows.forEach((row, i) => {
    out.set(embeddings.subarray(row * dimensions, (row + 1) * dimensions), i * dimensions);
  });
  return out;
}

function linkedRows(
  { local, dimensions, embeddings }: EmbeddedPieces,
  usual: WindowSimilarity,
  leastVoices: number,
): Int32Array {
  const weights = Float64Array.from(local.pieces, ({ frames }) => frames.length);
  const sums = embeddings.map((value, i) => value * weights[Math.floor(i / dimensions)]!);
  const relations = relationsOf(local.pieces);
  const wanted = Math.min(leastVoices, local.pieces.length);
  for (let cosine = usual.different + PIECE_TUNING.stop * (usual.same - usual.different); ; cosine += STEP) {
    const labels = linkGroups({ dimensions, sums, weights }, relations, { cosine, maxGroups: MAX_VOICES });
    if (new Set(labels).size >= wanted || cosine + STEP >= 1) return labels;
  }
}

/** Relations between the pieces of each chunk. */
function relationsOf(pieces: readonly LocalPiece[]): Relation[] {
  return pieces.flatMap(({ chunk, local, frames }, a) => {
    const relations: Relation[] = [];
    for (let b = a + 1; b < pieces.length && pieces[b]!.chunk === chunk; b += 1) {
      const shared = Math.min(frames.length, pieces[b]!.frames.length);
      const isOne = pieces[b]!.local === local;
      relations.push({ a, b, apart: isOne ? 0 : shared, together: isOne ? shared : 0 });
    }
    return relations;
  });
}
