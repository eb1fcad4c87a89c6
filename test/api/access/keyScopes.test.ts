import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ApiKeys } from '../../../src/api/access/apiKeys.js';
import { KeyRing } from '../../../src/api/access/keyRing.js';
import { TenantGate } from '../../../src/api/access/tenantGate.js';
import { AsyncJobs } from '../../../src/api/asyncJobs.js';
import { type RunningServer, serve } from '../../../src/api/serve.js';
import { createEngine, type Engine } from '../../../src/index.js';

const folder = mkdtempSync(join(tmpdir(), 'voice-prints-scopes-'));
let engine: Engine;
let ring: KeyRing;
let server: RunningServer;
let jobs: AsyncJobs;
let nowMs = Date.UTC(2026, 5, 1, 12);

beforeAll(async () => {
  engine = await createEngine({ storeDirectory: join(folder, 'store') });
  ring = await KeyRing.open({ storeDirectory: join(folder, 'store') });
  const gate = new TenantGate(
    (tenantId) => ring.limitsOf(tenantId),
    () => nowMs,
  );
  // Nothing is worked on: the jobs of these tests only wait.
  jobs = new AsyncJobs({ engine, works: false });
  server = await serve({ engine, keys: new ApiKeys(() => ring.current()), gate, jobs: jobs.open, port: 0 });
});
afterAll(async () => {
  await server.close();
  await jobs[Symbol.asyncDispose]();
  await engine[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const call = (key: string, path: string, init: RequestInit = {}) =>
  fetch(`${server.url}${path}`, { ...init, headers: { authorization: `Bearer ${key}`, ...init.headers } });

const keyFor = async (tenantId: string, ...scopes: ('enrol' | 'identify' | 'admin')[]) =>
  (await ring.create({ tenantId, scopes })).key;

test.each([
  { scope: 'identify', statuses: { people: 403, erase: 403, who: 422 } },
  { scope: 'enrol', statuses: { people: 200, erase: 403, who: 403 } },
  { scope: 'admin', statuses: { people: 200, erase: 404, who: 422 } },
] as const)('a key for $scope opens what it is for', async ({ scope, statuses }) => {
  const key = await keyFor('acme', scope);
  const body = new Uint8Array([1, 2, 3]);
  const who = await call(key, '/v1/identify', { method: 'POST', body, headers: { 'content-type': 'audio/wav' } });
  const people = await call(key, '/v1/speakers');
  const erase = await call(key, '/v1/speakers/nobody', { method: 'DELETE' });
  expect({ people: people.status, erase: erase.status, who: who.status }).toEqual(statuses);
  if (erase.status === 403) expect(await erase.json()).toMatchObject({ code: 'KEY_SCOPE', status: 403 });
});

test('a key sees and cancels its own jobs, also after a rotation; admin sees those of the tenant', async () => {
  const [mine, other, all] = [
    await keyFor('jobs', 'identify'),
    await keyFor('jobs', 'identify'),
    await keyFor('jobs', 'admin'),
  ];
  const json = (key: string, path: string, body?: unknown, method = body === undefined ? 'GET' : 'POST') =>
    call(key, path, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const job = { kind: 'vad', url: 'https://example.org/a.wav', requestId: 'mine' };
  expect((await json(mine, '/v1/jobs', job)).status).toBe(202);
  const idsOf = async (key: string) =>
    ((await (await json(key, '/v1/jobs')).json()) as { jobs: { requestId: string }[] }).jobs.map(
      (one) => one.requestId,
    );
  expect([await idsOf(mine), await idsOf(other), await idsOf(all)]).toEqual([['mine'], [], ['mine']]);
  const DROP_IN = '/audio/generic/api/v2/async/vad';
  for (const path of ['/v1/jobs/mine', `${DROP_IN}/mine`]) {
    expect((await json(other, path)).status).toBe(404);
    expect((await json(other, path, undefined, 'DELETE')).status).toBe(404);
    expect((await json(mine, path)).status).toBe(200);
  }
  expect(await (await json(other, DROP_IN)).json()).toEqual({ jobs: [] });
  // The same request under the same id must not show what became of somebody else's.
  expect((await json(other, '/v1/jobs', job)).status).toBe(409);
  expect((await json(mine, '/v1/jobs', job)).status).toBe(200);

  const { keyId } = ring.list().filter(({ tenantId }) => tenantId === 'jobs')[0]!;
  const rotated = await ring.rotate(keyId, 0);
  expect((await json(mine, '/v1/jobs/mine')).status).toBe(401);
  expect((await json(rotated.key, '/v1/jobs/mine')).status).toBe(200);
  expect((await json(all, '/v1/jobs/mine', undefined, 'DELETE')).status).toBe(200);
});

test('the DeepAffects calls answer the same in their own format', async () => {
  const key = await keyFor('acme', 'identify');
  const answer = await call(key, '/audio/generic/api/v1/sync/diarization/delete', { method: 'POST', body: '{}' });
  expect(answer.status).toBe(403);
  expect(await answer.json()).toMatchObject({ fault: { detail: { errorcode: 'com.deepaffects.Forbidden' } } });
});

test('calls of a minute over the limit wait, those of another tenant do not', async () => {
  const key = await keyFor('busy', 'admin');
  await ring.limit('busy', { callsPerMinute: 2 });
  const statuses = [];
  for (let i = 0; i < 3; i += 1) statuses.push((await call(key, '/v1/speakers')).status);
  expect(statuses).toEqual([200, 200, 429]);
  expect((await call(key, '/v1/speakers')).headers.get('retry-after')).toBe('60');
  expect((await call(await keyFor('idle', 'admin'), '/v1/speakers')).status).toBe(200);
  nowMs += 60_000;
  expect((await call(key, '/v1/speakers')).status).toBe(200);
});

test('whoever reads how things are has all their calls left, and may not read without end', async () => {
  const key = await keyFor('watcher', 'admin');
  await ring.limit('watcher', { callsPerMinute: 2 });
  const read = async (path: string) => (await call(key, path)).status;
  const paths = ['/v1/session', '/v1/usage', '/v1/unknown-voices', '/v1/turns'];
  for (let i = 0; i < 30; i += 1) expect(await read(paths[i % paths.length]!)).toBe(200);
  expect([await read('/v1/speakers'), await read('/v1/speakers'), await read('/v1/speakers')]).toEqual([200, 200, 429]);
  expect(await (await call(key, '/v1/usage')).json()).toMatchObject({ callsThisMinute: 2, callsPerMinute: 2 });
  const statuses = new Set<number>();
  for (let i = 0; i < 600; i += 1) statuses.add(await read('/v1/usage'));
  expect(statuses).toEqual(new Set([200, 429]));
  nowMs += 60_000;
  expect(await read('/v1/usage')).toBe(200);
});

test("when the day's audio is used up the answer is 402, until tomorrow", async () => {
  const key = await keyFor('small', 'admin');
  await ring.limit('small', { audioMinutesPerDay: 0.05 });
  const path = join(folder, 'five-seconds.wav');
  const text = 'The morning train was late again, so we walked along the river and talked about the garden.';
  execFileSync('flite', ['-voice', 'slt', '-t', text, '-o', path]);
  const identify = () =>
    call(key, '/v1/identify', { method: 'POST', body: readFileSync(path), headers: { 'content-type': 'audio/wav' } });
  expect((await identify()).status).toBe(200);
  const refused = await identify();
  expect(refused.status).toBe(402);
  expect(await refused.json()).toMatchObject({ code: 'QUOTA_USED_UP', title: 'Payment Required' });
  nowMs += 24 * 3_600_000;
  expect((await identify()).status).toBe(200);
});
