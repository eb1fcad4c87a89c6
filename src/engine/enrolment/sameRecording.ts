import { dot } from '../../core/vector.js';

/** What is kept of a sample that tells recordings apart. */
export interface RecordedSample {
  /** Unit norm, shape (d,), of one model. */
  readonly embedding: Float32Array;
  readonly speechMs: number;
}

/**
 * Copies of one recording are more alike than any two recordings of a person, even after MP3, Opus, AAC, another rate or
 * another level; limits and misses as scripts/accuracy/sameRecording.mjs prints them. Telephone copies are not found.
 */
const LEAST_COSINE = 0.97;
const MOST_SPEECH_DIFFERENCE_MS = 300;

/** True for two samples of one recording, saved in whatever form. Needs no audio: only what a voiceprint keeps anyway. */
export function isSameRecording(one: RecordedSample, other: RecordedSample): boolean {
  return (
    Math.abs(one.speechMs - other.speechMs) <= MOST_SPEECH_DIFFERENCE_MS &&
    dot(one.embedding, other.embedding) >= LEAST_COSINE
  );
}
