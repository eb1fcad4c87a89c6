import { Database } from '../../src/database/database.js';
import { ALL_TENANTS } from '../../src/database/sql.js';
import { freshDatabase, type TestDatabase } from './postgres.js';

/** One database for many cases, each of which finds its tables empty: making one for each would take half a second. */
export class EmptyDatabases implements AsyncDisposable {
  #made: Promise<TestDatabase> | undefined;

  /** Address of the database, once nothing is in its tables. */
  async next(): Promise<string> {
    this.#made ??= freshDatabase();
    const { url } = await this.#made;
    await using database = await Database.open(url);
    const tables = await database.query<{ name: string }>(
      ALL_TENANTS,
      `SELECT format('voice_prints.%I', tablename) AS name FROM pg_tables WHERE schemaname = 'voice_prints' AND tablename <> 'migrations'`,
    );
    await database.query(ALL_TENANTS, `TRUNCATE ${tables.map(({ name }) => name).join(', ')}`);
    return url;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#made)?.[Symbol.asyncDispose]();
  }
}
