import type { AudioFrame, SampleSpan } from '../../core/audioFrame.js';
import { VoicePrintsError } from '../../core/errors.js';
import { LOCAL_ACTIVE, LOCAL_FRAME_SAMPLES, LOCAL_VOICES, type LocalPiece } from '../../core/localVoices.js';
import type { RuntimeReport } from '../../core/runtimeReport.js';
import { msOfSamples } from '../../core/time.js';
import type { LocalSpeech } from '../../identity/conversation/localSpeech.js';
import { removeOffset } from '../../speech/constantOffset.js';
import { HeldAudio } from '../../speech/heldAudio.js';
import { LevelControl } from '../../speech/levelControl.js';
import { localPiecesOf } from '../../speech/localPieces.js';
import { framesOfChunk } from '../../speech/segmentationNet.js';
import { HOP_SAMPLES, SpeechSegmenter, WIDE_BAND_SEGMENTER } from '../../speech/speechSegmenter.js';
import type { Compute, VadState } from '../compute/compute.js';
import { EmbeddingQueue } from './embeddingQueue.js';
import { oneWindow } from './speechOf.js';

/**
 * Share of a chunk after which the next one begins. Each moment is processed five times; in WebAssembly, where the
 * network takes most of the time, every other chunk is left out (figures in BENCHMARKS.md, "In WebAssembly").
 */
export const HOP_SHARES: Readonly<Record<RuntimeReport['runtime'], number>> = { native: 0.2, wasm: 0.4 };
/** Chunks in the segmentation network at once; the audio waiting stays within a minute. */
const MAX_UNDER_WAY = 4;
/** Audio the voice-activity network looks at in one call: about 16 s. */
const PIECE_SAMPLES = 500 * HOP_SAMPLES;
/** Pieces are cut to a multiple of this, so that pieces of one length go through the speaker network together. */
const STEP_FRAMES = 5;
/** The activity of a voice that only the voice-activity network detects. */
const FULL_ACTIVITY = 255;

/** Possible speech: all other audio counts as silence and is not given to the segmentation network. */
const AUDIBLE_SEGMENTER = {
  onProbability: 0.1,
  offProbability: 0.05,
  minSpeechMs: 0,
  hangOverMs: 500,
  padMs: 250,
  maxSpeechMs: 30_000,
};

/** What the networks found in a recording; the audio is not kept. */
export interface EmbeddedLocalSpeech {
  /** Length of the stream. */
  readonly samples: number;
  /** Highest absolute amplitude. */
  readonly peak: number;
  readonly local: LocalSpeech;
  readonly dimensions: number;
  /** Unit-norm embeddings of the pieces, row-major, shape (pieces, dimensions). */
  readonly embeddings: Float32Array<ArrayBuffer>;
}

export interface LocalSpeechOptions {
  readonly compute: Compute;
  readonly signal: AbortSignal;
  /** Called as audio comes in, about once a second of it. */
  readonly onAudio?: (doneMs: number) => void;
  /** Sees the audio of each piece, before it is given away. */
  readonly onSpeech?: (samples: Float32Array) => void;
}

/**
 * Sends a stream through the segmentation network in overlapping chunks, and embeds the pieces of each local voice of
 * each chunk. Networks and decoding run concurrently; only the audio of a minute is held.
 *
 * @throws VoicePrintsError what the decoder, the networks and the signal throw
 */
export async function localSpeechOf(
  frames: AsyncIterable<AudioFrame>,
  options: LocalSpeechOptions,
): Promise<EmbeddedLocalSpeech> {
  const stream = new LocalSpeechStream(options);
  try {
    for await (const { samples, startSample } of frames) {
      options.signal.throwIfAborted();
      options.onAudio?.(msOfSamples(startSample + samples.length));
      await stream.push(samples);
    }
    return await stream.finish();
  } catch (error) {
    await stream.settled(); // nothing may run on, and no failure may go unhandled
    throw error;
  }
}

interface Chunk {
  readonly index: number;
  readonly samples: Float32Array<ArrayBuffer>;
  readonly activity: Promise<Uint8Array<ArrayBuffer>>;
}

class LocalSpeechStream {
  readonly #options: LocalSpeechOptions;
  readonly #chunkFrames: number;
  readonly #hopFrames: number;
  readonly #held = new HeldAudio();
  readonly #level = new LevelControl();
  readonly #embedder: EmbeddingQueue;
  readonly #surely = new SpeechSegmenter(WIDE_BAND_SEGMENTER);
  readonly #perhaps = new SpeechSegmenter(AUDIBLE_SEGMENTER);
  readonly #speech: SampleSpan[] = [];
  readonly #audible: SampleSpan[] = [];
  readonly #pieces: LocalPiece[] = [];
  readonly #activity: Uint8Array[] = [];
  readonly #underWay: Chunk[] = [];
  /** Audio of chunks that were taken, to be written over: so much new memory, ten seconds every two, is collected late. */
  readonly #spare: Float32Array<ArrayBuffer>[] = [];
  /** Probability of speech, 0..255, of every hop looked at. */
  readonly #probabilities: number[] = [];
  #vadState: VadState | undefined;
  #looked = 0;
  #chunks = 0;
  #peak = 0;

  constructor(options: LocalSpeechOptions) {
    const { segmentation, runtime } = options.compute;
    if (!segmentation) throw new VoicePrintsError('INFERENCE_FAILED', 'no segmentation model is in use; add one');
    this.#options = options;
    this.#chunkFrames = framesOfChunk(segmentation);
    this.#hopFrames = Math.round(this.#chunkFrames * HOP_SHARES[runtime]);
    this.#embedder = new EmbeddingQueue(options.compute, options.signal);
  }

  /** Takes the stream's next samples; resolves when there is room for more. */
  async push(samples: Float32Array): Promise<void> {
    for (const sample of samples) if (sample > this.#peak || -sample > this.#peak) this.#peak = Math.abs(sample);
    this.#held.append(samples);
    while (this.#held.endSample - this.#looked >= PIECE_SAMPLES) await this.#look(PIECE_SAMPLES);
    while (this.#chunkStart + this.#chunkFrames * LOCAL_FRAME_SAMPLES <= this.#looked) await this.#post();
  }

  /** The stream has ended: the rest is processed, too. */
  async finish(): Promise<EmbeddedLocalSpeech> {
    const { endSample } = this.#held;
    const left = Math.ceil((endSample - this.#looked) / HOP_SAMPLES) * HOP_SAMPLES;
    if (left > 0) await this.#look(left); // the last hop is filled up with silence: its start may still be speech
    const clip = (span: SampleSpan) => ({ ...span, endSample: Math.min(span.endSample, endSample) });
    this.#speech.push(...this.#surely.flush(endSample));
    this.#audible.push(...this.#perhaps.flush(endSample));
    const seenUntil = () => (this.#chunks === 0 ? 0 : this.#chunkStart + this.#overlapSamples);
    while (seenUntil() < endSample) await this.#post();
    while (this.#underWay.length > 0) await this.#take();
    const size = this.#chunkFrames * LOCAL_VOICES;
    const activity = new Uint8Array(this.#activity.length * size);
    this.#activity.forEach((chunk, i) => {
      activity.set(chunk, i * size);
    });
    return {
      samples: endSample,
      peak: this.#peak,
      local: {
        samples: endSample,
        voices: { chunkFrames: this.#chunkFrames, hopFrames: this.#hopFrames, activity },
        pieces: this.#pieces,
        speech: this.#speech.map(clip),
        audible: this.#audible.map(clip),
      },
      dimensions: this.#options.compute.model.dimensions,
      embeddings: await this.#embedder.finish(),
    };
  }

  /** Resolves when nothing is under way any more, whatever became of it. */
  async settled(): Promise<void> {
    await Promise.allSettled([this.#embedder.settled(), ...this.#underWay.map(({ activity }) => activity)]);
  }

  get #chunkStart(): number {
    return this.#chunks * this.#hopFrames * LOCAL_FRAME_SAMPLES;
  }

  get #overlapSamples(): number {
    return (this.#chunkFrames - this.#hopFrames) * LOCAL_FRAME_SAMPLES;
  }

  /** Shows the next samples to the voice-activity network. */
  async #look(samples: number): Promise<void> {
    const piece = removeOffset(this.#held.copy(this.#looked, this.#looked + samples));
    this.#level.apply(piece);
    const { compute, signal } = this.#options;
    const { probabilities, state } = await compute.detectSpeech(piece, this.#vadState, signal);
    this.#vadState = state;
    this.#looked += samples;
    for (const probability of probabilities) this.#probabilities.push(Math.round(probability * 255));
    this.#speech.push(...this.#surely.push(probabilities));
    this.#audible.push(...this.#perhaps.push(probabilities));
  }

  /** Sends the next chunk to the segmentation network, if there may be speech in it. */
  async #post(): Promise<void> {
    const { compute, signal } = this.#options;
    const start = this.#chunkStart;
    const end = Math.min(start + this.#chunkFrames * LOCAL_FRAME_SAMPLES, this.#held.endSample);
    const samples = removeOffset(this.#held.copy(start, end, this.#spare.pop()));
    const hops = this.#probabilities.slice(Math.floor(start / HOP_SAMPLES), Math.ceil(end / HOP_SAMPLES));
    const isAudible = hops.some((probability) => probability >= 255 * AUDIBLE_SEGMENTER.onProbability);
    const activity = isAudible
      ? compute.localVoices(samples.slice(), signal)
      : Promise.resolve(new Uint8Array(this.#chunkFrames * LOCAL_VOICES));
    activity.catch(() => undefined); // handled where it is awaited, or through settled() when something else failed first
    this.#underWay.push({ index: this.#chunks, samples, activity });
    this.#chunks += 1;
    this.#held.dropBefore(Math.min(this.#chunkStart, this.#looked));
    while (this.#underWay.length > MAX_UNDER_WAY) await this.#take();
  }

  /** Waits for the oldest chunk in work, and embeds its pieces. */
  async #take(): Promise<void> {
    const { index, samples, activity: promised } = this.#underWay[0]!;
    const activity = await promised;
    this.#underWay.shift();
    const frames = Math.ceil(samples.length / LOCAL_FRAME_SAMPLES);
    let pieces = localPiecesOf(activity, index, frames);
    if (pieces.length === 0 && this.#addSpeech(activity, index, frames)) {
      pieces = localPiecesOf(activity, index, frames);
    }
    this.#activity.push(activity);
    for (const piece of pieces) {
      const audio = audioOf(samples, piece);
      this.#pieces.push(piece);
      this.#options.onSpeech?.(audio);
      await this.#embedder.add(oneWindow(audio));
    }
    this.#spare.push(samples);
  }

  /** Where the segmentation network detects no voice but the voice-activity network detects speech, it is one voice; true if there was such a frame. */
  #addSpeech(activity: Uint8Array, chunk: number, frames: number): boolean {
    let isFilled = false;
    for (let frame = 0; frame < frames; frame += 1) {
      const middle = (chunk * this.#hopFrames + frame + 0.5) * LOCAL_FRAME_SAMPLES;
      const probability = this.#probabilities[Math.floor(middle / HOP_SAMPLES)] ?? 0;
      if (probability < 255 * WIDE_BAND_SEGMENTER.offProbability || activity[frame * LOCAL_VOICES]! >= LOCAL_ACTIVE) {
        continue;
      }
      activity[frame * LOCAL_VOICES] = FULL_ACTIVITY;
      isFilled = true;
    }
    return isFilled;
  }
}

/** The frames of a piece one behind the other. */
function audioOf(samples: Float32Array, { frames }: LocalPiece): Float32Array<ArrayBuffer> {
  const count = frames.length > STEP_FRAMES ? frames.length - (frames.length % STEP_FRAMES) : frames.length;
  const audio = new Float32Array(count * LOCAL_FRAME_SAMPLES);
  for (let i = 0; i < count; i += 1) {
    const from = frames[i]! * LOCAL_FRAME_SAMPLES;
    audio.set(samples.subarray(from, from + LOCAL_FRAME_SAMPLES), i * LOCAL_FRAME_SAMPLES);
  }
  return audio;
}
