import { once } from 'node:events';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import pg from 'pg';
import { afterEach, expect, test, vi } from 'vitest';
import { freePort } from '../../../scripts/setup/freePort.mjs';
import type { HealthCheck } from '../../../src/index.js';
import { LowdbRegistry } from '../../../src/registry/lowdbRegistry.js';
import { randomVoiceprint } from '../../registry/randomVoiceprint.js';
import { asOwner } from '../../support/ownerRole.js';
import { freshDatabase, whyNoPostgres } from '../../support/postgres.js';
import { temporaryFolder } from '../../support/temporaryFolder.js';
import { typed } from '../terminal.js';

afterEach(() => vi.unstubAllEnvs());

const doctor = (store: string, ...more: string[]) => doctorIn({}, store, ...more);

const doctorIn = async (env: Readonly<Record<string, string>>, store: string, ...more: string[]) => {
  const { exitCode, stdout, stderr } = await typed(['doctor', '--json', '--store', store, ...more], env);
  const answer = JSON.parse(stdout) as { isGood: boolean; error?: { code: string }; checks: HealthCheck[] };
  const of = (name: HealthCheck['check']) => answer.checks.find(({ check }) => check === name);
  return { exitCode, stderr, answer, of };
};

test('every check of a machine in order, and nothing is left behind', async () => {
  const store = join(await temporaryFolder(), 'not-there-yet');
  const ports = ['--port', `${await freePort()}`, '--grpc-port', `${await freePort()}`];
  const { exitCode, answer, of } = await doctor(store, ...ports);
  expect(answer.checks.map(({ check }) => check)).toEqual([
    ...['node', 'runtime', 'models', 'threads', 'decoders', 'gstreamer', 'jobs', 'store', 'disk', 'ports'],
  ]);
  expect(answer.checks.filter(({ status }) => status === 'fail')).toEqual([]);
  expect([exitCode, answer.isGood]).toEqual([0, true]);
  expect(of('models')?.found).toContain('voice-prints-2');
  expect(of('ports')).toMatchObject({ status: 'pass' });
  await expect(mkdir(store)).resolves.toBeUndefined(); // it was not made
});

test('what is optional and missing is a note with its remedy', async () => {
  vi.stubEnv('PATH', ''); // no GStreamer
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  const { exitCode, of } = await doctor(await temporaryFolder(), '--port', `${port}`);
  taken.close();
  expect(of('gstreamer')).toMatchObject({ status: 'note', remedy: expect.stringContaining('apt-get install') });
  expect(of('ports')).toMatchObject({ status: 'note', found: expect.stringContaining(`${port} in use`) });
  expect(exitCode).toBe(0);
});

test('what is needed and fails is exit code 1, with what to do', async () => {
  const store = await temporaryFolder();
  await writeFile(join(store, 'voiceprints.json'), 'no JSON');
  vi.stubEnv('VOICE_PRINTS_RUNTIME', 'cuda');
  const { exitCode, stderr, answer, of } = await doctor(store);
  expect([exitCode, answer.isGood, answer.error?.code]).toEqual([1, false, 'CONFIG_INVALID']);
  expect(of('runtime')).toMatchObject({ status: 'fail', remedy: expect.stringContaining('unset it') });
  expect(of('store')).toMatchObject({ status: 'fail', code: 'REGISTRY_CORRUPT', remedy: expect.any(String) });
  expect(stderr).toContain('runtime, store');
});

test.skipIf(whyNoPostgres)('the database, and who is enrolled there; or that it is away', async () => {
  await using fresh = await freshDatabase();
  await using own = await asOwner(fresh);
  const env = { VOICE_PRINTS_DATABASE_URL: own.url, VOICE_PRINTS_KEY: 'eight or more' };
  const { of } = await doctorIn(env, await temporaryFolder());
  expect(of('database')).toMatchObject({
    status: 'pass',
    found: expect.stringMatching(/^PostgreSQL \d+.*, encrypted/),
  });
  expect(of('store')).toMatchObject({ status: 'pass', found: 'in the database: 0 enrolled' });
  const another = await doctorIn({ ...env, VOICE_PRINTS_KEY: 'another key' }, await temporaryFolder());
  expect(another.of('store')).toMatchObject({ status: 'fail', code: 'REGISTRY_KEY_WRONG' });
  const asSuperuser = await doctorIn({ ...env, VOICE_PRINTS_DATABASE_URL: fresh.url }, await temporaryFolder());
  expect(asSuperuser.of('database')).toMatchObject({ status: 'note', found: expect.stringMatching(/superuser/) });
  const owner = new pg.Client({ connectionString: own.url });
  await owner.connect();
  await owner.query('REVOKE INSERT ON voice_prints.people FROM CURRENT_USER');
  await owner.end();
  const reader = await doctorIn(env, await temporaryFolder());
  expect(reader.of('database')).toMatchObject({
    status: 'fail',
    found: expect.stringMatching(/read-only for this user/),
  });
  const away = await doctorIn({ ...env, VOICE_PRINTS_DATABASE_URL: `${fresh.url}_none` }, await temporaryFolder());
  expect(away.of('database')).toMatchObject({ status: 'fail', code: 'REGISTRY_UNAVAILABLE' });
  expect(away.exitCode).toBe(1);
});

test('files of voiceprints that are lost, of any tenant, split or not', async () => {
  const store = await temporaryFolder();
  {
    await using registry = await LowdbRegistry.open(store);
    const many = Array.from({ length: 120 }, (_, i) => randomVoiceprint({ id: `p${i}`, exemplars: 3 }));
    await registry.putAll('home', many, { replace: false });
    await registry.putAll('few', many.slice(0, 2), { replace: false });
  }
  const home = join(store, 'voiceprints', 'home');
  const [shard] = (await readdir(home)).sort();
  expect((await doctor(store)).of('store')).toMatchObject({ status: 'pass' });
  await rename(join(home, shard!), join(store, 'aside'));
  const split = await doctor(store);
  expect(split.of('store')).toMatchObject({ status: 'fail', code: 'REGISTRY_CORRUPT' });
  expect(split.of('store')?.found).toContain(`1 file are gone: voiceprints/home/${shard}`);
  expect(split.of('store')?.remedy).toContain('backup');
  await rename(join(store, 'aside'), join(home, shard!));
  expect((await doctor(store)).exitCode).toBe(0);
  await rm(join(store, 'voiceprints', 'few'), { recursive: true });
  expect((await doctor(store)).of('store')?.found).toContain('voiceprints/few/r.json');
});

test('a store below a file cannot be made', async () => {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'a-file'), '');
  const { of } = await doctor(join(folder, 'a-file', 'store'));
  expect(of('store')).toMatchObject({ status: 'fail' });
});
