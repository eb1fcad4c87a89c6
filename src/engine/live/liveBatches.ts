import type { Compute, LiveBlock, SpeechAudio } from '../compute/compute.js';
import type { BusyTime } from './busyTime.js';
import type { DetectedBlock } from './liveDetector.js';

/** Most blocks of speech detection in one task: a few milliseconds of work. */
const MAX_BLOCKS = 32;
/** Most windows in one task: the network takes 16 at once. */
const MAX_WINDOWS = 16;

interface Waiting<T, R> {
  readonly item: T;
  readonly resolve: (result: R) => void;
  readonly reject: (reason: unknown) => void;
}

/** Requests of many streams, worked on in the order they came, several in one call; a few calls at a time. */
class Batches<T, R> {
  readonly #work: (items: readonly T[]) => Promise<readonly R[]>;
  readonly #size: number;
  readonly #lanes: number;
  readonly #waiting: Waiting<T, R>[] = [];
  #busy = 0;

  constructor(work: (items: readonly T[]) => Promise<readonly R[]>, limits: { size: number; lanes: number }) {
    this.#work = work;
    this.#size = limits.size;
    this.#lanes = limits.lanes;
  }

  add(item: T): Promise<R> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      // Requests of other streams in this round of the event loop are included.
      if (this.#busy < this.#lanes) setImmediate(() => this.#start());
    });
  }

  #start(): void {
    if (this.#busy >= this.#lanes || this.#waiting.length === 0) return;
    const batch = this.#waiting.splice(0, this.#size);
    this.#busy += 1;
    void this.#answer(batch).finally(() => {
      this.#busy -= 1;
      this.#start();
    });
  }

  async #answer(batch: readonly Waiting<T, R>[]): Promise<void> {
    try {
      const results = await this.#work(batch.map(({ item }) => item));
      for (const [i, { resolve }] of batch.entries()) resolve(results[i]!);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }
}

/**
 * The networks as all live streams share them. Fair without further ado: a stream waits for its answer before it asks
 * again, so that none has two places in a queue.
 */
export class LiveBatches {
  readonly #blocks: Batches<LiveBlock, DetectedBlock>;
  readonly #windows: Batches<SpeechAudio, Float32Array<ArrayBuffer>>;

  /** @param signal ends everything, with the engine  @param busy counts the time the networks take  @param lanes calls at a time, as many as the networks have threads */
  constructor(
    compute: Compute,
    { signal, lanes, busy }: { readonly signal: AbortSignal; readonly lanes: number; readonly busy: BusyTime },
  ) {
    const detect = (blocks: readonly LiveBlock[]) => busy.during(compute.detectSpeechIn(blocks, signal));
    const embed = (speech: readonly SpeechAudio[]) => busy.during(compute.embed(speech, signal));
    this.#blocks = new Batches(detect, { size: MAX_BLOCKS, lanes });
    this.#windows = new Batches(embed, { size: MAX_WINDOWS, lanes });
  }

  detectSpeech(block: LiveBlock): Promise<DetectedBlock> {
    return this.#blocks.add(block);
  }

  /** Unit-norm embedding of the one window of each; see Compute.embed. */
  embed(windows: readonly SpeechAudio[]): Promise<readonly Float32Array<ArrayBuffer>[]> {
    return Promise.all(windows.map((window) => this.#windows.add(window)));
  }
}
