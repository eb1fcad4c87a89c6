import type { AudioFrame, SampleSpan } from '../../core/audioFrame.js';
import { msOfSamples } from '../../core/time.js';
import { centroid } from '../../core/vector.js';
import { windowsOf } from '../../identity/windowsOf.js';
import { type AudioSegment, detectSegments } from '../../speech/detectSegments.js';
import { NARROW_BAND_SEGMENTER, type SegmenterOptions } from '../../speech/speechSegmenter.js';
import type { Compute, SpeechAudio } from '../compute/compute.js';
import { addComfortNoise } from './comfortNoise.js';
import { EmbeddingQueue } from './embeddingQueue.js';

/** Everything the later stages need of a piece of audio; the audio itself is not kept. */
export interface EmbeddedSpeech {
  /** Length of the stream. */
  readonly samples: number;
  /** Highest absolute amplitude. */
  readonly peak: number;
  /** Segments of speech, in order. */
  readonly speech: readonly SampleSpan[];
  /** Windows over them, in order. */
  readonly windows: readonly SampleSpan[];
  readonly dimensions: number;
  /** Unit-norm embeddings of the windows, row-major, shape (windows, dimensions). */
  readonly embeddings: Float32Array<ArrayBuffer>;
}

export interface SpeechOfOptions {
  readonly compute: Compute;
  readonly signal: AbortSignal;
  readonly segmenter?: SegmenterOptions;
  /** Called as audio comes in, about once a second of it. */
  readonly onAudio?: (doneMs: number) => void;
  /** Called with each segment of speech and its audio, before the audio is transferred. */
  readonly onSpeech?: (segment: AudioSegment) => void;
}

/** The network wants at least 500 ms; speech shorter than this is repeated to fill it. */
const LEAST_WINDOW_SAMPLES = 12_000; // 750 ms
/** Detects speech in a stream and embeds it in windows; decoding, detection and embedding run concurrently. */
export async function speechOf(frames: AsyncIterable<AudioFrame>, options: SpeechOfOptions): Promise<EmbeddedSpeech> {
  const { compute, signal, segmenter = NARROW_BAND_SEGMENTER } = options;
  const meter = { peak: 0 };
  const detect = (...call: Parameters<Compute['detectSpeech']>) => compute.detectSpeech(...call);
  const segments = detectSegments(metered(frames, meter, options), { segmenter, detect, signal });
  const embedder = new EmbeddingQueue(compute, signal);
  const speech: SampleSpan[] = [];
  const windows: SampleSpan[] = [];
  try {
    for (;;) {
      const next = await segments.next();
      if (next.done) {
        const embeddings = await embedder.finish();
        const { samples } = next.value;
        return { samples, peak: meter.peak, speech, windows, dimensions: compute.model.dimensions, embeddings };
      }
      options.onSpeech?.(next.value);
      const { startSample, endSample } = next.value;
      const own = windowsOf({ startSample, endSample });
      speech.push({ startSample, endSample });
      windows.push(...own);
      await embedder.add(speechAudio(next.value, own));
    }
  } catch (error) {
    await embedder.settled(); // nothing may run on, and no failure may go unhandled
    throw error;
  } finally {
    await segments.return({ samples: 0 });
  }
}

/** One voice from many windows: the mean of their embeddings, unit norm; undefined where there is no speech. */
export function pooledEmbedding({
  windows,
  embeddings,
  dimensions,
}: EmbeddedSpeech): Float32Array<ArrayBuffer> | undefined {
  if (windows.length === 0) return undefined;
  return centroid(
    windows.map((_, row) => embeddings.subarray(row * dimensions, (row + 1) * dimensions)),
    windows.map(({ startSample, endSample }) => endSample - startSample),
  );
}

/** Total length of the segments of speech. */
export const speechMsOf = (speech: readonly SampleSpan[]): number =>
  msOfSamples(speech.reduce((sum, { startSample, endSample }) => sum + endSample - startSample, 0));

async function* metered(
  frames: AsyncIterable<AudioFrame>,
  meter: { peak: number },
  { signal, onAudio }: SpeechOfOptions,
): AsyncGenerator<AudioFrame> {
  for await (const frame of frames) {
    signal.throwIfAborted();
    for (const sample of frame.samples) if (sample > meter.peak || -sample > meter.peak) meter.peak = Math.abs(sample);
    onAudio?.(msOfSamples(frame.startSample + frame.samples.length));
    yield frame;
  }
}

/** The segment as the network needs it: windows relative to it, very short speech repeated. */
export function speechAudio(
  { startSample, samples }: Pick<AudioSegment, 'startSample' | 'samples'>,
  windows: readonly SampleSpan[],
): SpeechAudio {
  const relative = windows.map((span) => ({
    startSample: span.startSample - startSample,
    endSample: span.endSample - startSample,
  }));
  const [only] = relative;
  if (only && relative.length === 1 && only.endSample - only.startSample < LEAST_WINDOW_SAMPLES) {
    return oneWindow(samples);
  }
  addComfortNoise(samples);
  return { samples, windows: relative };
}

/** Speech as one window, repeated where it is too short for the network. Takes the array. */
export function oneWindow(samples: Float32Array<ArrayBuffer>): SpeechAudio {
  addComfortNoise(samples);
  if (samples.length >= LEAST_WINDOW_SAMPLES) {
    return { samples, windows: [{ startSample: 0, endSample: samples.length }] };
  }
  const repeated = new Float32Array(LEAST_WINDOW_SAMPLES);
  for (let at = 0; at < repeated.length; at += samples.length) {
    repeated.set(samples.subarray(0, repeated.length - at), at);
  }
  return { samples: repeated, windows: [{ startSample: 0, endSample: LEAST_WINDOW_SAMPLES }] };
}
