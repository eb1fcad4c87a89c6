/** Counted since a database was opened. */
export interface DatabaseCounts {
  /** Transactions that ended: committed, begun anew since their connection ended, or failed. */
  readonly done: number;
  readonly lost: number;
  readonly failed: number;
  /** Of those that are `done`, with the wait for a connection. */
  readonly seconds: number;
  /** Of those that are `done`: which took a second or longer. */
  readonly slow: number;
}

const SLOW_MS = 1_000;

/** How the transactions of this process with a database fare. */
export class DatabaseMeter {
  #done = 0;
  #lost = 0;
  #failed = 0;
  #ms = 0;
  #slow = 0;

  get counts(): DatabaseCounts {
    return { done: this.#done, lost: this.#lost, failed: this.#failed, seconds: this.#ms / 1_000, slow: this.#slow };
  }

  /** @param startedMs of `performance.now()` */
  ended(outcome: 'done' | 'lost' | 'failed', startedMs: number): void {
    if (outcome === 'lost') this.#lost += 1;
    else if (outcome === 'failed') this.#failed += 1;
    else {
      const ms = performance.now() - startedMs;
      this.#done += 1;
      this.#ms += ms;
      if (ms >= SLOW_MS) this.#slow += 1;
    }
  }
}
