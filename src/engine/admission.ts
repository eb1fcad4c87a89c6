import { VoicePrintsError } from '../core/errors.js';

interface Waiting {
  readonly start: () => void;
  readonly refuse: (reason: unknown) => void;
}

/**
 * Lets a few jobs run and a few more wait; beyond that throws ENGINE_BUSY at once so that too many requests
 * are refused instead of filling the memory.
 */
export class Admission {
  readonly #limit: number;
  readonly #maxWaiting: number;
  readonly #waiting = new Set<Waiting>();
  readonly #running = new Set<Promise<unknown>>();
  /** Slots in use; a finished job hands its slot to the first waiting one, so that no other job takes it in between. */
  #taken = 0;

  /**
   * @param limit jobs that run at once
   * @param maxWaiting further jobs that may wait; the next one is refused
   */
  constructor(limit: number, maxWaiting: number) {
    this.#limit = limit;
    this.#maxWaiting = maxWaiting;
  }

  /** Runs `job` when its turn comes. Throws ENGINE_BUSY, or `signal`'s reason where it aborts before the turn. */
  async run<T>(job: () => Promise<T>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    if (this.#taken < this.#limit) this.#taken += 1;
    else await this.#wait(signal);
    const running = job();
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
      this.#next();
    }
  }

  /** Resolves when no job runs or waits. */
  async settled(): Promise<void> {
    while (this.#running.size > 0 || this.#waiting.size > 0) await Promise.allSettled(this.#running);
  }

  #wait(signal: AbortSignal): Promise<void> {
    if (this.#waiting.size >= this.#maxWaiting) throw busy(this.#maxWaiting);
    return new Promise((resolve, reject) => {
      const onAbort = () => waiting.refuse(signal.reason);
      const leave = () => {
        this.#waiting.delete(waiting);
        signal.removeEventListener('abort', onAbort);
      };
      const waiting: Waiting = {
        start: () => {
          leave();
          resolve();
        },
        refuse: (reason) => {
          leave();
          reject(reason);
        },
      };
      this.#waiting.add(waiting);
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  #next(): void {
    const [first] = this.#waiting;
    if (first) first.start();
    else this.#taken -= 1;
  }
}

const busy = (maxWaiting: number) =>
  new VoicePrintsError('ENGINE_BUSY', `${maxWaiting} recordings are waiting already; send this one again later`, {
    details: { waiting: maxWaiting },
  });
