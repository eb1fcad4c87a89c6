import { randomBytes } from 'node:crypto';
import pg from 'pg';

/** Databases of tests are created on this server. `npm test` starts one where none runs. */
const SERVER = process.env.VOICE_PRINTS_TEST_DATABASE_URL ?? 'postgres://postgres@127.0.0.1:5432/postgres';

/** Why tests with PostgreSQL are skipped; undefined where there is a server. */
export const whyNoPostgres: string | undefined = await reached();

async function reached(): Promise<string | undefined> {
  const client = new pg.Client({ connectionString: SERVER, connectionTimeoutMillis: 5_000 });
  try {
    await client.connect();
    return undefined;
  } catch (error) {
    const why = `no PostgreSQL server to test with (${(error as { code?: string }).code ?? 'unreachable'})`;
    console.warn(`skipped: ${why}`);
    return why;
  } finally {
    await client.end().catch(() => undefined);
  }
}

export interface TestDatabase extends AsyncDisposable {
  readonly url: string;
}

/** A database of its own, empty, which is dropped in the end. */
export async function freshDatabase(): Promise<TestDatabase> {
  const name = `voice_prints_${randomBytes(6).toString('hex')}`;
  await onServer(`CREATE DATABASE ${name}`);
  const url = new URL(SERVER);
  url.pathname = `/${name}`;
  return { url: url.href, [Symbol.asyncDispose]: () => onServer(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) };
}

async function onServer(text: string): Promise<void> {
  const client = new pg.Client({ connectionString: SERVER });
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}
