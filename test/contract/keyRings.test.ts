import { mkdtempSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, describe } from 'vitest';
import { freshDatabase, type TestDatabase, whyNoPostgres } from '../support/postgres.js';
import { keyRingContract } from './keyRing.js';

const root = mkdtempSync(join(tmpdir(), 'voice-prints-rings-'));
const databases: TestDatabase[] = [];
let places = 0;
const newFolder = () => join(root, String(++places));
afterAll(async () => {
  for (const database of databases) await database[Symbol.asyncDispose]();
  await rm(root, { recursive: true, force: true });
});

keyRingContract(
  'FileRing',
  async () => ({ storeDirectory: newFolder() }),
  async ({ storeDirectory }) => {
    const files = await readdir(storeDirectory);
    const contents = files.map((file) => readFile(join(storeDirectory, file), 'latin1').catch(() => ''));
    return (await Promise.all(contents)).join('\n');
  },
);

describe.skipIf(whyNoPostgres)('with PostgreSQL', () => {
  keyRingContract(
    'PostgresRing',
    async () => {
      const database = await freshDatabase();
      databases.push(database);
      return { storeDirectory: newFolder(), databaseUrl: database.url };
    },
    async ({ databaseUrl }) => {
      const client = new pg.Client({ connectionString: databaseUrl });
      await client.connect();
      const { rows } = await client.query('SELECT name, value::text FROM voice_prints.settings');
      await client.end();
      return JSON.stringify(rows);
    },
  );
});
