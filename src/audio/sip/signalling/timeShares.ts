/** Share of the time that messages of one address may take: the event loop has others to serve. */
const SHARE = 0.5;
/** What an address may take at once, after it was quiet: a burst of calls. */
const MAX_SAVED_MS = 2_000;
/** Addresses that are kept account of: the latest. */
const CAPACITY = 1_000;

/**
 * Keeps account of the time each address costs. Reading a message takes up to a millisecond for each kilobyte, so
 * whoever sends many long ones would have all of it.
 */
export class TimeShares {
  readonly #accounts = new Map<string, { readonly savedMs: number; readonly atMs: number }>();

  /** Runs `work` for an address; not where that has used up its share. @returns whether it ran */
  run(address: string, work: () => void): boolean {
    const startMs = performance.now();
    const account = this.#accounts.get(address) ?? { savedMs: MAX_SAVED_MS, atMs: startMs };
    const savedMs = Math.min(MAX_SAVED_MS, account.savedMs + SHARE * (startMs - account.atMs));
    if (savedMs <= 0) return false;
    try {
      work();
    } finally {
      const atMs = performance.now();
      this.#accounts.delete(address);
      this.#accounts.set(address, { savedMs: savedMs - (atMs - startMs), atMs: startMs });
      const [oldest] = this.#accounts.keys();
      if (this.#accounts.size > CAPACITY && oldest !== undefined) this.#accounts.delete(oldest);
    }
    return true;
  }
}
