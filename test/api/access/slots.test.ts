import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { ApiKeys } from '../../../src/api/access/apiKeys.js';
import { Slots } from '../../../src/api/access/slots.js';
import type { RestLimits } from '../../../src/api/calls/call.js';
import { type RunningServer, serve } from '../../../src/api/serve.js';
import { listeningEngine } from '../../support/scriptedEngine.js';

let server: RunningServer | undefined;
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await server?.close();
});

async function start(limits: Partial<RestLimits>): Promise<URL> {
  const keys = ApiKeys.fromPairs('acme:acme-key,globex:globex-key');
  server = await serve({ engine: listeningEngine().engine, keys, port: 0, graceMs: 500, options: { limits } });
  return new URL(server.url);
}

/** A body that has begun and does not end. */
async function drip({ hostname, port }: URL, { key, type = 'audio/wav', sent = 'RIFF' }: Record<string, string>) {
  const socket = connect(Number(port), hostname);
  sockets.push(socket);
  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.write(
    `POST /v1/identify HTTP/1.1\r\nhost: x\r\nx-api-key: ${key}\r\ncontent-type: ${type}\r\ncontent-length: 60000000\r\n\r\n`,
  );
  socket.write(sent);
}

const identify = async (url: URL, key: string) => {
  const headers = { 'x-api-key': key, 'content-type': 'audio/wav' };
  return (await fetch(new URL('/v1/identify', url), { method: 'POST', headers, body: 'RIFF' })).status;
};

test.each(['audio/wav', 'application/json', 'multipart/form-data; boundary=x'])(
  'bodies of %s that drip are not in work yet',
  async (type) => {
    const url = await start({ maxConcurrent: 2 });
    for (let i = 0; i < 10; i += 1) await drip(url, { key: 'acme-key', type, sent: '{' });
    expect(await identify(url, 'acme-key')).toBe(200);
    expect(await identify(url, 'globex-key')).toBe(200);
  },
);

test('a tenant whose bodies do not end leaves half the places to others', async () => {
  const url = await start({ maxArrivals: 8 });
  for (let i = 0; i < 20; i += 1) await drip(url, { key: 'acme-key' });
  await expect.poll(() => identify(url, 'acme-key')).toBe(429);
  expect(await identify(url, 'globex-key')).toBe(200);
});

test('a tenant whose bodies fill the memory there is for them leaves half of it to others', async () => {
  const url = await start({ maxHeldBytes: 2_000_000 });
  for (let i = 0; i < 4; i += 1) await drip(url, { key: 'acme-key', sent: 'x'.repeat(300_000) });
  const body = Buffer.alloc(900_000);
  const statusOf = async (key: string) => {
    const headers = { 'x-api-key': key, 'content-type': 'audio/wav' };
    return (await fetch(new URL('/v1/identify', url), { method: 'POST', headers, body })).status;
  };
  await expect.poll(() => statusOf('acme-key')).toBe(429);
  expect(await statusOf('globex-key')).toBe(200);
});

test('slots: a share where there are several tenants, all of them where there is one; given back once', () => {
  let isShared = true;
  const slots = new Slots({ most: 4, isShared: () => isShared });
  const [first] = [slots.take('a'), slots.take('a')];
  expect(() => slots.take('a')).toThrowError(
    expect.objectContaining({ refusal: expect.objectContaining({ v1Status: 429 }) }),
  );
  first!();
  first!();
  slots.take('a');
  expect(() => slots.assertFree('a')).toThrow();
  isShared = false;
  slots.take('a', 2);
  expect(() => slots.take('a')).toThrow();
});
