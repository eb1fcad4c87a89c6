import { VoicePrintsError } from '../core/errors.js';
import { dot } from '../core/vector.js';
import { SpeakerEmbedder } from './speakerEmbedder.js';
import type { SpeakerModel } from './speakerModel.js';

const SAMPLE_RATE_HZ = 16_000;
/** Two lengths, since a network may only accept the number of frames it was exported with. */
const WINDOW_SAMPLES = [1.5 * SAMPLE_RATE_HZ, 2 * SAMPLE_RATE_HZ] as const;
/** A network whose embeddings of a hum and of noise have a higher cosine than this ignores its input. */
const HIGHEST_COSINE = 0.99999;

/**
 * Tests a model: loads it and embeds two sounds at two lengths. Blocks its thread for about a second. Throws MODEL_INVALID, INFERENCE_UNAVAILABLE.
 */
export async function tryModel(model: SpeakerModel): Promise<void> {
  const embedder = await SpeakerEmbedder.open(model);
  for (const length of WINDOW_SAMPLES) {
    const segments = [hum(length), noise(length)].map((samples) => ({
      samples,
      windows: [{ startSample: 0, endSample: length }],
    }));
    const [first, second] = await embedder.embed(segments).catch((cause: unknown) => {
      throw refused('it fails on a test input, or does not return output_dim numbers', cause);
    });
    if (dot(first!, second!) > HIGHEST_COSINE) throw refused('it returns the same embedding for two different sounds');
  }
}

/** A voice-like buzz at 140 Hz. */
const hum = (length: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => {
    const phase = (2 * Math.PI * 140 * i) / SAMPLE_RATE_HZ;
    return 0.1 * (Math.sin(phase) + Math.sin(7 * phase) / 3 + Math.sin(19 * phase) / 9);
  });

/** Reproducible white noise (a linear congruential generator, constants of Numerical Recipes). */
function noise(length: number): Float32Array {
  let state = 1;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(1664525, state) + 1013904223) >>> 0;
    return 0.1 * (state / 2 ** 31 - 1);
  });
}

function refused(problem: string, cause?: unknown): VoicePrintsError {
  const message = `the speaker model was tested and ${problem}; use another export of it`;
  return new VoicePrintsError('MODEL_INVALID', message, { cause });
}
