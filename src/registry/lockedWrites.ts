import { setTimeout as sleep } from 'node:timers/promises';
import type { StoreLock } from '../files/storeLock.js';
import { guarded } from './guarded.js';

/** Pause between two writes of one process, longer than a waiter's polling interval, so that a busy writer does not starve others. */
const PAUSE_BETWEEN_WRITES_MS = 8;

/** A write that waits for the lock. */
export interface PendingWrite {
  readonly reject: (error: unknown) => void;
}

/**
 * Writes what was added so far and returns what settles the callers. `take` gives the writes, also those that arrived while
 * waiting: call it late.
 */
type WriteBatch<W> = (take: () => readonly W[], stillMine: () => Promise<void>) => Promise<readonly (() => void)[]>;

/** Writes of one process to one store: in batches, each under the lock that other processes respect. */
export class LockedWrites<W extends PendingWrite> {
  readonly #lock: StoreLock;
  readonly #write: WriteBatch<W>;
  #pending: W[] = [];
  #writer: Promise<void> | undefined;

  constructor(lock: StoreLock, write: WriteBatch<W>) {
    this.#lock = lock;
    this.#write = write;
  }

  add(write: W): void {
    this.#pending.push(write);
    this.#writer ??= this.#writeAll();
  }

  /** Resolves when nothing waits any more. */
  async settled(): Promise<void> {
    await this.#writer;
  }

  async #writeAll(): Promise<void> {
    do {
      await this.#writeBatch();
      await sleep(PAUSE_BETWEEN_WRITES_MS);
    } while (this.#pending.length > 0);
    this.#writer = undefined;
  }

  async #writeBatch(): Promise<void> {
    let batch: W[] | undefined;
    const take = (): readonly W[] => {
      batch ??= this.#pending.splice(0);
      return batch;
    };
    try {
      const answers = await guarded(() => this.#lock.holding((stillMine) => this.#write(take, stillMine)));
      for (const answer of answers) answer(); // after the lock is released: nothing of the write is left behind
    } catch (error) {
      for (const { reject } of batch ?? this.#pending.splice(0)) reject(error);
    }
  }
}
