import { setTimeout as delay } from 'node:timers/promises';
import { ChangeFeed, type SharedFeed } from '../../database/changeFeed.js';
import { Database, type SharedDatabase } from '../../database/database.js';
import type { DatabaseCounts } from '../../database/databaseMeter.js';
import { type QueueCounts, queueCounts } from '../../jobs/postgres/queueCounts.js';

/** What is to be watched of processes that share a database. */
export interface FleetState {
  /** Of all processes together; undefined where the database does not answer at once. */
  readonly queue: QueueCounts | undefined;
  /** Of this process. */
  readonly database: DatabaseCounts;
  /** How old what this process knows of changes by others is at most. */
  readonly changesAgeMs: number;
}

/** Whoever reads metrics waits no longer for a database that is away. */
const PATIENCE_MS = 2_000;

/** Counts of the database, and of what this process has with it. Everybody asks for them often: one question for all who ask at once. */
export class FleetCounts implements AsyncDisposable {
  readonly #shared: SharedDatabase;
  readonly #feed: SharedFeed;
  #asking: Promise<QueueCounts | undefined> | undefined;

  private constructor(shared: SharedDatabase, feed: SharedFeed) {
    this.#shared = shared;
    this.#feed = feed;
  }

  /** Throws what Database.open throws. */
  static async open(databaseUrl: string): Promise<FleetCounts> {
    const shared = await Database.share(databaseUrl);
    try {
      return new FleetCounts(shared, await ChangeFeed.share(shared.database));
    } catch (error) {
      await shared[Symbol.asyncDispose]();
      throw error;
    }
  }

  async read(): Promise<FleetState> {
    const { database } = this.#shared;
    this.#asking ??= queueCounts(database)
      .catch(() => undefined)
      .finally(() => {
        this.#asking = undefined;
      });
    const queue = await Promise.race([this.#asking, delay(PATIENCE_MS, undefined, { ref: false })]);
    return { queue, database: database.counts, changesAgeMs: performance.now() - this.#feed.asOfMs };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#feed[Symbol.asyncDispose]();
    await this.#shared[Symbol.asyncDispose]();
  }
}
