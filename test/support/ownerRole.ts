import { randomBytes } from 'node:crypto';
import pg from 'pg';
import type { TestDatabase } from './postgres.js';

/**
 * The address of a database as a role that owns it and is no superuser, as users have it: row-level security holds for it. The role
 * ends with the database.
 */
export async function asOwner({ url }: TestDatabase): Promise<TestDatabase> {
  const role = `voice_prints_${randomBytes(6).toString('hex')}`;
  const name = new URL(url).pathname.slice(1);
  await run(
    url,
    `CREATE ROLE ${role} LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD '${role}'`,
    `ALTER DATABASE ${name} OWNER TO ${role}`,
  );
  const own = new URL(url);
  own.username = role;
  own.password = role;
  return {
    url: own.href,
    [Symbol.asyncDispose]: () =>
      run(url, `REASSIGN OWNED BY ${role} TO CURRENT_USER`, `DROP OWNED BY ${role}`, `DROP ROLE ${role}`),
  };
}

async function run(url: string, ...statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}
