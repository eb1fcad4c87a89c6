import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, expect, test } from 'vitest';
import { ApiKeys } from '../../src/api/access/apiKeys.js';
import { type RunningServer, serve } from '../../src/api/serve.js';
import type { Engine } from '../../src/engine/engine.js';
import { listeningEngine, scriptedEngine } from '../support/scriptedEngine.js';

const CONTRACT = '/audio/generic/api/v2/sync/diarization';
const keys = ApiKeys.fromPairs('acme:right');

let server: RunningServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function start(engine: Engine): Promise<string> {
  server = await serve({ engine, keys, port: 0, graceMs: 500 });
  return server.url;
}

const post = (url: string, body: string) => fetch(url, { method: 'POST', body });

test('closing lets calls in work end, and refuses new ones', async () => {
  let isStarted = false;
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const identify: Engine['identify'] = async () => {
    isStarted = true;
    await released;
    return { durationSeconds: 1, model: 'm', segments: [], warnings: [] };
  };
  const url = `${await start(scriptedEngine({ identify }))}${CONTRACT}/identify?apikey=right`;
  const call = post(url, '{"content":"AAAA"}');
  await expect.poll(() => isStarted).toBe(true);
  const closing = server!.close();
  await expect(post(url, '{"content":"AAAA"}')).rejects.toThrow();
  release();
  expect((await call).status).toBe(200);
  await closing;
  server = undefined;
});

test('closing ends calls that outstay the grace', async () => {
  let isStarted = false;
  const identify: Engine['identify'] = (_request, { signal } = {}) => {
    isStarted = true;
    return new Promise((_resolve, reject) => signal!.addEventListener('abort', () => reject(signal!.reason as Error)));
  };
  const url = await start(scriptedEngine({ identify }));
  const call = post(`${url}${CONTRACT}/identify?apikey=right`, '{"content":"AAAA"}');
  const outcome = expect(call).rejects.toThrow();
  await expect.poll(() => isStarted).toBe(true);
  await server!.close();
  server = undefined;
  await outcome;
});

test('healthz needs no key and says nothing but ok; everything unknown is a fault', async () => {
  const url = await start(listeningEngine().engine);
  const health = await fetch(`${url}/healthz`);
  expect([health.status, await health.json()]).toEqual([200, { status: 'ok' }]);
  const other = await fetch(`${url}/nothing`);
  expect([other.status, await other.json()]).toEqual([
    404,
    { fault: expect.objectContaining({ detail: expect.objectContaining({ error_type: 'unknown_route' }) }) },
  ]);
  expect(other.headers.get('x-powered-by')).toBeNull();
});

test('an unknown call below /v1 is a problem document, as the calls there have it', async () => {
  const answer = await fetch(`${await start(listeningEngine().engine)}/v1/nothing`);
  expect([answer.status, answer.headers.get('content-type')]).toEqual([404, 'application/problem+json; charset=utf-8']);
  expect(await answer.json()).toMatchObject({
    code: 'ROUTE_UNKNOWN',
    detail: expect.stringContaining('/v1/openapi.json'),
  });
});

test('what is only read says so, under every method it has not', async () => {
  const url = await start(scriptedEngine({}));
  for (const path of ['/healthz', '/readyz', '/docs', '/v1/openapi.json', '/metrics', '/v1/speakers']) {
    const answer = await fetch(`${url}${path}`, { method: 'PUT', headers: { 'x-api-key': 'right' } });
    expect([path, answer.status, answer.headers.get('allow')]).toEqual([path, 405, 'GET, HEAD']);
    expect(await answer.json()).toMatchObject({ code: 'METHOD_NOT_ALLOWED' });
  }
});

test('a port in use is a clear error', async () => {
  const url = new URL(await start(listeningEngine().engine));
  const second = serve({ engine: listeningEngine().engine, keys, port: Number(url.port) });
  await expect(second).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining('EADDRINUSE'),
  });
});

/** What is answered to bytes that no client of HTTP would send. */
async function answered(url: string, request: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.end(request);
  return text(socket);
}

test.each([
  { name: 'an address that cannot be split', head: 'GET http://[ HTTP/1.1\r\nHost: x\r\n' },
  { name: 'no Host', head: 'GET /v1/session HTTP/1.1\r\n' },
  { name: 'an unknown Expect', head: 'POST /v1/identify HTTP/1.1\r\nHost: x\r\nExpect: more\r\n' },
])('$name is refused with a code, as everything is', async ({ head }) => {
  const answer = await answered(await start(listeningEngine().engine), `${head}Connection: close\r\n\r\n`);
  expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))).toMatchObject({ code: 'INPUT_INVALID' });
});
