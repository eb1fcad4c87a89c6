import { AsyncResource } from 'node:async_hooks';

/** Node's longest timer. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Runs `look` when woken or at the time it requested; never concurrently, and never after `stop`. */
export class WakeUp {
  readonly #look: () => Promise<number | undefined>;
  readonly #nowMs: () => number;
  readonly #onError: (error: unknown) => void;
  #looking: Promise<void> | undefined;
  #isAgain = false;
  #isStopped = false;
  #timer: NodeJS.Timeout | undefined;

  /** `look` returns when it is to run again, in milliseconds since 1970; undefined: only when woken. */
  constructor(look: () => Promise<number | undefined>, nowMs: () => number, onError: (error: unknown) => void) {
    // Whoever wakes it is not whose work it does: what traces calls follows their asynchronous work.
    this.#look = AsyncResource.bind(look);
    this.#nowMs = nowMs;
    this.#onError = onError;
  }

  wake(): void {
    if (this.#isStopped) return;
    this.#isAgain = true;
    this.#looking ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#looking;
    clearTimeout(this.#timer);
  }

  async #run(): Promise<void> {
    let at: number | undefined;
    while (this.#isAgain && !this.#isStopped) {
      this.#isAgain = false;
      try {
        at = await this.#look();
      } catch (error) {
        this.#onError(error);
        at = this.#nowMs() + AFTER_ERROR_MS;
      }
    }
    this.#looking = undefined;
    clearTimeout(this.#timer);
    if (at === undefined || this.#isStopped) return;
    this.#timer = setTimeout(() => this.wake(), Math.min(LONGEST_TIMER_MS, Math.max(0, at - this.#nowMs())));
    this.#timer.unref();
  }
}

/** Delay after a failure of the store. */
const AFTER_ERROR_MS = 5_000;
