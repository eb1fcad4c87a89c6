import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Change, ChangeFeed } from '../../src/database/changeFeed.js';
import { Database } from '../../src/database/database.js';
import { migrate } from '../../src/database/migrate.js';
import { MIGRATIONS } from '../../src/database/migrations/migrations.js';
import { ALL_TENANTS } from '../../src/database/sql.js';
import { freshDatabase, type TestDatabase, whyNoPostgres } from '../support/postgres.js';

describe.skipIf(whyNoPostgres)('a database', () => {
  let place: TestDatabase;
  beforeAll(async () => {
    place = await freshDatabase();
  });
  afterAll(() => place[Symbol.asyncDispose]());

  test('is migrated once by any number of processes that start together', async () => {
    await using fresh = await freshDatabase();
    const opened = await Promise.all(Array.from({ length: 5 }, () => Database.open(fresh.url)));
    const rows = await opened[0]!.query<{ version: number }>(
      ALL_TENANTS,
      'SELECT version FROM voice_prints.migrations ORDER BY 1',
    );
    expect(rows.map(({ version }) => version)).toEqual(MIGRATIONS.map(({ version }) => version));
    expect(MIGRATIONS.map(({ version }) => version)).toEqual(MIGRATIONS.map((_, index) => index + 1));
    await Promise.all(opened.map((one) => one[Symbol.asyncDispose]()));
  });

  test('of a later release is refused, and one without tables where they are not to be made', async () => {
    await using fresh = await freshDatabase();
    await expect(Database.open(fresh.url, { tables: 'check' })).rejects.toMatchObject({
      code: 'REGISTRY_UNAVAILABLE',
    });
    await using database = await Database.open(fresh.url);
    await database.query(ALL_TENANTS, `INSERT INTO voice_prints.migrations (version, name) VALUES (1000, 'later')`);
    await expect(migrate(database)).rejects.toMatchObject({ code: 'REGISTRY_VERSION_NEWER' });
  });

  test.each(['a\0b', '{"a":"\\u0000"}'])(
    'refuses text that it cannot hold as input, not as a failure of its own: %j',
    async (text) => {
      await using database = await Database.open(place.url);
      const cast = text.startsWith('{') ? 'jsonb' : 'text';
      const asked = database.query(ALL_TENANTS, `SELECT $1::${cast}`, [text]);
      await expect(asked).rejects.toMatchObject({ code: 'INPUT_INVALID', message: expect.stringContaining('NUL') });
      expect(database.counts.failed).toBe(0);
    },
  );

  test('refuses an address that is none, and says what is wrong without the password', async () => {
    await expect(Database.open('mysql://root:secret@x/y')).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    const closed = Database.open('postgres://a:secret@127.0.0.1:1/x', { patienceMs: 0 });
    await expect(closed).rejects.toMatchObject({ code: 'REGISTRY_UNAVAILABLE' });
    await expect(closed).rejects.not.toThrow(/secret/);
  });

  test.each([
    ['a host that is not there', { host: 'database.invalid' }, /ENOTFOUND.*no host of this name/],
    ['a server without TLS', { search: '?sslmode=verify-full' }, /offers no TLS/],
    ['a file of authorities that is not there', { search: '?sslmode=verify-full&sslrootcert=/none.pem' }, /ENOENT/],
  ])('says what is wrong with %s', async (_, change, words) => {
    const url = Object.assign(new URL(place.url), change);
    const opening = Database.open(url.href, { patienceMs: 0 });
    await expect(opening).rejects.toMatchObject({
      code: 'REGISTRY_UNAVAILABLE',
      message: expect.stringMatching(words),
    });
  });

  test('leaves the tables of other programs alone', async () => {
    await using fresh = await freshDatabase();
    const sql = new pg.Client({ connectionString: fresh.url });
    await sql.connect();
    await sql.query(
      'CREATE SCHEMA voice_prints; CREATE TABLE voice_prints.people (id int); CREATE TABLE people (id int)',
    );
    const words = /other tables than ours/;
    await expect(Database.open(fresh.url)).rejects.toMatchObject({ message: expect.stringMatching(words) });
    const { rows } = await sql.query(`SELECT schemaname FROM pg_tables WHERE schemaname IN ('voice_prints', 'public')`);
    expect(rows).toHaveLength(2);
    await sql.end();
  });

  test('does work again whose connection ends, and not what was committed', async () => {
    await using database = await Database.open(place.url);
    await database.query(ALL_TENANTS, 'CREATE TABLE counted (n int)');
    let tries = 0;
    await database.transaction(ALL_TENANTS, async (sql) => {
      tries += 1;
      await sql('INSERT INTO counted VALUES (1)');
      if (tries === 1) await sql('SELECT pg_terminate_backend(pg_backend_pid())');
    });
    expect(tries).toBe(2);
    expect(await database.query(ALL_TENANTS, 'SELECT n FROM counted')).toEqual([{ n: 1 }]);
  });

  test('is shared by those who open the same address, until the last one leaves', async () => {
    const [one, other] = await Promise.all([Database.share(place.url), Database.share(place.url)]);
    expect(one.database).toBe(other.database);
    await one[Symbol.asyncDispose]();
    expect(await other.database.query(ALL_TENANTS, 'SELECT 1 AS n')).toEqual([{ n: 1 }]);
    await other[Symbol.asyncDispose]();
    await expect(other.database.query(ALL_TENANTS, 'SELECT 1 AS n')).rejects.toMatchObject({
      code: 'REGISTRY_UNAVAILABLE',
    });
  });

  test('rolls back what fails', async () => {
    await using database = await Database.open(place.url);
    await database.query(ALL_TENANTS, 'CREATE TABLE undone (n int)');
    const failing = database.transaction(ALL_TENANTS, async (sql) => {
      await sql('INSERT INTO undone VALUES (1)');
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow(/^no$/);
    expect(await database.query(ALL_TENANTS, 'SELECT n FROM undone')).toEqual([]);
  });

  test('tells other processes of changes, also of those made while the connection was lost', async () => {
    await using one = await Database.open(place.url);
    await using other = await Database.open(place.url);
    await using feed = new ChangeFeed(other);
    await feed.start();
    const heard: Change[] = [];
    feed.on((change) => heard.push(change));
    const change = (tenantId: string) => one.query(tenantId, `SELECT voice_prints.changed('people', $1)`, [tenantId]);
    await change('a');
    await expect.poll(() => heard).toContainEqual({ topic: 'people', tenantId: 'a' });
    await one.query(
      ALL_TENANTS,
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()`,
    );
    await delay(20);
    await change('b');
    await expect.poll(() => heard).toContainEqual({ topic: 'people', tenantId: 'b' });
  });
});
