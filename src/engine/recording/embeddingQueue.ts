import type { Compute, SpeechAudio } from '../compute/compute.js';

/** Windows handed to the workers at once. */
const BATCH_WINDOWS = 64;
/** Batches under way: enough for every thread, while the audio waiting stays within about a minute. */
const MAX_BATCHES = 4;

/** Collects speech into batches and keeps a few of them under way; embeddings come out in the order added. */
export class EmbeddingQueue {
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

  /** Resolves once every batch has succeeded or failed. Never rejects. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#batches);
  }

  async #post(): Promise<void> {
    const spans = this.#waiting;
    this.#waiting = [];
    this.#waitingWindows = 0;
    const batch = this.#compute.embed(spans, this.#signal);
    batch.catch(() => undefined); // handled in finish(), or through settled() when something else failed first
    this.#batches.push(batch);
    this.#underWay.push(batch);
    if (this.#underWay.length >= MAX_BATCHES) await this.#underWay.shift();
  }
}
