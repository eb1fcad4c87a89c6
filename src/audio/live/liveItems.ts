import { ENGINE_SAMPLE_RATE_HZ } from '../../core/audioFrame.js';
import type { LiveItem, StreamState } from '../../core/live.js';
import { samplesOfMs } from '../../core/time.js';
import { Channel } from '../../stream/channel.js';

/** Length of every frame but those before a gap or the end. */
export const LIVE_FRAME_MS = 100;
const FRAME_SAMPLES = samplesOfMs(LIVE_FRAME_MS);

/**
 * A bounded queue of live audio from its producer to one reader: frames of 100 ms. When the reader is too slow the oldest
 * audio is dropped and counted; of dropped states the latest is delivered.
 */
export class LiveItems implements AsyncIterable<LiveItem> {
  readonly #channel: Channel<LiveItem>;
  readonly #frame = new Float32Array(FRAME_SAMPLES);
  /** Of the frame being filled. */
  #frameStart = 0;
  #filled = 0;
  #droppedSamples = 0;
  #skippedState: StreamState | undefined;

  /** @param bufferMs audio held at most, at least one frame */
  constructor(bufferMs: number) {
    this.#channel = new Channel(Math.ceil(bufferMs / LIVE_FRAME_MS), (item) => this.#drop(item));
  }

  /** Mono samples at 16 kHz, of any number. @param startSample their position; never before the end of earlier ones */
  push(samples: Float32Array, startSample: number): void {
    if (startSample !== this.#frameStart + this.#filled) {
      this.flush();
      this.#frameStart = startSample;
    }
    for (let at = 0; at < samples.length; ) {
      const count = Math.min(samples.length - at, FRAME_SAMPLES - this.#filled);
      for (let i = 0; i < count; i += 1) {
        this.#frame[this.#filled + i] = Math.max(-1, Math.min(1, samples[at + i]!)); // filters overshoot
      }
      at += count;
      this.#filled += count;
      if (this.#filled === FRAME_SAMPLES) this.flush();
    }
  }

  /** Hands out the frame being filled, short as it may be. */
  flush(): void {
    if (this.#filled === 0) return;
    const samples = this.#frame.slice(0, this.#filled);
    const frame = { samples, sampleRateHz: ENGINE_SAMPLE_RATE_HZ, startSample: this.#frameStart };
    this.#frameStart += this.#filled;
    this.#filled = 0;
    this.#channel.push({ type: 'audio', frame });
  }

  /** Emits a state, after all audio so far. */
  pushState(state: StreamState): void {
    this.flush();
    this.#channel.push({ type: 'state', state });
  }

  /** Audio that waits to be read. */
  get bufferedMs(): number {
    return this.#channel.size * LIVE_FRAME_MS;
  }

  /** Queued items are still read; then the loop ends. */
  close(): void {
    this.flush();
    this.#channel.close();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<LiveItem> {
    try {
      for await (const item of this.#channel) {
        yield* this.#given();
        yield item;
      }
    } finally {
      this.#channel.close();
    }
  }

  /** What gave way before the item that is next. */
  *#given(): Generator<LiveItem> {
    const state = this.#skippedState;
    const samples = this.#droppedSamples;
    this.#skippedState = undefined;
    this.#droppedSamples = 0;
    if (samples > 0) yield { type: 'dropped', samples };
    if (state) yield { type: 'state', state };
  }

  #drop(item: LiveItem): void {
    if (item.type === 'audio') this.#droppedSamples += item.frame.samples.length;
    if (item.type === 'state') this.#skippedState = item.state;
  }
}
