import { networkOf } from './networkOf.js';

const WINDOW_MS = 60_000;
/** Enough for every address of an office; beyond it the oldest entry is dropped. */
const MAX_ADDRESSES = 10_000;

interface Failures {
  count: number;
  readonly untilMs: number;
}

/** Throttles key guessing: an address that sent too many wrong keys within a minute waits until the minute is over. */
export class KeyThrottle {
  readonly #maxFailures: number;
  readonly #now: () => number;
  readonly #failures = new Map<string, Failures>();

  constructor(maxFailuresPerMinute: number, now: () => number = Date.now) {
    this.#maxFailures = maxFailuresPerMinute;
    this.#now = now;
  }

  /** Seconds this address has to wait; 0 when it may try. */
  waitSeconds(address: string): number {
    const failures = this.#current(networkOf(address));
    if (failures === undefined || failures.count < this.#maxFailures) return 0;
    return Math.max(1, Math.ceil((failures.untilMs - this.#now()) / 1000));
  }

  /** Counts one wrong key. */
  failed(address: string): void {
    const network = networkOf(address);
    const failures = this.#current(network);
    if (failures !== undefined) {
      failures.count += 1;
      return;
    }
    if (this.#failures.size >= MAX_ADDRESSES) this.#failures.delete(this.#failures.keys().next().value!);
    this.#failures.set(network, { count: 1, untilMs: this.#now() + WINDOW_MS });
  }

  #current(network: string): Failures | undefined {
    const failures = this.#failures.get(network);
    if (failures === undefined || failures.untilMs > this.#now()) return failures;
    this.#failures.delete(network);
    return undefined;
  }
}
