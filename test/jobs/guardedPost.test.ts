import dns from 'node:dns';
import { once } from 'node:events';
import { syncBuiltinESMExports } from 'node:module';
import { createServer } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { guardedPost, POST_DEFAULTS } from '../../src/net/guardedPost.js';
import { openServer } from '../support/openServer.js';
import { webhookReceiver } from './webhookReceiver.js';

const { lookup } = dns;
afterEach(() => {
  dns.lookup = lookup;
  syncBuiltinESMExports();
});

const post = (url: string, allowHosts: readonly string[] = [], options: Partial<typeof POST_DEFAULTS> = {}) =>
  guardedPost(
    url,
    { body: '{"a":"ä"}', headers: { 'webhook-id': 'msg_1' } },
    { ...POST_DEFAULTS, allowHosts, ...options },
    new AbortController().signal,
  );

const refused = (code: string) => expect.objectContaining({ code, message: expect.not.stringContaining('secret') });

test('a receiver on the allow list gets the body and the headers', async () => {
  await using receiver = await webhookReceiver((_received, response) => {
    response.statusCode = 201;
    response.end();
  });
  expect(await post(`${receiver.url}/hook`, [receiver.host])).toBe(201);
  expect(receiver.received[0]).toMatchObject({ path: '/hook', text: '{"a":"ä"}', headers: { 'webhook-id': 'msg_1' } });
  expect(receiver.received[0]!.headers['content-type']).toMatch(/^application\/json/);
});

test.each([
  'http://127.0.0.1/secret',
  'http://localhost/secret',
  'http://0x7f.1/secret',
  'http://2130706433/secret',
  'http://0.0.0.0/secret',
  'http://[::1]/secret',
  'http://[::]/secret',
  'http://[::ffff:7f00:1]/secret',
  'http://[64:ff9b::a9fe:a9fe]/secret',
  'http://[2002:a00:1::]/secret',
  'http://[2001:0:1::1]/secret',
  'http://[fe80::1]/secret',
  'http://[fd00:ec2::254]/secret',
  'http://10.1.2.3/secret',
  'http://192.168.0.1/secret',
  'http://169.254.169.254/latest/meta-data/secret',
  'http://168.63.129.16/secret',
  'https://user:secret@127.0.0.1/',
  'ftp://example.org/secret',
])('%s is forbidden', async (url) => {
  await expect(post(url)).rejects.toEqual(refused('URL_FORBIDDEN'));
});

test.each([
  { name: 'to a private address', addresses: [{ address: '10.0.0.1', family: 4 }] },
  {
    name: 'to a public and a private one',
    addresses: [
      { address: '93.184.216.34', family: 4 },
      { address: '::1', family: 6 },
    ],
  },
  { name: 'to a metadata address', addresses: [{ address: '169.254.169.254', family: 4 }] },
])('a name is resolved once, by the connection itself, and refused when it leads $name', async ({ addresses }) => {
  let lookups = 0;
  // biome-ignore lint/suspicious/noExplicitAny: node's own overloads
  dns.lookup = ((_host: string, _options: unknown, answer: (...values: any[]) => void) => {
    lookups += 1;
    answer(null, addresses);
  }) as unknown as typeof dns.lookup;
  syncBuiltinESMExports();
  await expect(post('http://rebinding.example/secret')).rejects.toEqual(refused('URL_FORBIDDEN'));
  expect(lookups).toBe(1);
});

test('a redirect is an answer, and not followed', async () => {
  await using inside = await webhookReceiver();
  await using receiver = await webhookReceiver((_received, response) => {
    response.writeHead(307, { location: inside.url });
    response.end();
  });
  expect(await post(receiver.url, [receiver.host, inside.host])).toBe(307);
  expect(inside.received).toHaveLength(0);
});

test('an endless answer is aborted, and its status counts', async () => {
  let isGone = false;
  await using server = await openServer((_request, response) => {
    response.on('close', () => {
      isGone = true;
    });
    const more = () => void (response.destroyed || response.write(Buffer.alloc(16_384), more));
    more();
  });
  expect(await post(server.url, [new URL(server.url).host])).toBe(200);
  while (!isGone) await new Promise(setImmediate);
});

test('a receiver that never answers is given up, one that trickles after its status is not', async () => {
  const silent = createServer(() => undefined).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as { port: number };
  const host = `127.0.0.1:${port}`;
  await expect(post(`http://${host}/secret`, [host], { timeoutMs: 200 })).rejects.toEqual(refused('URL_TIMEOUT'));
  silent.close();
  await using slow = await openServer((_request, response) => {
    response.write('a');
  });
  expect(await post(slow.url, [new URL(slow.url).host], { timeoutMs: 3_000 })).toBe(200);
});

test('a host without a server is unreachable', async () => {
  const server = await openServer(() => undefined);
  await server[Symbol.asyncDispose]();
  await expect(post(`${server.url}/secret`, [new URL(server.url).host])).rejects.toEqual(refused('URL_UNREACHABLE'));
});
