import { guarded } from '../core/guarded.js';
import type { StoreListener } from '../registry/postgres/postgresStore.js';

const RETRY_MS = 1_000;

export interface OthersChangesOptions {
  /** Looks at who was enrolled, changed or erased in a tenant. */
  readonly onPeople: (tenantId: string) => Promise<void>;
  /** Reads the calibration again. */
  readonly onCalibration: () => Promise<void>;
}

/**
 * Brings what an engine has in memory up to date with what other processes changed. Changes that arrive while one is looked at are
 * looked at together; what fails is tried again each second, as an erased person must not stay.
 */
export class OthersChanges implements StoreListener, Disposable {
  readonly #options: OthersChangesOptions;
  /** Looks that run, by what they look at; true where another one is due after it. */
  readonly #running = new Map<string, boolean>();
  readonly #retries = new Set<NodeJS.Timeout>();
  #isClosed = false;

  constructor(options: OthersChangesOptions) {
    this.#options = options;
  }

  onPeople(tenantId: string): void {
    this.#look(`people\n${tenantId}`, () => this.#options.onPeople(tenantId));
  }

  onCalibration(): void {
    this.#look('calibration', this.#options.onCalibration);
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    for (const retry of this.#retries) clearTimeout(retry);
  }

  #look(what: string, look: () => Promise<void>): void {
    if (this.#isClosed) return;
    const isRunning = this.#running.has(what);
    this.#running.set(what, isRunning);
    if (isRunning) return;
    const end = () => {
      const isDue = this.#running.get(what);
      this.#running.delete(what);
      if (isDue) this.#look(what, look);
    };
    const later = () => {
      this.#running.delete(what);
      if (!this.#isClosed) this.#retry(what, look);
    };
    guarded(later, async () => {
      await look();
      end();
    })();
  }

  #retry(what: string, look: () => Promise<void>): void {
    const retry = setTimeout(() => {
      this.#retries.delete(retry);
      this.#look(what, look);
    }, RETRY_MS);
    this.#retries.add(retry.unref());
  }
}
