/** Share of the time that messages of one address may take: the event loop has others to serve. */
const SHARE = 0.2;
/** What an address may take at once, after it was quiet: a burst of calls. */
const MAX_SAVED_MS = 2_000;
/** Addresses that are kept account of: the latest. */
const CAPACITY = 1_000;

/**
 * Keeps account of the time each address costs. Reading a message takes up to a millisecond for each kilobyte, so
 * one sender of many long ones would use all of it.
 */
export class TimeShares {
  readonly #accounts = new Map<string, { readonly savedMs: number; readonly atMs: number }>();

  /** Whether an address has used up its share for now: what it sends need not even be read. */
  isSpent(address: string): boolean {
    return this.#savedMs(address, performance.now()) <= 0;
  }

  /** Runs `work` at the cost of an address. */
  run(address: string, work: () => void): void {
    const startMs = performance.now();
    const savedMs = this.#savedMs(address, startMs);
    try {
      work();
    } finally {
      const atMs = performance.now();
      this.#accounts.delete(address);
      this.#accounts.set(address, { savedMs: savedMs - (atMs - startMs), atMs: startMs });
      const [oldest] = this.#accounts.keys();
      if (this.#accounts.size > CAPACITY && oldest !== undefined) this.#accounts.delete(oldest);
    }
  }

  #savedMs(address: string, nowMs: number): number {
    const account = this.#accounts.get(address);
    return account ? Math.min(MAX_SAVED_MS, account.savedMs + SHARE * (nowMs - account.atMs)) : MAX_SAVED_MS;
  }
}
