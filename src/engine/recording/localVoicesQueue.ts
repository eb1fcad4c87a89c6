import type { SampleSpan } from '../../core/audioFrame.js';
import { VoicePrintsError } from '../../core/errors.js';
import { LOCAL_FRAME_SAMPLES, LOCAL_VOICES, type LocalVoices } from '../../core/localVoices.js';
import { framesOfWindow } from '../../speech/segmentationNet.js';
import { SoloPieces, settledAfter } from '../../speech/soloPieces.js';
import type { Compute } from '../compute/compute.js';

/** Part of a window from one to the next: each moment is looked at twice, once with more past and once with more future. */
export const HOP_SHARE = 0.5;
/** Windows under way: enough for every thread; the audio waiting stays within a minute. */
const MAX_UNDER_WAY = 4;

/** Sends a stream through the segmentation network in overlapping windows, and cuts speech by what it says. */
export class LocalVoicesQueue {
  readonly #compute: Compute;
  readonly #signal: AbortSignal;
  readonly #chunkFrames: number;
  readonly #hopFrames: number;
  readonly #pieces: SoloPieces;
  readonly #chunks: Promise<Uint8Array<ArrayBuffer>>[] = [];
  readonly #done: Uint8Array<ArrayBuffer>[] = [];
  /** Audio from the start of the next chunk on. */
  #held: Float32Array<ArrayBuffer>;
  #heldSamples = 0;
  #isEnded = false;

  constructor(compute: Compute, signal: AbortSignal) {
    if (!compute.segmentation)
      throw new VoicePrintsError('INFERENCE_FAILED', 'no segmentation model is in use; add one');
    this.#compute = compute;
    this.#signal = signal;
    this.#chunkFrames = framesOfWindow(compute.segmentation);
    this.#hopFrames = Math.round(this.#chunkFrames * HOP_SHARE);
    this.#pieces = new SoloPieces({ chunkFrames: this.#chunkFrames, hopFrames: this.#hopFrames });
    this.#held = new Float32Array(this.#chunkFrames * LOCAL_FRAME_SAMPLES);
  }

  /** Takes the stream's next samples; resolves when there is room for more. */
  async push(samples: Float32Array): Promise<void> {
    for (let at = 0; at < samples.length; ) {
      const part = samples.subarray(at, at + this.#held.length - this.#heldSamples);
      this.#held.set(part, this.#heldSamples);
      this.#heldSamples += part.length;
      at += part.length;
      if (this.#heldSamples === this.#held.length) await this.#post();
    }
  }

  /** The stream has ended: what is left is looked at, too. */
  async finish(): Promise<void> {
    const isSeen = this.#chunks.length > 0 && this.#heldSamples <= this.#held.length - this.#hopSamples;
    if (!isSeen && this.#heldSamples > 0) await this.#post();
    this.#isEnded = true;
  }

  /** True where this stretch can be cut without waiting for more audio. */
  covers({ endSample }: SampleSpan): boolean {
    const shape = { chunkFrames: this.#chunkFrames, hopFrames: this.#hopFrames };
    return this.#isEnded || endSample <= settledAfter(this.#chunks.length, shape);
  }

  /** Pieces of one voice within a stretch of speech; see SoloPieces. */
  async piecesOf(span: SampleSpan): Promise<SampleSpan[]> {
    while (this.#done.length < this.#chunks.length && this.#pieces.settledSample < span.endSample) await this.#take();
    return this.#pieces.piecesOf(span);
  }

  /** Everything the network said. */
  async all(): Promise<LocalVoices> {
    while (this.#done.length < this.#chunks.length) await this.#take();
    const size = this.#chunkFrames * LOCAL_VOICES;
    const activity = new Uint8Array(this.#done.length * size);
    this.#done.forEach((chunk, i) => {
      activity.set(chunk, i * size);
    });
    return { chunkFrames: this.#chunkFrames, hopFrames: this.#hopFrames, activity };
  }

  /** Resolves when nothing is under way any more, whatever became of it. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#chunks);
  }

  async #take(): Promise<void> {
    const chunk = await this.#chunks[this.#done.length]!;
    this.#done.push(chunk);
    this.#pieces.push(chunk);
    if (this.#isEnded && this.#done.length === this.#chunks.length) this.#pieces.finish();
  }

  get #hopSamples(): number {
    return this.#hopFrames * LOCAL_FRAME_SAMPLES;
  }

  async #post(): Promise<void> {
    const chunk = this.#compute.localVoices(this.#held.slice(0, this.#heldSamples), this.#signal);
    chunk.catch(() => undefined); // heard where it is taken, or through settled() when something else failed first
    this.#chunks.push(chunk);
    this.#held.copyWithin(0, this.#hopSamples, this.#heldSamples);
    this.#heldSamples = Math.max(0, this.#heldSamples - this.#hopSamples);
    while (this.#chunks.length - this.#done.length > MAX_UNDER_WAY) await this.#take();
  }
}
