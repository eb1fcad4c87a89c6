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
      this.#pay(address, savedMs - (performance.now() - startMs), startMs);
    }
  }

  /**
   * Charges an address for work that is done elsewhere.
   *
   * @returns whether it had that much left; else nothing is charged
   */
  charge(address: string, costMs: number): boolean {
    const nowMs = performance.now();
    const savedMs = this.#savedMs(address, nowMs);
    if (savedMs < costMs) return false;
    this.#pay(address, savedMs - costMs, nowMs);
    return true;
  }

  #pay(address: string, savedMs: number, atMs: number): void {
    this.#accounts.delete(address);
    this.#accounts.set(address, { savedMs, atMs });
    const [oldest] = this.#accounts.keys();
    if (this.#accounts.size > CAPACITY && oldest !== undefined) this.#accounts.delete(oldest);
  }

  #savedMs(address: string, nowMs: number): number {
    const account = this.#accounts.get(address);
    return account ? Math.min(MAX_SAVED_MS, account.savedMs + SHARE * (nowMs - account.atMs)) : MAX_SAVED_MS;
  }
}
