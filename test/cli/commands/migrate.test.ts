import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, describe, expect, test } from 'vitest';
import { KeyRing } from '../../../src/api/access/keyRing.js';
import { SharedUse } from '../../../src/api/access/postgres/sharedUse.js';
import { Database } from '../../../src/database/database.js';
import { MIGRATIONS } from '../../../src/database/migrations/migrations.js';
import { createEngine, readAuditLog } from '../../../src/index.js';
import { freshDatabase, whyNoPostgres } from '../../support/postgres.js';
import { ran } from '../program.js';

const folder = mkdtempSync(join(tmpdir(), 'voice-prints-migrate-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const migrating = (url: string, ...argv: string[]) =>
  ran(['migrate', '--json', ...argv], { VOICE_PRINTS_DATABASE_URL: url, VOICE_PRINTS_HOME: folder });
const versions = MIGRATIONS.map(({ version, name }) => ({ version, name }));

async function asOwner<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

test('without a database there is nothing to migrate', async () => {
  const { exitCode, stdout } = await ran(['migrate', '--json'], { VOICE_PRINTS_DATABASE_URL: '' });
  expect([exitCode, JSON.parse(stdout).error.code]).toEqual([1, 'CONFIG_INVALID']);
});

describe.skipIf(whyNoPostgres)('voice-prints migrate', () => {
  test('says what is missing, applies it once however many do it, and then has nothing to do', async () => {
    await using database = await freshDatabase();
    const checked = await migrating(database.url, '--check');
    expect([checked.exitCode, JSON.parse(checked.stdout)]).toMatchObject([1, { missing: versions }]);
    const both = await Promise.all([migrating(database.url), migrating(database.url)]);
    expect(both.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    const applied = both.map(({ stdout }) => JSON.parse(stdout).applied.length);
    expect(applied.sort((a, b) => a - b)).toEqual([0, versions.length]);
    const again = await migrating(database.url, '--check');
    expect([again.exitCode, JSON.parse(again.stdout)]).toEqual([0, { missing: [] }]);
  });

  test('encrypts what is there when it is asked to, with a key that is long enough', async () => {
    await using database = await freshDatabase();
    const encrypting = (key: string, ...argv: string[]) =>
      ran(['migrate', '--json', '--encrypt', ...argv], {
        VOICE_PRINTS_DATABASE_URL: database.url,
        VOICE_PRINTS_HOME: folder,
        VOICE_PRINTS_KEY: key,
      });
    expect((await encrypting('short')).exitCode).toBe(2);
    expect((await encrypting('eight or more', '--check')).exitCode).toBe(2);
    const { exitCode, stdout } = await encrypting('eight or more');
    expect([exitCode, JSON.parse(stdout)]).toMatchObject([0, { encrypted: true }]);
    const opening = createEngine({ storeDirectory: folder, databaseUrl: database.url });
    await expect(opening).rejects.toMatchObject({ code: 'REGISTRY_KEY_MISSING' });
  });

  test('a role that owns nothing can do all that is needed, once it was granted; before, it is told how', async () => {
    await using database = await freshDatabase();
    const role = `voice_prints_${randomBytes(4).toString('hex')}`;
    const url = new URL(database.url);
    [url.username, url.password] = [role, 'run'];
    await asOwner(database.url, (client) => client.query(`CREATE ROLE ${role} LOGIN PASSWORD 'run'`));
    try {
      await expect(Database.open(url.href, { tables: 'check' })).rejects.toThrow(/voice-prints migrate/);
      await expect(Database.open(url.href)).rejects.toMatchObject({
        code: 'REGISTRY_UNAVAILABLE',
        message: expect.stringContaining('voice-prints migrate'),
      });
      await migrating(database.url);
      await expect(Database.open(url.href, { tables: 'check' })).rejects.toThrow(/"voice-prints migrate --grant ROLE"/);
      expect((await migrating(database.url, '--grant', role)).exitCode).toBe(0);

      const place = { storeDirectory: folder, databaseUrl: url.href };
      {
        await using engine = await createEngine(place);
        expect(await engine.speakers().list()).toEqual([]);
        await using ring = await KeyRing.open(place);
        await ring.create({ tenantId: 'home', scopes: ['admin'] });
        await using use = new SharedUse(url.href);
        expect(await use.countCall('home', 1)).toBe(true);
        expect(await use.countCall('home', 1)).toBe(false);
      }
      const actions = [];
      for await (const entry of readAuditLog(place)) actions.push(entry?.action);
      expect(actions).toEqual(['create key']);
      await asOwner(database.url, async (client) => {
        const { rows } = await client.query(
          `SELECT c.relname AS name, bool_and(has_table_privilege($1, c.oid, p)) AS may
             FROM pg_class c, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS p
             WHERE c.relnamespace = 'voice_prints'::regnamespace AND c.relkind IN ('r', 'p') GROUP BY 1`,
          [role],
        );
        expect(rows.filter(({ may }) => !may)).toEqual([{ name: 'migrations', may: false }]);
        await client.query('CREATE TABLE voice_prints.of_a_later_release (n int)');
        const later = await client.query(
          `SELECT has_table_privilege($1, 'voice_prints.of_a_later_release', 'INSERT') AS may`,
          [role],
        );
        expect(later.rows).toEqual([{ may: true }]);
      });
    } finally {
      await asOwner(database.url, async (client) => {
        await client.query(`DROP OWNED BY ${role}`);
        await client.query(`DROP ROLE ${role}`);
      });
    }
  });

  test.each(['SUPERUSER', 'BYPASSRLS'])(
    'a role with %s is granted nothing: the server would show it every tenant',
    async (right) => {
      await using database = await freshDatabase();
      const role = `voice_prints_${randomBytes(4).toString('hex')}`;
      await asOwner(database.url, (client) => client.query(`CREATE ROLE ${role} LOGIN ${right}`));
      try {
        const { exitCode, stdout } = await migrating(database.url, '--grant', role);
        const { code, message } = JSON.parse(stdout).error;
        expect([exitCode, code, message]).toEqual([1, 'CONFIG_INVALID', expect.stringContaining('NOBYPASSRLS')]);
      } finally {
        await asOwner(database.url, (client) => client.query(`DROP ROLE ${role}`));
      }
    },
  );

  test('with VOICE_PRINTS_MIGRATE=off a process leaves the tables as they are', async () => {
    await using database = await freshDatabase();
    const env = { VOICE_PRINTS_DATABASE_URL: database.url, VOICE_PRINTS_HOME: folder };
    const refused = await ran(['keys', 'list', '--json'], { ...env, VOICE_PRINTS_MIGRATE: 'off' });
    expect(JSON.parse(refused.stdout).error).toMatchObject({ code: 'REGISTRY_UNAVAILABLE' });
    expect((await ran(['keys', 'list', '--json'], env)).exitCode).toBe(0);
    expect((await ran(['keys', 'list', '--json'], { ...env, VOICE_PRINTS_MIGRATE: 'off' })).exitCode).toBe(0);
    const wrong = await ran(['keys', 'list', '--json'], { ...env, VOICE_PRINTS_MIGRATE: 'never' });
    expect(JSON.parse(wrong.stdout).error).toMatchObject({ code: 'CONFIG_INVALID' });
  });
});
