import { VoicePrintsError } from '../../../core/errors.js';
import { guarded } from '../../../core/guarded.js';
import { lazy } from '../../../core/lazy.js';
import type { SharedFeed } from '../../../database/changeFeed.js';
import type { SharedDatabase } from '../../../database/database.js';
import { ALL_TENANTS, type Sql } from '../../../database/sql.js';
import { EMPTY_RING, ringOf, type StoredRing } from '../keyFile.js';
import type { RingStore } from '../ringStore.js';

/** In `voice_prints.settings`. */
const NAME = 'api-keys';
const TOPIC = 'keys';
const READ = `SELECT value FROM voice_prints.settings WHERE name = '${NAME}'`;

/**
 * How long keys count without news of the database. Servers restart within a minute and clusters fail over within a few; beyond that
 * a key that was revoked elsewhere must not go on here.
 */
export const CERTAIN_MS = 300_000;
const RETRY_MS = 1_000;

interface Opened extends SharedDatabase {
  readonly feed: SharedFeed;
}

/** Keys in one row of a database, as a document: all of them are read at once, and few are changed. */
export class PostgresRing implements RingStore {
  readonly #url: string;
  readonly #opened = lazy(() => this.#open());
  #follow: (() => Promise<void>) | undefined;
  /** Of `performance.now()`: when the last successful read began. */
  #readMs = Number.NEGATIVE_INFINITY;
  /** Whether the ring has changed since it was read, as far as the feed knows. */
  #isOutdated = false;
  #feed: SharedFeed | undefined;
  #retry: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(databaseUrl: string) {
    this.#url = databaseUrl;
  }

  get isCertain(): boolean {
    const seenMs = this.#isOutdated ? this.#readMs : Math.max(this.#readMs, this.#feed?.asOfMs ?? this.#readMs);
    return performance.now() - seenMs <= CERTAIN_MS;
  }

  async read(): Promise<StoredRing> {
    const { database } = await this.#opened.get();
    const beganMs = performance.now();
    const [row] = await database.query<{ value: unknown }>(ALL_TENANTS, READ);
    const ring = ringIn(row);
    this.#readMs = beganMs;
    return ring;
  }

  async change(change: (ring: StoredRing) => StoredRing, onChanged: (ring: StoredRing) => void): Promise<void> {
    const { database } = await this.#opened.get();
    onChanged(await database.transaction(ALL_TENANTS, (sql) => changed(sql, change)));
  }

  follow(onChange: () => Promise<void>): void {
    if (this.#follow) return;
    this.#follow = onChange;
    this.#look(() => this.#listen());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#retry);
    const opened = await this.#opened.opened();
    await opened?.feed[Symbol.asyncDispose]();
    await opened?.[Symbol.asyncDispose]();
  }

  async #open(): Promise<Opened> {
    if (this.#isClosed) throw new VoicePrintsError('REGISTRY_UNAVAILABLE', 'the keys were closed; open them again');
    const [{ Database }, { ChangeFeed }] = await Promise.all([
      import('../../../database/database.js'),
      import('../../../database/changeFeed.js'),
    ]);
    const shared = await Database.share(this.#url);
    try {
      return { ...shared, feed: await ChangeFeed.share(shared.database) };
    } catch (error) {
      await shared[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #listen(): Promise<void> {
    const { feed } = await this.#opened.get();
    if (this.#feed === undefined) {
      this.#feed = feed;
      feed.on(({ topic }) => {
        if (topic !== TOPIC) return;
        this.#isOutdated = true;
        this.#look(() => this.#readAgain());
      });
    }
    await this.#readAgain(); // what changed before
  }

  async #readAgain(): Promise<void> {
    this.#isOutdated = false; // before: a change from now on says so again
    try {
      await this.#follow?.();
    } catch (error) {
      this.#isOutdated = true;
      throw error;
    }
  }

  /** Until it succeeds. */
  #look(look: () => Promise<void>): void {
    if (this.#isClosed) return;
    const later = () => {
      clearTimeout(this.#retry);
      if (this.#isClosed) return;
      this.#retry = setTimeout(() => this.#look(look), RETRY_MS);
      this.#retry.unref();
    };
    guarded(later, look)();
  }
}

async function changed(sql: Sql, change: (ring: StoredRing) => StoredRing): Promise<StoredRing> {
  await sql(`INSERT INTO voice_prints.settings (name, value) VALUES ('${NAME}', $1) ON CONFLICT DO NOTHING`, [
    JSON.stringify(EMPTY_RING),
  ]);
  const [row] = await sql<{ value: unknown }>(`${READ} FOR UPDATE`);
  const next = change(ringIn(row));
  await sql(`UPDATE voice_prints.settings SET value = $1 WHERE name = '${NAME}'`, [JSON.stringify(next)]);
  await sql(`SELECT voice_prints.changed('${TOPIC}', '${ALL_TENANTS}')`);
  return next;
}

function ringIn(row: { readonly value: unknown } | undefined): StoredRing {
  if (row === undefined) return EMPTY_RING;
  const ring = ringOf(row.value);
  if (ring) return ring;
  const message = `the setting "${NAME}" of the database is damaged; restore it from a backup`;
  throw new VoicePrintsError('CONFIG_INVALID', message);
}
