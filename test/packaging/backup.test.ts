import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { serverPrograms } from '../../scripts/setup/postgresCluster.mjs';
import { Database } from '../../src/database/database.js';
import { ALL_TENANTS } from '../../src/database/sql.js';
import { ran } from '../cli/program.js';
import { story } from '../cli/speech.js';
import { freshDatabase, whyNoPostgres } from '../support/postgres.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

const scripts = fileURLToPath(new URL('../../packaging/backup/', import.meta.url));
const programs = serverPrograms();
if (!programs) console.warn('skipped: pg_dump is not installed');
const KEY = 'a passphrase of the owner';

/** A user without special rights, whom row-level security binds; gone afterwards, with what is theirs. */
async function plainUser(...urls: readonly string[]) {
  const name = `voice_${randomBytes(6).toString('hex')}`;
  const statement = async (url: string, text: string) => {
    await using database = await Database.open(url);
    await database.query(ALL_TENANTS, text);
  };
  const databases = await freshDatabase();
  await statement(databases.url, `CREATE ROLE ${name} LOGIN PASSWORD '${name}'`);
  for (const url of urls) {
    await statement(databases.url, `ALTER DATABASE ${new URL(url).pathname.slice(1)} OWNER TO ${name}`);
  }
  const as = (url: string) => {
    const address = new URL(url);
    address.username = name;
    address.password = name;
    return address.href;
  };
  return { name, as, statement, home: databases };
}

describe.skipIf(whyNoPostgres || !programs)('a backup', () => {
  test('is made of a database in use, and names people after it was restored into another one', async () => {
    const folder = await temporaryFolder();
    const [first, second] = [await freshDatabase(), await freshDatabase()];
    const user = await plainUser(first.url, second.url);
    const [from, to] = [user.as(first.url), user.as(second.url)];
    const home = join(folder, 'home');
    const envOf = (url: string) => ({ VOICE_PRINTS_HOME: home, VOICE_PRINTS_KEY: KEY, VOICE_PRINTS_DATABASE_URL: url });
    const script = (name: string, argument: string, url: string) =>
      spawnSync(join(scripts, name), [argument], {
        env: { ...process.env, ...envOf(url), PATH: `${programs}:${process.env.PATH}` },
        encoding: 'utf8',
      });
    try {
      const samples = [story(folder, 'awb', 0), story(folder, 'awb', 1)];
      const enrolled = await ran(['enroll', 'keeper', ...samples, '--name', 'The Keeper', '--quiet'], envOf(from));
      expect(enrolled.exitCode, enrolled.stderr).toBe(0);

      const saved = script('backup.sh', join(folder, 'backups'), from);
      expect(saved.status, saved.stderr).toBe(0);
      const file = saved.stdout.trim();
      // Sealed rows stay sealed in the file.
      expect(readFileSync(file).includes('The Keeper')).toBe(false);
      const refused = script('restore.sh', file, from);
      expect([refused.status, refused.stderr]).toEqual([1, expect.stringContaining('DROP SCHEMA voice_prints')]);

      await first[Symbol.asyncDispose]();
      const restored = script('restore.sh', file, to);
      expect(restored.status, restored.stderr).toBe(0);
      const named = await ran(['identify', story(folder, 'awb', 2), '--json', '--quiet'], envOf(to));
      expect(named.exitCode, named.stderr).toBe(0);
      expect(named.stdout).toContain('"keeper"');
      // Tenants are apart there as well.
      await using database = await Database.open(to);
      const seen = await database.query('another-tenant', 'SELECT 1 FROM voice_prints.people');
      expect(seen).toEqual([]);
    } finally {
      await Promise.all([first[Symbol.asyncDispose](), second[Symbol.asyncDispose]()]);
      await user.statement(user.home.url, `DROP ROLE IF EXISTS ${user.name}`);
      await user.home[Symbol.asyncDispose]();
    }
  });
});
