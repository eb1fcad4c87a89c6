import { networkOf } from './networkOf.js';
import { LocalWrongKeys, type WrongKeys } from './wrongKeys.js';

/** Throttles key guessing: an address that sent too many wrong keys within a minute waits until the minute is over. */
export class KeyThrottle {
  readonly #maxFailures: number;
  readonly #now: () => number;
  readonly #wrongKeys: WrongKeys;

  constructor(
    maxFailuresPerMinute: number,
    now: () => number = Date.now,
    wrongKeys: WrongKeys = new LocalWrongKeys(now),
  ) {
    this.#maxFailures = maxFailuresPerMinute;
    this.#now = now;
    this.#wrongKeys = wrongKeys;
  }

  /** Seconds this address has to wait; 0 when it may try. */
  waitSeconds(address: string): number {
    const failures = this.#wrongKeys.of(networkOf(address));
    if (failures === undefined || failures.count < this.#maxFailures) return 0;
    return Math.max(1, Math.ceil((failures.untilMs - this.#now()) / 1000));
  }

  /** Counts one wrong key. */
  failed(address: string): void {
    this.#wrongKeys.add(networkOf(address));
  }
}
