import { VoicePrintsError } from '../core/errors.js';
import type { Migration } from './migrations/migration.js';
import { MIGRATIONS } from './migrations/migrations.js';
import { ALL_TENANTS, type Sql, type Transactions } from './sql.js';

/** Any number that nothing else locks: two processes that start together migrate one after the other. */
const LOCK = 7_238_114_402;

const TABLES_VERSION = `SELECT coalesce(max(version), 0)::int AS version FROM voice_prints.migrations`;

/**
 * Applies what is missing, all of it or nothing. Any number of processes may do so at once.
 *
 * @returns the migrations that were applied
 * @throws VoicePrintsError REGISTRY_VERSION_NEWER for tables of a later release; REGISTRY_UNAVAILABLE
 */
export async function migrate(database: Transactions): Promise<readonly Migration[]> {
  return database.transaction(ALL_TENANTS, async (sql) => {
    const before = await versionOf(sql);
    if (missing(before).length === 0) return [];
    await lockTables(sql);
    await sql('CREATE SCHEMA IF NOT EXISTS voice_prints');
    await sql(`CREATE TABLE IF NOT EXISTS voice_prints.migrations (
      version int PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`);
    // Again, under the lock: another process may just have done it.
    const steps = missing(await versionOf(sql));
    for (const { version, name, sql: text } of steps) {
      await sql(text);
      await sql('INSERT INTO voice_prints.migrations (version, name) VALUES ($1, $2)', [version, name]);
    }
    return steps;
  });
}

/** What `migrate` would apply; nothing is changed. Throws as `migrate` does. */
export const missingMigrations = (database: Transactions): Promise<readonly Migration[]> =>
  database.transaction(ALL_TENANTS, async (sql) => missing(await versionOf(sql)));

/** Throws REGISTRY_UNAVAILABLE for tables of an earlier release, REGISTRY_VERSION_NEWER for those of a later one. */
export async function assertMigrated(database: Transactions): Promise<void> {
  const problem = outdated(await missingMigrations(database));
  if (problem) throw problem;
}

/** What to say of tables that lack these migrations; undefined where there are none. */
export const outdated = (steps: readonly Migration[]): VoicePrintsError | undefined =>
  steps.length === 0
    ? undefined
    : new VoicePrintsError(
        'REGISTRY_UNAVAILABLE',
        `the tables of the database have version ${MIGRATIONS.length - steps.length}, this program needs ${MIGRATIONS.length}; run "voice-prints migrate"`,
      );

/** Until the transaction ends nobody else changes the tables or who may use them. */
export const lockTables = (sql: Sql): Promise<unknown> => sql('SELECT pg_advisory_xact_lock($1)', [LOCK]);

/** 0 for a database without our tables. */
async function versionOf(sql: Sql): Promise<number> {
  const [place] = await sql<{ found: string | null }>(`SELECT to_regclass('voice_prints.migrations')::text AS found`);
  if (place?.found == null) return 0;
  return (await sql<{ version: number }>(TABLES_VERSION))[0]!.version;
}

function missing(version: number): readonly Migration[] {
  if (version > MIGRATIONS.length) {
    throw new VoicePrintsError(
      'REGISTRY_VERSION_NEWER',
      'the tables of the database are of a later release; update this program',
    );
  }
  return MIGRATIONS.slice(version);
}
