// The PostgreSQL server that tests make their databases on: one that runs, else one of our own.
import pg from 'pg';
import { ensureDebianPackages } from './debianPackages.mjs';
import { serverPrograms, startCluster } from './postgresCluster.mjs';
import { SetupProblem, say } from './root.mjs';

/** As in test/support/postgres.ts. */
const USUAL = 'postgres://postgres@127.0.0.1:5432/postgres';
const VARIABLE = 'VOICE_PRINTS_TEST_DATABASE_URL';
const NOTHING = { env: {}, end: async () => undefined };

async function answers(url) {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query('SELECT rolcreatedb AS "isAllowed" FROM pg_roles WHERE rolname = current_user');
    return rows[0]?.isAllowed === true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/**
 * What the tests read (`env`), and what ends a server that was started for them. Where no server can be had, it says so, and tests with
 * PostgreSQL skip.
 */
export async function ensurePostgres() {
  const given = process.env[VARIABLE];
  const skipped = (why) => {
    say(
      `PostgreSQL: not tested, ${why} (${VARIABLE} may give the address of a server and a user who may create databases)`,
    );
    return NOTHING;
  };
  if (given) return (await answers(given)) ? NOTHING : skipped(`the server of ${VARIABLE} cannot be used`);
  if (await answers(USUAL)) return NOTHING;
  try {
    if (!serverPrograms()) ensureDebianPackages(['postgresql']);
    say('starting a PostgreSQL server for the tests');
    const { url, end } = await startCluster();
    return { env: { [VARIABLE]: url }, end };
  } catch (error) {
    if (error instanceof SetupProblem) return skipped(error.message);
    return skipped(`no server could be started: ${error.message}`);
  }
}
