import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { credentials, loadPackageDefinition, Metadata, type makeGenericClientConstructor } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { freePort } from '../../scripts/setup/freePort.mjs';
import { KeyRing } from '../../src/api/access/keyRing.js';
import { PROTO_PATH } from '../../src/api/grpc/realtimeProto.js';
import { readAuditLog } from '../../src/index.js';
import { type Flow, NodeRedProcess } from './nodeRedProcess.js';

/** Keys of other programs, made and ended in the dialog of a store while it is served, in a real Node-RED. */
interface Shown {
  readonly keyId: string;
  readonly apiKey: string;
}

const { deepaffectsrealtime } = loadPackageDefinition(loadSync(PROTO_PATH, { keepCase: true, defaults: true }));
const ClientOf = (deepaffectsrealtime as Record<string, ReturnType<typeof makeGenericClientConstructor>>)
  .DeepAffectsRealtime!;

let red: NodeRedProcess;
let grpcPort: number;
let spoken: Buffer<ArrayBuffer>;
beforeAll(async () => {
  red = await NodeRedProcess.start();
  grpcPort = await freePort();
  const path = join(red.userDir, 'spoken.wav');
  const words = 'The morning train was late again, so we walked along the river and talked about the garden.';
  execFileSync('flite', ['-voice', 'slt', '-t', words, '-o', path]);
  spoken = readFileSync(path);
});
afterAll(() => red?.[Symbol.asyncDispose]());

const flowOf = (apiKey?: string): Flow =>
  [
    { id: 'tab', type: 'tab', label: 'test' },
    {
      id: 'store',
      type: 'speaker-store',
      version: 3,
      restPath: '/voices',
      grpcPort: String(grpcPort),
      ...{ isRestOn: true, isStreamOn: true, isGrpcOn: true, ...(apiKey && { credentials: { apiKey } }) },
    },
  ] as unknown as Flow;

const folder = () => join(red.userDir, 'voice-prints', 'store');
const asked = async (method: string, path: string, body?: object) => {
  const answer = await fetch(`${red.url}/voice-prints/stores/store/keys${path}`, {
    method,
    ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  return { status: answer.status, cache: answer.headers.get('cache-control'), body: (await answer.json()) as unknown };
};
const made = async (request: object): Promise<Shown> => (await asked('POST', '', request)).body as Shown;
const rest = (path: string, apiKey: string, init: RequestInit = {}) =>
  fetch(`${red.url}/voices/v1${path}`, { ...init, headers: { authorization: `Bearer ${apiKey}`, ...init.headers } });
const people = async (apiKey: string) => (await rest('/speakers', apiKey)).status;
const identify = (apiKey: string) =>
  rest('/identify', apiKey, { method: 'POST', body: spoken, headers: { 'content-type': 'audio/wav' } });

/** Status of an upgrade to a live stream: 101 where it is taken. */
async function streamStatus(apiKey: string): Promise<number> {
  const socket = new WebSocket(`${red.url.replace('http', 'ws')}/voices/v1/stream?apikey=${apiKey}`);
  try {
    return await new Promise((resolve) => {
      socket.once('open', () => resolve(101)).once('error', ({ message }) => resolve(Number(/\d{3}/.exec(message))));
    });
  } finally {
    socket.terminate();
  }
}

/** Status code of a gRPC call; 0 where it was answered. */
async function grpcStatus(apiKey: string): Promise<number> {
  const client = new ClientOf(`127.0.0.1:${grpcPort}`, credentials.createInsecure());
  const metadata = new Metadata();
  metadata.set('apikey', apiKey);
  const call = client.IdentifySpeaker!(metadata);
  const code = await new Promise<number>((resolve) => {
    call.once('error', (error: Error & { code: number }) => resolve(error.code)).once('end', () => resolve(0));
    call.end();
    call.resume();
  });
  client.close();
  return code;
}

test('a store without a key opens with the first one that is made, to every program, without a deploy', async () => {
  await red.deploy(flowOf());
  await red.line(/only with an API key/);
  expect(await people('vp_any')).toBe(404);
  const { apiKey } = await made({ scopes: ['admin'], label: 'the door' });
  expect(await people(apiKey)).toBe(200);
  expect(await streamStatus(apiKey)).toBe(101);
  await vi.waitFor(async () => expect(await grpcStatus(apiKey)).toBe(0), { timeout: 240_000 });
  expect([await people('vp_any'), await streamStatus('vp_any'), await grpcStatus('vp_any')]).toEqual([401, 401, 16]);
  await red.deploy(flowOf());
  await vi.waitFor(async () => expect(await people(apiKey)).toBe(200), { timeout: 240_000 });
});

describe('a store with a key of its credentials', () => {
  const OWN = 'the-key-of-the-credentials';
  beforeAll(() => red.deploy(flowOf(OWN)));

  test('takes the keys made in its dialog beside it; the list never shows them', async () => {
    const { apiKey, keyId } = await made({ scopes: ['identify', 'enrol'], label: ' the gate ', tenantId: 'home' });
    expect([await people(OWN), await people(apiKey)]).toEqual([200, 200]);
    const list = await asked('GET', '');
    expect(list).toMatchObject({ status: 200, cache: 'no-store' });
    expect((list.body as Shown[]).find((key) => key.keyId === keyId)).toEqual({
      keyId,
      tenantId: 'home',
      label: 'the gate',
      scopes: ['enrol', 'identify'],
      hasEnded: false,
      createdAt: expect.stringMatching(/Z$/),
      lastUsedAt: expect.stringMatching(/Z$/),
    });
    expect(JSON.stringify(list.body)).not.toMatch(/vp_|sha256|[0-9a-f]{64}/);
  });

  test('a key does what it is for on every surface', async () => {
    const { apiKey } = await made({ scopes: ['enrol'] });
    expect([await people(apiKey), (await identify(apiKey)).status]).toEqual([200, 403]);
    expect([await streamStatus(apiKey), await grpcStatus(apiKey)]).toEqual([403, 7]);
  });

  test('a revoked key is refused at once, everywhere; so is one that another process revokes', async () => {
    const [here, there] = await Promise.all([made({ scopes: ['admin'] }), made({ scopes: ['admin'] })]);
    expect([await people(here.apiKey), await people(there.apiKey)]).toEqual([200, 200]);
    const { status, body } = await asked('DELETE', `/${here.keyId}`);
    expect([status, body]).toEqual([200, expect.objectContaining({ keyId: here.keyId, endsAt: expect.any(String) })]);
    const refusals = [await people(here.apiKey), await streamStatus(here.apiKey), await grpcStatus(here.apiKey)];
    expect(refusals).toEqual([401, 401, 16]);
    await new KeyRing({ storeDirectory: folder() }).revoke(there.keyId);
    await vi.waitFor(async () => expect(await people(there.apiKey)).toBe(401), { timeout: 60_000, interval: 200 });
    const list = (await asked('GET', '')).body as { keyId: string; hasEnded: boolean }[];
    const ended = list.filter(({ hasEnded }) => hasEnded).map(({ keyId }) => keyId);
    expect(ended.sort()).toEqual([here.keyId, there.keyId].sort());
  });

  test('a key that is replaced holds for its grace beside the new one, or not at all', async () => {
    const first = await made({ scopes: ['admin'], label: 'tablet' });
    const second = (await asked('POST', `/${first.keyId}/rotate`, { graceHours: 24 })).body as Shown;
    expect(second).toMatchObject({ label: 'tablet', scopes: ['admin'] });
    expect([await people(first.apiKey), await people(second.apiKey)]).toEqual([200, 200]);
    const third = (await asked('POST', `/${second.keyId}/rotate`, { graceHours: 0 })).body as Shown;
    expect([await people(second.apiKey), await people(third.apiKey)]).toEqual([401, 200]);
  });

  test.each([
    { name: 'no scope', method: 'POST', path: '', body: { scopes: [] }, status: 400 },
    { name: 'a scope that is none', method: 'POST', path: '', body: { scopes: ['root'] }, status: 400 },
    { name: 'a tenant of other letters', method: 'POST', path: '', body: { scopes: ['admin'], tenantId: '../x' } },
    { name: 'a long label', method: 'POST', path: '', body: { scopes: ['admin'], label: 'x'.repeat(201) } },
    { name: 'what it does not know', method: 'POST', path: '', body: { scopes: ['admin'], sha256: 'a' } },
    { name: 'a grace below zero', method: 'POST', path: '/key-00000000/rotate', body: { graceHours: -1 } },
    { name: 'a key of no such id', method: 'DELETE', path: '/key-00000000', status: 404, code: 'KEY_NOT_FOUND' },
  ])('$name is refused with a code, and no key is made', async ({ method, path, body, status = 400, code }) => {
    const before = (await asked('GET', '')).body;
    const answer = await asked(method, path, body);
    expect(answer).toMatchObject({ status, body: { error: { code: code ?? 'INPUT_INVALID' } } });
    expect((await asked('GET', '')).body).toEqual(before);
  });

  test('calls a minute are limited on all surfaces together, for this tenant only', async () => {
    const { apiKey } = await made({ scopes: ['admin'], tenantId: 'busy' });
    await new KeyRing({ storeDirectory: folder() }).limit('busy', { callsPerMinute: 1 });
    const leftMs = 60_000 - (Date.now() % 60_000);
    if (leftMs < 15_000) await sleep(leftMs); // calls are counted by the minute of the clock, which must not end meanwhile
    const refused = await vi.waitUntil(
      async () => {
        const answer = await rest('/speakers', apiKey);
        return answer.status === 200 ? undefined : answer;
      },
      { timeout: 60_000, interval: 200 },
    );
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect([await streamStatus(apiKey), await grpcStatus(apiKey), await people(OWN)]).toEqual([429, 8, 200]);
  });

  test("when the day's audio is used up the answer is 402, after a deploy too", async () => {
    const { apiKey } = await made({ scopes: ['admin'], tenantId: 'small' });
    await new KeyRing({ storeDirectory: folder() }).limit('small', { audioMinutesPerDay: 0.05 });
    expect((await identify(apiKey)).status).toBe(200);
    await vi.waitFor(async () => expect((await identify(apiKey)).status).toBe(402), { timeout: 60_000, interval: 500 });
    await red.deploy(flowOf(OWN));
    expect((await identify(apiKey)).status).toBe(402);
    expect((await identify(OWN)).status).toBe(200);
  });
});

test('a store that is not deployed has no keys', async () => {
  const answer = await fetch(`${red.url}/voice-prints/stores/none/keys`);
  expect([answer.status, await answer.json()]).toMatchObject([404, { error: { code: 'CONFIG_INVALID' } }]);
});

test('keys that cannot be read shut everybody out, without saying why, until they are mended', async () => {
  const path = join(folder(), 'api-keys.json');
  const kept = readFileSync(path);
  writeFileSync(path, 'no JSON');
  await red.deploy(flowOf('another-key-of-ours'));
  const answer = await rest('/speakers', 'another-key-of-ours');
  expect([answer.status, await answer.text()]).toEqual([503, expect.not.stringContaining(red.userDir)]);
  expect(await asked('GET', '')).toMatchObject({ status: 409, body: { error: { code: 'CONFIG_INVALID' } } });
  expect(readFileSync(path, 'utf8')).toBe('no JSON');
  writeFileSync(path, kept);
  expect(await people('another-key-of-ours')).toBe(200);
});

test('every change is noted, and no key is in a log', async () => {
  const entries = [];
  for await (const entry of readAuditLog(folder())) entries.push(entry);
  const actions = entries.filter((entry) => entry?.actor === 'node-red').map((entry) => entry?.action);
  expect(new Set(actions)).toEqual(new Set(['create key', 'revoke key', 'rotate key']));
  expect(JSON.stringify(entries) + red.lines.join('\n')).not.toMatch(/vp_[\w-]{20}/);
  expect(red.lines.join('\n')).not.toMatch(/timed out|Uncaught|ENGINE_CLOSED/i);
});

test('where the editor requires a log-in, so do the keys; read permission alone creates and revokes none', async () => {
  /** bcrypt of "password", as in Node-RED's own documentation. */
  const password = '$2a$08$zZWtXTja0fB1pzD4sHCMyOCMYz2Z6dNbM6tl8sJogENOMcxWV9DN.';
  const users = ['read', '*'].map((permissions) => ({ username: `may ${permissions}`, password, permissions }));
  await using guarded = await NodeRedProcess.start({ settings: { adminAuth: { type: 'credentials', users } } });
  const tokenOf = async (username: string): Promise<string> => {
    const wanted = { client_id: 'node-red-admin', grant_type: 'password', scope: '', username, password: 'password' };
    const answer = await fetch(`${guarded.url}/auth/token`, { method: 'POST', body: new URLSearchParams(wanted) });
    return ((await answer.json()) as { access_token: string }).access_token;
  };
  const calls = [
    ['GET', ''],
    ['POST', ''],
    ['POST', '/key-00000000/rotate'],
    ['DELETE', '/key-00000000'],
  ] as const;
  const statuses = async (token?: string) => {
    const answers = calls.map(([method, path]) =>
      fetch(`${guarded.url}/voice-prints/stores/none/keys${path}`, {
        ...{
          method,
          headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
        },
        ...(method === 'POST' && { body: JSON.stringify(path === '' ? { scopes: ['admin'] } : { graceHours: 1 }) }),
      }),
    );
    return (await Promise.all(answers)).map(({ status }) => status);
  };
  expect(await statuses()).toEqual([401, 401, 401, 401]);
  expect(await statuses(await tokenOf('may read'))).toEqual([404, 401, 401, 401]);
  expect(await statuses(await tokenOf('may *'))).toEqual([404, 404, 404, 404]);
});
