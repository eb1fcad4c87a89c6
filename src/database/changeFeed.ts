import type pg from 'pg';
import { z } from 'zod';
import { guarded } from '../core/guarded.js';
import type { Database } from './database.js';
import { ALL_TENANTS } from './sql.js';

/** Something that processes keep in memory has changed: of one tenant. */
export interface Change {
  /** `people`, `keys`, … */
  readonly topic: string;
  readonly tenantId: string;
}

const notice = z.object({ topic: z.string(), tenantId: z.string() });

const CHANNEL = 'voice_prints';
/** Interval of the look for changes whose notice was missed: a lost connection, a pooler that does not pass notices on. */
const POLL_MS = 900;
/** Versions are drawn before they are committed, so later ones may appear first: the poll looks back so far. */
const LOOK_BACK = 1_000;

/** Feeds of this process: all who follow changes of one database share its connection. */
const shared = new WeakMap<Database, { readonly starting: Promise<ChangeFeed>; holders: number }>();

/** A holder's part of a feed; disposing gives it back, and ends what it listened with. */
export interface SharedFeed extends AsyncDisposable {
  /** See `ChangeFeed.on`. */
  on(listener: (change: Change) => void): () => void;
  /** See `ChangeFeed.asOfMs`. */
  readonly asOfMs: number;
}

/**
 * Tells this process of changes that any process makes, within a second: by notices of the server, and by a look at the versions that
 * finds what was missed. Begins with `start`.
 */
export class ChangeFeed implements AsyncDisposable {
  readonly #database: Database;
  readonly #listeners = new Set<(change: Change) => void>();
  readonly #known = new Map<string, string>();
  #newest = 0n;
  #asOfMs = Number.NEGATIVE_INFINITY;
  #client: pg.Client | undefined;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(database: Database) {
    this.#database = database;
  }

  /** The feed of this database that the process has already, else a new one, which has started. Throws REGISTRY_UNAVAILABLE. */
  static async share(database: Database): Promise<SharedFeed> {
    const known = shared.get(database) ?? { starting: ChangeFeed.#started(database), holders: 0 };
    shared.set(database, known);
    known.holders += 1;
    const ends = new Set<() => void>();
    let isHeld = true;
    const release = async () => {
      if (!isHeld) return;
      isHeld = false;
      for (const end of ends) end();
      known.holders -= 1;
      if (known.holders > 0) return;
      if (shared.get(database) === known) shared.delete(database);
      await known.starting.then((feed) => feed[Symbol.asyncDispose]()).catch(() => undefined);
    };
    try {
      const feed = await known.starting;
      const on = (listener: (change: Change) => void) => {
        const end = feed.on(listener);
        ends.add(end);
        return end;
      };
      return {
        on,
        get asOfMs() {
          return feed.asOfMs;
        },
        [Symbol.asyncDispose]: release,
      };
    } catch (error) {
      await release();
      throw error;
    }
  }

  static async #started(database: Database): Promise<ChangeFeed> {
    const feed = new ChangeFeed(database);
    await feed.start();
    return feed;
  }

  /** Throws REGISTRY_UNAVAILABLE. */
  async start(): Promise<void> {
    await this.#look();
    await this.#listen();
    this.#plan();
  }

  /** Listeners were told of all changes that were made before this time, of `performance.now()`. */
  get asOfMs(): number {
    return this.#asOfMs;
  }

  /** Calls `listener` after each change, sometimes twice. Returns what ends that. */
  on(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#looking;
    await this.#client?.end().catch(() => undefined);
  }

  #plan(): void {
    if (this.#isClosed) return;
    const poll = async () => {
      this.#looking = this.#lookAndListen();
      await this.#looking;
      this.#plan();
    };
    this.#timer = setTimeout(
      guarded(() => this.#plan(), poll),
      POLL_MS,
    );
    this.#timer.unref();
  }

  async #lookAndListen(): Promise<void> {
    try {
      if (!this.#client) await this.#listen();
      await this.#look();
    } catch {
      // The server is away: whoever needs it is told so by its own work, and the next look finds what has changed.
    }
  }

  async #listen(): Promise<void> {
    const client = await this.#database.connect();
    const isLost = () => {
      if (this.#client === client) this.#client = undefined;
    };
    client.on('error', isLost);
    client.on('end', isLost);
    client.on(
      'notification',
      guarded(isLost, ({ payload = '' }: pg.Notification) => this.#tell(notice.parse(JSON.parse(payload)))),
    );
    this.#client = client;
    try {
      await client.query(`LISTEN ${CHANNEL}`);
    } catch (error) {
      isLost();
      throw error;
    }
  }

  async #look(): Promise<void> {
    const beganMs = performance.now();
    const from = this.#newest - BigInt(LOOK_BACK);
    const rows = await this.#database.query<Change & { readonly version: string }>(
      ALL_TENANTS,
      'SELECT topic, tenant_id AS "tenantId", version::text FROM voice_prints.changes WHERE version > $1 ORDER BY changes.version',
      [from.toString()],
    );
    for (const { topic, tenantId, version } of rows) {
      const place = `${topic} ${tenantId}`;
      if (this.#known.get(place) === version) continue;
      this.#known.set(place, version);
      if (BigInt(version) > this.#newest) this.#newest = BigInt(version);
      this.#tell({ topic, tenantId });
    }
    this.#asOfMs = beganMs;
  }

  #tell(change: Change): void {
    for (const listener of this.#listeners) guarded(() => undefined, listener)(change); // one that fails keeps no other from it
  }
}
