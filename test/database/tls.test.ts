import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Database } from '../../src/database/database.js';
import { ALL_TENANTS } from '../../src/database/sql.js';
import { type OwnCluster, ownCluster, whyNoOwnCluster } from '../support/ownCluster.js';

test.each([
  ['a misspelt mode', '?sslmode=requir'],
  ['a mode that does without TLS', '?sslmode=prefer'],
  ['an authority that is not given', '?sslmode=verify-ca'],
])('%s is refused', async (_, search) => {
  const opening = Database.open(`postgres://u:secret@127.0.0.1:1/x${search}`, { patienceMs: 0 });
  await expect(opening).rejects.toMatchObject({ code: 'CONFIG_INVALID', message: expect.not.stringMatching(/secret/) });
});

describe.skipIf(whyNoOwnCluster)('a server with TLS', () => {
  const folder = mkdtempSync(join(tmpdir(), 'voice-prints-tls-'));
  const certificate = join(folder, 'server.crt');
  let cluster: OwnCluster;
  beforeAll(async () => {
    cluster = await ownCluster();
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
    const key = join(folder, 'server.key');
    const made = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-keyout', key, '-out', certificate];
    execFileSync('openssl', [...made, ...subject], { stdio: 'ignore' });
    const sql = new pg.Client({ connectionString: cluster.url });
    await sql.connect();
    // The server reads them as its own user: it writes them itself.
    for (const [name, path] of Object.entries({ 'server.key': key, 'server.crt': certificate })) {
      const lines = readFileSync(path, 'utf8').trim();
      await sql.query(
        `COPY (SELECT unnest(string_to_array('${lines}', E'\\n'))) TO PROGRAM 'umask 077; cat > ${name}'`,
      );
    }
    await sql.query('ALTER SYSTEM SET ssl = on');
    await sql.query('SELECT pg_reload_conf()');
    await sql.end();
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true });
    await cluster[Symbol.asyncDispose]();
  });

  const opened = async (host: string, search: string) => {
    const url = Object.assign(new URL(cluster.url), { hostname: host, search });
    await using database = await Database.open(url.href, { patienceMs: 0, tables: 'leave' });
    const [row] = await database.query<{ ssl: boolean }>(
      ALL_TENANTS,
      'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()',
    );
    return row!.ssl;
  };

  test('is spoken to as sslmode says', async () => {
    await expect.poll(() => opened('127.0.0.1', '?sslmode=require').catch(() => false)).toBe(true);
    expect(await opened('127.0.0.1', '?sslmode=disable')).toBe(false);
    expect(await opened('127.0.0.1', `?sslmode=verify-ca&sslrootcert=${certificate}`)).toBe(true);
    expect(await opened('localhost', `?sslmode=verify-full&sslrootcert=${certificate}`)).toBe(true);
  });

  test.each([
    ['nobody signed for it', '127.0.0.1', '?sslmode=verify-full'],
    ['its name is another', '127.0.0.1', `?sslmode=verify-full&sslrootcert=${certificate}`],
  ])('is refused where %s', async (_, host, search) => {
    await expect(opened(host, search)).rejects.toMatchObject({
      code: 'REGISTRY_UNAVAILABLE',
      message: expect.stringMatching(/TLS/),
    });
  });
});
