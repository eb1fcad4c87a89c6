import { guarded } from '../../../core/guarded.js';

/** How long news may wait for more of it. */
const EVERY_MS = 250;
/** Wait after a failure. */
const RETRY_MS = 1_000;
/** Default of `lateMs`. */
const LATE_MS = 1_000;

interface Round {
  readonly done: Promise<void>;
  readonly end: () => void;
}

/**
 * Does something again and again while there is something to do, never twice at once: soon for what may wait, now for what is waited for.
 * Whoever asks while it is being done is served by the next round, together with all others.
 */
export class Exchange {
  /** Work that takes longer is not waited for: its server may be away. */
  readonly lateMs: number;
  readonly #work: () => Promise<void>;
  #timer: NodeJS.Timeout | undefined;
  /** Of `performance.now()`; undefined while nothing is done. */
  #beganMs: number | undefined;
  #next: Round | undefined;
  #hasFailed = false;
  #isClosed = false;

  constructor(work: () => Promise<void>, lateMs = LATE_MS) {
    this.lateMs = lateMs;
    this.#work = work;
  }

  /** Whether the other side does not answer: then nobody should wait for it. */
  get isAway(): boolean {
    return this.#hasFailed || (this.#beganMs !== undefined && performance.now() - this.#beganMs > this.lateMs);
  }

  /** Within a quarter of a second. */
  soon(waitMs = EVERY_MS): void {
    if (this.#timer || this.#next || this.#isClosed) return;
    this.#timer = setTimeout(
      guarded(
        () => undefined,
        () => {
          this.#timer = undefined;
          return this.now();
        },
      ),
      waitMs,
    );
    this.#timer.unref();
  }

  /** Resolves after a round that begins from now on, also where it fails. */
  now(): Promise<void> {
    if (this.#next) return this.#next.done;
    const next = newRound();
    this.#next = next;
    // After all that is asked for in this turn of the event loop.
    if (this.#beganMs === undefined) setImmediate(() => void this.#round(next));
    return next.done;
  }

  /** As `now`, but not longer than the other side may take, or than is said. */
  async nowOrLate(lateMs = this.lateMs): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, lateMs);
    });
    await Promise.race([this.now(), late]);
    clearTimeout(timer);
  }

  /** No round begins by itself any more. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  async #round(asked: Round): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#next = undefined;
    this.#beganMs = performance.now();
    try {
      await this.#work();
      this.#hasFailed = false;
    } catch {
      this.#hasFailed = true;
    }
    this.#beganMs = undefined;
    asked.end();
    if (this.#next) void this.#round(this.#next);
    else if (this.#hasFailed) this.soon(RETRY_MS);
  }
}

function newRound(): Round {
  let end = (): void => undefined;
  const done = new Promise<void>((resolve) => {
    end = resolve;
  });
  return { done, end };
}
