import { randomBytes } from 'node:crypto';
import type { SampleSpan } from '../../core/audioFrame.js';
import { centroid } from '../../core/vector.js';
import type { Embedding, KeptSpeech } from '../../core/voiceprint.js';
import { windowsOf } from '../../identity/windowsOf.js';
import type { Compute } from '../compute/compute.js';
import { speechAudio } from '../recording/speechOf.js';

const FULL_SCALE = 32_767;

/** A name for the speech of one sample. */
export const newAudioId = (): string => randomBytes(16).toString('hex');

/** The speech of a recording (mono 16 kHz), cut out. */
export function speechIn(audio: Float32Array, speech: readonly SampleSpan[]): KeptSpeech {
  const lengths = speech.map(({ startSample, endSample }) => endSample - startSample);
  const samples = new Int16Array(lengths.reduce((sum, length) => sum + length, 0));
  let at = 0;
  for (const { startSample, endSample } of speech) {
    for (let i = startSample; i < endSample; i += 1, at += 1) {
      samples[at] = Math.round(FULL_SCALE * Math.max(-1, Math.min(1, audio[i]!)));
    }
  }
  return { samples, stretches: lengths };
}

/** The embedding of kept speech by the model in use: what enrolling the same sample again would give. */
export async function embedKept(kept: KeptSpeech, compute: Compute, signal: AbortSignal): Promise<Embedding> {
  const segments = segmentsOf(kept).map((samples) => {
    const windows = windowsOf({ startSample: 0, endSample: samples.length });
    return { windows, audio: speechAudio({ startSample: 0, samples }, windows) };
  });
  const embeddings = await compute.embed(
    segments.map(({ audio }) => audio),
    signal,
  );
  const lengths = segments.flatMap(({ windows }) => windows.map((span) => span.endSample - span.startSample));
  return { modelId: compute.model.id, values: centroid(embeddings, lengths) };
}

function segmentsOf({ samples, stretches }: KeptSpeech): Float32Array<ArrayBuffer>[] {
  let end = 0;
  return stretches.map((length) => {
    end += length;
    return Float32Array.from(samples.subarray(end - length, end), (value) => value / FULL_SCALE);
  });
}
