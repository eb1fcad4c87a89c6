import type { AudioFrame, SampleSpan } from '../../core/audioFrame.js';
import type { LocalVoices } from '../../core/localVoices.js';
import { msOfSamples } from '../../core/time.js';
import { centroid } from '../../core/vector.js';
import { windowsOf } from '../../identity/windowsOf.js';
import { detectSegments, type SpeechSegment } from '../../speech/detectSegments.js';
import { NARROW_BAND_SEGMENTER, type SegmenterOptions } from '../../speech/speechSegmenter.js';
import type { Compute, SpeechAudio } from '../compute/compute.js';
import { addComfortNoise } from './comfortNoise.js';
import { LocalVoicesQueue } from './localVoicesQueue.js';

/** Everything the later stages need of a piece of audio; the audio itself is not kept. */
export interface HeardSpeech {
  /** Length of the stream. */
  readonly samples: number;
  /** Highest absolute amplitude. */
  readonly peak: number;
  /** Stretches of speech, in order. */
  readonly speech: readonly SampleSpan[];
  /** What the windows lie in, in order: the stretches, or with a segmentation model their parts of one voice. */
  readonly pieces: readonly SampleSpan[];
  /** What the segmentation model said, where one was asked for. */
  readonly localVoices?: LocalVoices | undefined;
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
  /** Asks the segmentation model, if there is one. */
  readonly isSegmented?: boolean;
  /** Called as audio comes in, about once a second of it. */
  readonly onAudio?: (doneMs: number) => void;
  /** Sees each stretch of speech with its audio, before the audio is given away. */
  readonly onSpeech?: (segment: SpeechSegment) => void;
}

/** The network wants at least 500 ms; speech shorter than this is repeated to fill it. */
const LEAST_WINDOW_SAMPLES = 12_000; // 750 ms
/** Windows handed to the workers at once. */
const BATCH_WINDOWS = 64;
/** Batches under way: enough for every thread, while the audio waiting stays within about a minute. */
const MAX_BATCHES = 4;

/** Finds speech in a stream and embeds it in windows; decoding, detection and embedding go on side by side. */
export async function speechOf(frames: AsyncIterable<AudioFrame>, options: SpeechOfOptions): Promise<HeardSpeech> {
  const { compute, signal, segmenter = NARROW_BAND_SEGMENTER } = options;
  const meter = { peak: 0 };
  const detect = (...call: Parameters<Compute['detectSpeech']>) => compute.detectSpeech(...call);
  const local = options.isSegmented && compute.segmentation ? new LocalVoicesQueue(compute, signal) : undefined;
  const segments = detectSegments(metered(frames, { meter, local }, options), { segmenter, detect, signal });
  const embedder = new EmbeddingQueue(compute, signal);
  const collected = new CollectedSpeech(embedder, local);
  try {
    for (;;) {
      const next = await segments.next();
      if (next.done) {
        await local?.finish();
        await collected.embedSettled();
        const { speech, pieces, windows } = collected;
        const embeddings = await embedder.finish();
        const { samples } = next.value;
        const localVoices = await local?.all();
        const { dimensions } = compute.model;
        return { samples, peak: meter.peak, speech, pieces, localVoices, windows, dimensions, embeddings };
      }
      options.onSpeech?.(next.value);
      collected.add(next.value);
      await collected.embedSettled();
    }
  } catch (error) {
    await Promise.all([embedder.settled(), local?.settled()]); // nothing may run on, and no failure may go unheard
    throw error;
  } finally {
    await segments.return({ samples: 0 });
  }
}

/** Stretches of speech as they come; their audio goes on to the embedder once it is known where voices change in them. */
class CollectedSpeech {
  readonly speech: SampleSpan[] = [];
  readonly pieces: SampleSpan[] = [];
  readonly windows: SampleSpan[] = [];
  readonly #embedder: EmbeddingQueue;
  readonly #local: LocalVoicesQueue | undefined;
  readonly #waiting: SpeechSegment[] = [];

  constructor(embedder: EmbeddingQueue, local: LocalVoicesQueue | undefined) {
    this.#embedder = embedder;
    this.#local = local;
  }

  add(segment: SpeechSegment): void {
    this.speech.push({ startSample: segment.startSample, endSample: segment.endSample });
    this.#waiting.push(segment);
  }

  async embedSettled(): Promise<void> {
    for (;;) {
      const [segment] = this.#waiting;
      if (!segment || this.#local?.covers(segment) === false) return;
      this.#waiting.shift();
      const { startSample, endSample } = segment;
      const pieces = (await this.#local?.piecesOf(segment)) ?? [{ startSample, endSample }];
      for (const piece of pieces) await this.#embed(segment, piece);
    }
  }

  async #embed(segment: SpeechSegment, piece: SampleSpan): Promise<void> {
    const windows = windowsOf(piece);
    const from = piece.startSample - segment.startSample;
    const samples = segment.samples.slice(from, from + piece.endSample - piece.startSample);
    this.pieces.push(piece);
    this.windows.push(...windows);
    await this.#embedder.add(speechAudio({ ...piece, samples }, windows));
  }
}

/** One voice from many windows: the mean of their embeddings, unit norm; undefined where nothing was heard. */
export function pooledEmbedding({
  windows,
  embeddings,
  dimensions,
}: HeardSpeech): Float32Array<ArrayBuffer> | undefined {
  if (windows.length === 0) return undefined;
  return centroid(
    windows.map((_, row) => embeddings.subarray(row * dimensions, (row + 1) * dimensions)),
    windows.map(({ startSample, endSample }) => endSample - startSample),
  );
}

/** Stretches of speech added up. */
export const speechMsOf = (speech: readonly SampleSpan[]): number =>
  msOfSamples(speech.reduce((sum, { startSample, endSample }) => sum + endSample - startSample, 0));

async function* metered(
  frames: AsyncIterable<AudioFrame>,
  { meter, local }: { readonly meter: { peak: number }; readonly local: LocalVoicesQueue | undefined },
  { signal, onAudio }: SpeechOfOptions,
): AsyncGenerator<AudioFrame> {
  for await (const frame of frames) {
    signal.throwIfAborted();
    for (const sample of frame.samples) if (sample > meter.peak || -sample > meter.peak) meter.peak = Math.abs(sample);
    onAudio?.(msOfSamples(frame.startSample + frame.samples.length));
    await local?.push(frame.samples);
    yield frame;
  }
}

/** The stretch as the network wants it: windows relative to it, very short speech repeated. */
export function speechAudio(
  { startSample, samples }: Pick<SpeechSegment, 'startSample' | 'samples'>,
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

/** Collects speech into batches and keeps a few of them under way; embeddings come out in the order added. */
class EmbeddingQueue {
  readonly #compute: Compute;
  readonly #signal: AbortSignal;
  readonly #batches: Promise<readonly Float32Array<ArrayBuffer>[]>[] = [];
  #underWay: Promise<unknown>[] = [];
  #waiting: SpeechAudio[] = [];
  #waitingWindows = 0;

  constructor(compute: Compute, signal: AbortSignal) {
    this.#compute = compute;
    this.#signal = signal;
  }

  /** Resolves when there is room for more. */
  async add(speech: SpeechAudio): Promise<void> {
    this.#waiting.push(speech);
    this.#waitingWindows += speech.windows.length;
    if (this.#waitingWindows >= BATCH_WINDOWS) await this.#post();
  }

  /** All embeddings, row-major, shape (windows, d). */
  async finish(): Promise<Float32Array<ArrayBuffer>> {
    if (this.#waiting.length > 0) await this.#post();
    const rows = (await Promise.all(this.#batches)).flat();
    const { dimensions } = this.#compute.model;
    const out = new Float32Array(rows.length * dimensions);
    rows.forEach((row, i) => {
      out.set(row, i * dimensions);
    });
    return out;
  }

  /** Resolves when nothing is under way any more, whatever became of it. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#batches);
  }

  async #post(): Promise<void> {
    const spans = this.#waiting;
    this.#waiting = [];
    this.#waitingWindows = 0;
    const batch = this.#compute.embed(spans, this.#signal);
    batch.catch(() => undefined); // heard in finish(), or through settled() when something else failed first
    this.#batches.push(batch);
    this.#underWay.push(batch);
    if (this.#underWay.length >= MAX_BATCHES) await this.#underWay.shift();
  }
}
