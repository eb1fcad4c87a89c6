/** Wrong keys that came from networks lately. */
export interface WrongKeys {
  /** Those of the current minute of a network, and when that ends; undefined: none. */
  of(network: string): { readonly count: number; readonly untilMs: number } | undefined;
  add(network: string): void;
}

const WINDOW_MS = 60_000;
/** Enough for every address of an office; beyond it the oldest entry is dropped. */
const MAX_NETWORKS = 10_000;

interface Failures {
  count: number;
  readonly untilMs: number;
}

/** Of one process. A minute begins with the first wrong key. */
export class LocalWrongKeys implements WrongKeys {
  readonly #now: () => number;
  readonly #failures = new Map<string, Failures>();

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  of(network: string): Failures | undefined {
    const failures = this.#failures.get(network);
    if (failures === undefined || failures.untilMs > this.#now()) return failures;
    this.#failures.delete(network);
    return undefined;
  }

  add(network: string): void {
    const failures = this.of(network);
    if (failures !== undefined) {
      failures.count += 1;
      return;
    }
    if (this.#failures.size >= MAX_NETWORKS) this.#failures.delete(this.#failures.keys().next().value!);
    this.#failures.set(network, { count: 1, untilMs: this.#now() + WINDOW_MS });
  }
}
