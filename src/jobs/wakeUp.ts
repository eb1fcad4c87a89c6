/** Node's longest timer. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Runs `look` when it is woken or when the time it asked for has come; never twice at once, and never in vain after `stop`. */
export class WakeUp {
  readonly #look: () => Promise<number | undefined>;
  readonly #nowMs: () => number;
  readonly #onError: (error: unknown) => void;
  #looking: Promise<void> | undefined;
  #isAgain = false;
  #isStopped = false;
  #timer: NodeJS.Timeout | undefined;

  /** `look` returns when it wants to be run again, in milliseconds since 1970; undefined: when woken. */
  constructor(look: () => Promise<number | undefined>, nowMs: () => number, onError: (error: unknown) => void) {
    this.#look = look;
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

/** A store that fails is looked at again after this. */
const AFTER_ERROR_MS = 5_000;

/**
 * A due time for WakeUp: what was due already when it was looked for, at `lookedAtMs`, waits for something else than
 * time, whose end wakes. The time of the look, not of now: a timer may fire a millisecond early, and what becomes due
 * between the two would never be looked at again.
 */
export const inFuture = (dueMs: number | undefined, lookedAtMs: number): number | undefined =>
  dueMs === undefined || dueMs <= lookedAtMs ? undefined : dueMs;
