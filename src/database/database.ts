import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { VoicePrintsError } from '../core/errors.js';
import { driverAddress } from './address.js';
import { type CommitMark, CommitMarks } from './commitMarks.js';
import { databaseError, isConnectionLost, isOfDatabase, isUndone } from './databaseError.js';
import { type DatabaseCounts, DatabaseMeter } from './databaseMeter.js';
import { assertMigrated, migrate } from './migrate.js';
import { ALL_TENANTS, type Sql, type Transactions } from './sql.js';
import { type TablesUse, tablesUse } from './tablesUse.js';

/** Databases of this process by address: all who open the same one share its connections. */
const shared = new Map<string, { readonly opening: Promise<Database>; holders: number }>();

export interface DatabaseOptions {
  /** Most connections of this process. Default 10. */
  readonly maxConnections?: number | undefined;
  /** How long work waits for a server that restarts, in milliseconds. Default 15,000. */
  readonly patienceMs?: number | undefined;
  /** Default: as VOICE_PRINTS_MIGRATE says. */
  readonly tables?: TablesUse | undefined;
}

const MOST_CONNECTIONS = 10;
const PATIENCE_MS = 15_000;
const CONNECT_TIMEOUT_MS = 10_000;
/** A statement that takes longer is waiting for a lock that nobody gives back. */
const STATEMENT_TIMEOUT_MS = 60_000;
/** A server that has not even said so by then cannot be reached any more. */
const UNANSWERED_MS = STATEMENT_TIMEOUT_MS + 5_000;
const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 1_000;

/** A holder's part of a database; disposing gives it back. */
export interface SharedDatabase extends AsyncDisposable {
  readonly database: Database;
}

/**
 * Connections to one PostgreSQL database. Work that loses its connection, as when the server restarts or crashes, is done again on a
 * new one, unless its mark says that it was committed after all.
 */
export class Database implements Transactions, AsyncDisposable {
  readonly #pool: pg.Pool;
  readonly #patienceMs: number;
  readonly #meter = new DatabaseMeter();
  readonly #marks = new CommitMarks();
  #isClosed = false;

  private constructor(url: string, { maxConnections = MOST_CONNECTIONS, patienceMs = PATIENCE_MS }: DatabaseOptions) {
    this.#pool = new pg.Pool({
      connectionString: url,
      max: maxConnections,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      statement_timeout: STATEMENT_TIMEOUT_MS,
      query_timeout: UNANSWERED_MS,
      idle_in_transaction_session_timeout: STATEMENT_TIMEOUT_MS,
      keepAlive: true,
      application_name: 'voice-prints',
      allowExitOnIdle: true,
    });
    this.#patienceMs = patienceMs;
    // An idle connection that the server closes: the pool has dropped it, and the next work opens another.
    this.#pool.on('error', () => undefined);
    // One in use that ends between two statements: the next statement fails, and without a listener the process would end.
    this.#pool.on('connect', (client) => client.on('error', () => undefined));
  }

  /**
   * Connects, and brings the tables up to date or only looks at them.
   *
   * @param url `postgres://user:password@host:port/database`; never shown
   * @throws VoicePrintsError CONFIG_INVALID for what is no such address; REGISTRY_UNAVAILABLE, also for tables of an earlier
   *   release that are to be left as they are; REGISTRY_VERSION_NEWER for tables of a later one
   */
  static async open(url: string, options: DatabaseOptions = {}): Promise<Database> {
    const database = new Database(driverAddress(url), options);
    try {
      const tables = options.tables ?? tablesUse();
      if (tables === 'migrate') await migrate(database);
      if (tables === 'check') await assertMigrated(database);
      if (tables !== 'leave') await database.transaction(ALL_TENANTS, (sql) => database.#marks.forget(sql));
      return database;
    } catch (error) {
      await database[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The database of this address that the process has open already, else a new one. It is closed by its last holder. */
  static async share(url: string): Promise<SharedDatabase> {
    const known = shared.get(url) ?? { opening: Database.open(url), holders: 0 };
    shared.set(url, known);
    known.holders += 1;
    let isHeld = true;
    const release = async () => {
      if (!isHeld) return;
      isHeld = false;
      known.holders -= 1;
      if (known.holders > 0) return;
      if (shared.get(url) === known) shared.delete(url);
      await known.opening.then((database) => database[Symbol.asyncDispose]()).catch(() => undefined);
    };
    try {
      return { database: await known.opening, [Symbol.asyncDispose]: release };
    } catch (error) {
      await release();
      throw error;
    }
  }

  /** How the transactions of this process fare. */
  get counts(): DatabaseCounts {
    return this.#meter.counts;
  }

  /**
   * Work in one transaction that sees and changes the rows of one tenant, or of `ALL_TENANTS`. It may run several times: it must
   * have no other effects than its statements.
   *
   * @throws VoicePrintsError REGISTRY_UNAVAILABLE where the server does not answer within the patience; what `work` throws
   */
  async transaction<T>(tenantId: string, work: (sql: Sql) => Promise<T>): Promise<T> {
    const untilMs = Date.now() + this.#patienceMs;
    for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS)) {
      const startedMs = performance.now();
      const attempt = await this.#attempt(tenantId, work).catch((error: unknown) => {
        // What `work` refuses is no failure of the database.
        this.#meter.ended(isFailure(error) ? 'failed' : 'done', startedMs);
        throw error;
      });
      this.#meter.ended('result' in attempt ? 'done' : 'lost', startedMs);
      if ('result' in attempt) return attempt.result;
      if (this.#isClosed || Date.now() + waitMs > untilMs) throw databaseError(attempt.lost);
      await delay(waitMs);
    }
  }

  /** One statement of a transaction of its own. */
  query<Row extends object>(tenantId: string, text: string, values?: readonly unknown[]): Promise<Row[]> {
    return this.transaction(tenantId, (sql) => sql<Row>(text, values));
  }

  /** A connection for one holder alone, which has to end it: for LISTEN, or locks of a session. */
  async connect(): Promise<pg.Client> {
    const client = new pg.Client({ ...this.#pool.options, statement_timeout: 0, query_timeout: 0 });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return client;
    } catch (error) {
      throw databaseError(error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#pool.end();
  }

  async #attempt<T>(
    tenantId: string,
    work: (sql: Sql) => Promise<T>,
  ): Promise<{ readonly result: T } | { readonly lost: unknown }> {
    if (this.#isClosed) throw new VoicePrintsError('REGISTRY_UNAVAILABLE', 'the database was closed; open it again');
    let client: pg.PoolClient | undefined;
    /** Of a transaction whose commit was sent and not confirmed. */
    let unconfirmed: { readonly mark: CommitMark; readonly result: T } | undefined;
    try {
      client = await this.#connected();
      const own = client;
      const sql: Sql = async <Row extends object>(text: string, values: readonly unknown[] = []) =>
        (await own.query<Row>(text, values as unknown[])).rows;
      await sql('BEGIN');
      await sql(`SELECT set_config('voice_prints.tenant', $1, true)`, [tenantId]);
      const result = await work(sql);
      const mark = await this.#marks.set(sql);
      unconfirmed = mark && { mark, result };
      await sql('COMMIT');
      client.release();
      if (mark) this.#marks.free(mark);
      return { result };
    } catch (error) {
      if (isConnectionLost(error)) {
        client?.release(true);
        if (unconfirmed && (await this.#isCommitted(unconfirmed.mark))) return { result: unconfirmed.result };
        return { lost: error };
      }
      const isBroken = client !== undefined && !(await rolledBack(client));
      client?.release(isBroken);
      if (isUndone(error)) return { lost: error };
      throw isOfDatabase(error) ? databaseError(error) : error;
    }
  }

  /** Any failure to connect is one of the database, also those of TLS and of the address, which have no class of their own. */
  async #connected(): Promise<pg.PoolClient> {
    try {
      return await this.#pool.connect();
    } catch (error) {
      throw isConnectionLost(error) ? error : databaseError(error);
    }
  }

  /** Asks, once the server answers again, how a transaction ended. Throws REGISTRY_UNAVAILABLE. */
  async #isCommitted(mark: CommitMark): Promise<boolean> {
    const untilMs = Date.now() + this.#patienceMs;
    const sql: Sql = async <Row extends object>(text: string, values: readonly unknown[] = []) =>
      (await this.#pool.query<Row>(text, values as unknown[])).rows;
    for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS)) {
      try {
        return await this.#marks.isCommitted(sql, mark);
      } catch (error) {
        if (!isConnectionLost(error) || this.#isClosed || Date.now() + waitMs > untilMs) throw databaseError(error);
      }
      await delay(waitMs);
    }
  }
}

const isFailure = (error: unknown): boolean =>
  !(error instanceof VoicePrintsError) || error.code === 'REGISTRY_UNAVAILABLE';

async function rolledBack(client: pg.PoolClient): Promise<boolean> {
  try {
    await client.query('ROLLBACK');
    return true;
  } catch {
    return false;
  }
}
