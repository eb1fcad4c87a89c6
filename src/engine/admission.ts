import { VoicePrintsError } from '../core/errors.js';

interface Waiting {
  readonly tenantId: string;
  readonly start: () => void;
  readonly refuse: (reason: unknown) => void;
}

/**
 * Lets a few jobs run and a few more wait; beyond that throws ENGINE_BUSY at once so that too many requests
 * are refused instead of filling the memory. A tenant of whom nothing runs has one place more, so that it does not wait for
 * the recordings of another; who waits is started in order, those of whom least runs first.
 */
export class Admission {
  readonly #limit: number;
  readonly #maxWaiting: number;
  readonly #waiting = new Set<Waiting>();
  readonly #running = new Set<Promise<unknown>>();
  /** Slots in use, of all and of each tenant; a finished job hands its slot to a waiting one, so that no other job takes it in between. */
  #taken = 0;
  readonly #takenBy = new Map<string, number>();

  /**
   * @param limit jobs that run at once
   * @param maxWaiting further jobs that may wait; the next one is refused
   */
  constructor(limit: number, maxWaiting: number) {
    this.#limit = limit;
    this.#maxWaiting = maxWaiting;
  }

  /** Runs `job` when its turn comes. Throws ENGINE_BUSY, or `signal`'s reason where it aborts before the turn. */
  async run<T>(job: () => Promise<T>, signal: AbortSignal, tenantId = ''): Promise<T> {
    signal.throwIfAborted();
    if (this.#mayStart(tenantId)) this.#take(tenantId, 1);
    else await this.#wait(signal, tenantId);
    const running = job();
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
      this.#take(tenantId, -1);
      this.#next();
    }
  }

  /** Resolves when no job runs or waits. */
  async settled(): Promise<void> {
    while (this.#running.size > 0 || this.#waiting.size > 0) await Promise.allSettled(this.#running);
  }

  #wait(signal: AbortSignal, tenantId: string): Promise<void> {
    if (this.#waiting.size >= this.#maxWaiting) throw busy(this.#maxWaiting);
    return new Promise((resolve, reject) => {
      const onAbort = () => waiting.refuse(signal.reason);
      const leave = () => {
        this.#waiting.delete(waiting);
        signal.removeEventListener('abort', onAbort);
      };
      const waiting: Waiting = {
        tenantId,
        start: () => {
          leave();
          this.#take(tenantId, 1);
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
    const isMore = (one: Waiting, other: Waiting) => this.#of(one.tenantId) > this.#of(other.tenantId);
    const [first, ...rest] = this.#waiting;
    if (first === undefined) return;
    const next = rest.reduce((best, one) => (isMore(best, one) ? one : best), first);
    if (this.#mayStart(next.tenantId)) next.start();
  }

  #mayStart(tenantId: string): boolean {
    return this.#taken < this.#limit + (this.#of(tenantId) === 0 ? 1 : 0);
  }

  #of(tenantId: string): number {
    return this.#takenBy.get(tenantId) ?? 0;
  }

  #take(tenantId: string, change: 1 | -1): void {
    this.#taken += change;
    const own = this.#of(tenantId) + change;
    if (own > 0) this.#takenBy.set(tenantId, own);
    else this.#takenBy.delete(tenantId);
  }
}

const busy = (maxWaiting: number) =>
  new VoicePrintsError('ENGINE_BUSY', `${maxWaiting} recordings are waiting already; send this one again later`, {
    details: { waiting: maxWaiting },
  });
