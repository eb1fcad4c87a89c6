import type { SampleSpan } from '../../core/audioFrame.js';
import { LOCAL_FRAME_SAMPLES, LOCAL_VOICES, type LocalVoices } from '../../core/localVoices.js';
import { msOfSamples } from '../../core/time.js';
import { centroid, dot } from '../../core/vector.js';
import { spansOf } from '../../identity/conversation/localSpeech.js';
import type { EmbeddedLocalSpeech } from '../recording/localSpeechOf.js';
import type { VoicePieces } from './splitVoice.js';

const FRAME_MS = msOfSamples(LOCAL_FRAME_SAMPLES);
/** Shorter pieces are too uncertain to separate voices. */
const LEAST_PIECE_FRAMES = 25;
/** Of more, only those of every other chunk count, or of every third …: chunks overlap, and every pair is compared. */
const MOST_PIECES = 400;
/** A frame with so much of a second voice, in the mean of the chunks that cover it, is a place to report. */
const PLACE_OVERLAP = 0.15;

export interface Overlap {
  /** Time of two voices at once, each frame by the mean certainty of the chunks that cover it. */
  readonly allMs: number;
  /** The most within one chunk. */
  readonly mostInChunkMs: number;
  readonly spans: readonly SampleSpan[];
}

/**
 * Speech of two people at once. The expected number of voices beyond the first counts, not the second voice's activity: a
 * network that is not sure which of two voices speaks gives half to each.
 */
export function overlapOf({ activity, chunkFrames, hopFrames }: LocalVoices, samples: number): Overlap {
  const frames = Math.ceil(samples / LOCAL_FRAME_SAMPLES);
  const sums = new Float64Array(frames);
  const covers = new Uint8Array(frames);
  let mostInChunk = 0;
  for (let chunk = 0; chunk * chunkFrames * LOCAL_VOICES < activity.length; chunk += 1) {
    let inChunk = 0;
    for (let i = 0; i < chunkFrames && chunk * hopFrames + i < frames; i += 1) {
      const at = (chunk * chunkFrames + i) * LOCAL_VOICES;
      const beyond = Math.max(0, (activity[at]! + activity[at + 1]! + activity[at + 2]!) / 255 - 1);
      sums[chunk * hopFrames + i]! += beyond;
      covers[chunk * hopFrames + i]! += 1;
      inChunk += beyond;
    }
    mostInChunk = Math.max(mostInChunk, inChunk);
  }
  const means = sums.map((sum, frame) => sum / Math.max(1, covers[frame]!));
  const spans = [...means].flatMap((mean, frame) =>
    mean >= PLACE_OVERLAP
      ? [{ startSample: frame * LOCAL_FRAME_SAMPLES, endSample: (frame + 1) * LOCAL_FRAME_SAMPLES }]
      : [],
  );
  return {
    allMs: FRAME_MS * means.reduce((sum, mean) => sum + mean, 0),
    mostInChunkMs: FRAME_MS * mostInChunk,
    spans,
  };
}

/** Two local voices of one chunk. */
export interface SeparatedVoice {
  readonly cosine: number;
  /** Speech of the one with less. */
  readonly speechMs: number;
  readonly spans: readonly SampleSpan[];
}

/** The least similar two voices that the network separated within a chunk, each with so much speech. */
export function separatedVoice(heard: EmbeddedLocalSpeech, leastMs: number): SeparatedVoice | undefined {
  const { pieces } = heard.local;
  const spans = spansOf(heard.local);
  const rowsOf = new Map<number, number[]>();
  pieces.forEach(({ chunk, local }, row) => {
    const voice = chunk * LOCAL_VOICES + local;
    rowsOf.set(voice, [...(rowsOf.get(voice) ?? []), row]);
  });
  const voices = [...rowsOf].flatMap(([voice, rows]) => {
    const lengths = rows.map((row) => pieces[row]!.frames.length);
    const speechMs = FRAME_MS * lengths.reduce((sum, length) => sum + length, 0);
    if (speechMs < leastMs) return [];
    const embedding = centroid(
      rows.map((row) => embeddingOf(heard, row)),
      lengths,
    );
    return [{ chunk: Math.floor(voice / LOCAL_VOICES), rows, speechMs, embedding }];
  });
  let found: SeparatedVoice | undefined;
  for (const [i, one] of voices.entries()) {
    for (const other of voices.slice(i + 1)) {
      if (other.chunk !== one.chunk) continue;
      const cosine = dot(one.embedding, other.embedding);
      if (found && cosine >= found.cosine) continue;
      const second = one.speechMs < other.speechMs ? one : other;
      found = { cosine, speechMs: second.speechMs, spans: second.rows.map((row) => spans[row]!) };
    }
  }
  return found;
}

/** Pieces that are long enough to compare. Chunks overlap: each counts by its share of the chunks that cover it. */
export function piecesOf(heard: EmbeddedLocalSpeech): VoicePieces {
  const { pieces, voices } = heard.local;
  const spans = spansOf(heard.local);
  const long = pieces.flatMap(({ frames }, row) => (frames.length >= LEAST_PIECE_FRAMES ? [row] : []));
  const most = Math.floor(voices.chunkFrames / voices.hopFrames); // beyond, something would be in no chunk
  const step = Math.max(1, Math.min(most, Math.ceil(long.length / MOST_PIECES)));
  const rows = long.filter((row) => pieces[row]!.chunk % step === 0);
  const covers = new Map<number, number>();
  const framesOf = (row: number) => {
    const { chunk, frames } = pieces[row]!;
    return [...frames].map((frame) => chunk * voices.hopFrames + frame);
  };
  for (const row of rows) for (const frame of framesOf(row)) covers.set(frame, (covers.get(frame) ?? 0) + 1);
  return {
    embeddings: rows.map((row) => embeddingOf(heard, row)),
    speechMs: rows.map((row) => framesOf(row).reduce((sum, frame) => sum + FRAME_MS / covers.get(frame)!, 0)),
    spans: rows.map((row) => spans[row]!),
  };
}

const embeddingOf = ({ embeddings, dimensions }: EmbeddedLocalSpeech, row: number): Float32Array<ArrayBuffer> =>
  embeddings.subarray(row * dimensions, (row + 1) * dimensions);
