import { dot } from '../../core/vector.js';

/** The stored properties of a sample that distinguish recordings. */
export interface RecordedSample {
  /** Unit norm, shape (d,), of one model. */
  readonly embedding: Float32Array;
  readonly speechMs: number;
}

/**
 * Copies of one recording are nearly as similar as the same bytes, also after MP3, Opus, AAC, another rate or another level;
 * two recordings of a person on one day come near (.97 where each is long, .982 with the same words at the same pace).
 * Set so that no other recording is refused: BENCHMARKS has the copies that are missed.
 */
const LEAST_COSINE = 0.985;
const MOST_SPEECH_DIFFERENCE_MS = 300;
/** Codecs and levels move what is detected as speech: with up to a sixth less it takes more similarity. */
const LEAST_COSINE_OF_UNEQUAL = 0.988;
const MOST_SPEECH_DIFFERENCE_SHARE = 1 / 6;

/** True for two samples of one recording, saved in whatever form. Needs no audio: only what a voiceprint keeps anyway. */
export function isSameRecording(one: RecordedSample, other: RecordedSample): boolean {
  const cosine = dot(one.embedding, other.embedding);
  const differenceMs = Math.abs(one.speechMs - other.speechMs);
  if (differenceMs <= MOST_SPEECH_DIFFERENCE_MS) return cosine >= LEAST_COSINE;
  const mostMs = MOST_SPEECH_DIFFERENCE_SHARE * Math.max(one.speechMs, other.speechMs);
  return differenceMs <= mostMs && cosine >= LEAST_COSINE_OF_UNEQUAL;
}
