import { VoicePrintsError } from '../core/errors.js';
import { lockTables } from './migrate.js';
import { ALL_TENANTS, type Transactions } from './sql.js';

const RIGHTS = [
  ['TABLES', 'SELECT, INSERT, UPDATE, DELETE'],
  ['SEQUENCES', 'USAGE, SELECT'],
  ['FUNCTIONS', 'EXECUTE'],
] as const;

const OWN_TABLES = `SELECT format('voice_prints.%I', tablename) AS name FROM pg_tables
  WHERE schemaname = 'voice_prints' AND tablename <> 'migrations'`;

/**
 * Allows a role to do all that a process does but migrate, in the tables that are there and in those that the caller, who owns them, makes
 * later.
 *
 * @throws VoicePrintsError CONFIG_INVALID for a role that the server does not have, or that row-level security does not hold for;
 *   REGISTRY_UNAVAILABLE
 */
export async function grantUse(database: Transactions, role: string): Promise<void> {
  await database.transaction(ALL_TENANTS, async (sql) => {
    await lockTables(sql); // two who grant at once would disturb each other
    const [found] = await sql<{ name: string; seesAll: boolean }>(
      'SELECT quote_ident(rolname) AS name, rolsuper OR rolbypassrls AS "seesAll" FROM pg_roles WHERE rolname = $1',
      [role],
    );
    if (!found) throw noRole();
    if (found.seesAll) throw seesAll();
    const tables = await sql<{ name: string }>(OWN_TABLES);
    await sql(`GRANT USAGE ON SCHEMA voice_prints TO ${found.name}`);
    await sql(`GRANT SELECT ON voice_prints.migrations TO ${found.name}`);
    for (const [things, rights] of RIGHTS) {
      const which =
        things === 'TABLES' ? tables.map(({ name }) => name).join(', ') : `ALL ${things} IN SCHEMA voice_prints`;
      await sql(`GRANT ${rights} ON ${which} TO ${found.name}`);
      await sql(`ALTER DEFAULT PRIVILEGES IN SCHEMA voice_prints GRANT ${rights} ON ${things} TO ${found.name}`);
    }
  });
}

const seesAll = (): VoicePrintsError =>
  new VoicePrintsError(
    'CONFIG_INVALID',
    'this role is a superuser, or has BYPASSRLS: the server would not keep tenants apart; name one that was made with NOSUPERUSER NOBYPASSRLS',
  );

const noRole = (): VoicePrintsError =>
  new VoicePrintsError('CONFIG_INVALID', 'the server has no role of this name; make it with CREATE ROLE');
