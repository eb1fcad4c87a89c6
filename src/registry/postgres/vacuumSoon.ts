import type { Database } from '../../database/database.js';

/** Of erasures in this time the tables are vacuumed once. */
const AFTER_MS = 5_000;

/**
 * Removes rows for good that PostgreSQL only marked as deleted: by a VACUUM some seconds after the first erasure, where this user may
 * do that and no older transaction still sees them. What fails is left to the server's own vacuum.
 */
export class VacuumSoon implements AsyncDisposable {
  readonly #database: Database;
  readonly #tables: string;
  #timer: NodeJS.Timeout | undefined;
  #work: Promise<void> = Promise.resolve();

  /** @param tables of the schema `voice_prints` */
  constructor(database: Database, tables: readonly string[]) {
    this.#database = database;
    this.#tables = tables.map((table) => `voice_prints.${table}`).join(', ');
  }

  /** To be called after each erasure. */
  erased(): void {
    this.#timer ??= setTimeout(() => this.#begin(), AFTER_MS).unref();
  }

  /** Does at once what is due. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#timer) this.#begin();
    await this.#work;
  }

  #begin(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#work = this.#work.then(() => this.#vacuum()).catch(() => undefined);
  }

  /** On a connection of its own: VACUUM runs in no transaction. Tables that another process vacuums are left to it. */
  async #vacuum(): Promise<void> {
    const client = await this.#database.connect();
    try {
      await client.query(`VACUUM (SKIP_LOCKED) ${this.#tables}`);
    } finally {
      await client.end();
    }
  }
}
