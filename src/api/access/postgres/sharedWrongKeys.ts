import { createHash } from 'node:crypto';
import { MINUTE_MS, minuteOf } from '../tenantUse.js';
import type { WrongKeys } from '../wrongKeys.js';
import type { Exchange } from './exchange.js';
import type { CountedWrongKeys } from './useTables.js';

/** Beyond it the oldest entry is dropped. */
const MAX_NETWORKS = 10_000;
const DIGEST_BYTES = 16;

interface Failures {
  readonly minute: number;
  readonly digest: Buffer;
  own: number;
  stored: number;
  others: number;
}

/** Wrong keys of the current minute by the clock, of all processes: what others have counted is known within a quarter of a second. */
export class SharedWrongKeys implements WrongKeys {
  readonly #exchange: Exchange;
  readonly #nowMs: () => number;
  readonly #networks = new Map<string, Failures>();

  constructor(exchange: Exchange, nowMs: () => number) {
    this.#exchange = exchange;
    this.#nowMs = nowMs;
  }

  of(network: string): { readonly count: number; readonly untilMs: number } | undefined {
    const failures = this.#networks.get(network);
    const minute = minuteOf(this.#nowMs());
    if (failures === undefined) return undefined;
    if (failures.minute === minute) {
      return { count: failures.own + failures.others, untilMs: (minute + 1) * MINUTE_MS };
    }
    this.#networks.delete(network);
    return undefined;
  }

  add(network: string): void {
    const known = this.of(network) && this.#networks.get(network);
    if (known) known.own += 1;
    else this.#begin(network);
    this.#exchange.soon();
  }

  /** What to store, and of which networks to ask for those of others. */
  counted(): readonly CountedWrongKeys[] {
    const minute = minuteOf(this.#nowMs());
    return [...this.#networks.values()]
      .filter((failures) => failures.minute === minute && failures.own > failures.stored)
      .map(({ digest, own }) => ({ network: digest, minute, count: own }));
  }

  take(
    counted: readonly CountedWrongKeys[],
    others: readonly { readonly network: Buffer; readonly count: number }[],
  ): void {
    const counts = new Map(counted.map((one) => [one.network, one]));
    const ofOthers = new Map(others.map(({ network, count }) => [network.toString('hex'), count]));
    for (const failures of this.#networks.values()) {
      const one = counts.get(failures.digest);
      if (one?.minute !== failures.minute) continue;
      failures.stored = Math.max(failures.stored, one.count);
      failures.others = ofOthers.get(failures.digest.toString('hex')) ?? 0;
    }
  }

  #begin(network: string): void {
    if (this.#networks.size >= MAX_NETWORKS) this.#networks.delete(this.#networks.keys().next().value!);
    const digest = createHash('sha256').update(network).digest().subarray(0, DIGEST_BYTES);
    this.#networks.set(network, { minute: minuteOf(this.#nowMs()), digest, own: 1, stored: 0, others: 0 });
  }
}
