import { dot } from '../../core/vector.js';

/** The stored properties of a sample that distinguish recordings. */
export interface RecordedSample {
  /** Unit norm, shape (d,), of one model. */
  readonly embedding: Float32Array;
  readonly speechMs: number;
}

/**
 * Copies of one recording are nearly as similar as the same bytes, also after MP3, Opus, AAC, another rate or another level;
 * two recordings of a person on one day come near (.97 where each is long), but not with as much speech to a third of a
 * second. Set so that no other recording is refused: BENCHMARKS has the copies that are missed.
 */
const LEAST_COSINE = 0.985;
const MOST_SPEECH_DIFFERENCE_MS = 300;

/** True for two samples of one recording, saved in whatever form. Needs no audio: only what a voiceprint keeps anyway. */
export function isSameRecording(one: RecordedSample, other: RecordedSample): boolean {
  return (
    Math.abs(one.speechMs - other.speechMs) <= MOST_SPEECH_DIFFERENCE_MS &&
    dot(one.embedding, other.embedding) >= LEAST_COSINE
  );
}
