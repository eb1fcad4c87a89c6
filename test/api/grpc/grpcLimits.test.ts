import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Client, credentials, Metadata, type StatusObject, status } from '@grpc/grpc-js';
import { afterEach, expect, test } from 'vitest';
import { ApiKeys } from '../../../src/api/access/apiKeys.js';
import { KeyThrottle } from '../../../src/api/access/keyThrottle.js';
import { TrustedProxies } from '../../../src/api/access/trustedProxies.js';
import { type RunningGrpcServer, type ServeGrpcOptions, serveGrpc } from '../../../src/api/grpc/serveGrpc.js';
import { chunksAs, scriptedEngine } from '../../support/scriptedEngine.js';

/** What callers send who are no clients of ours, as bytes. */
let server: RunningGrpcServer;
const clients: Client[] = [];
const sockets: Socket[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  for (const socket of sockets.splice(0)) socket.destroy();
  await server?.close();
});

async function start(options: Partial<ServeGrpcOptions> = {}): Promise<void> {
  const engine = {
    ...scriptedEngine({}),
    identifyChunks: chunksAs(async () => ({ start: 0, end: 1, heard: 1, segments: [], warnings: [] })),
  };
  server = await serveGrpc({ engine, keys: ApiKeys.fromPairs('acme:right'), port: 0, graceMs: 200, ...options });
}

const IDENTIFY = '/deepaffectsrealtime.DeepAffectsRealtime/IdentifySpeaker';
const WATCH = '/grpc.health.v1.Health/Watch';
const REFLECT = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo';

interface Told {
  readonly answers: Buffer[];
  readonly end: Promise<StatusObject>;
  readonly write: (bytes: Buffer) => void;
  readonly finish: () => void;
  readonly answered: () => Promise<unknown>;
}

/** A stream on a connection of its own. */
function stream(path: string, headers: Record<string, string> = { apikey: 'right' }): Told {
  const client = new Client(server.address, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 });
  clients.push(client);
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  const asItIs = (bytes: Buffer) => bytes;
  const call = client.makeBidiStreamRequest(path, asItIs, asItIs, metadata);
  const answers: Buffer[] = [];
  call.on('error', () => {}).on('data', (answer) => answers.push(answer));
  const end = new Promise<StatusObject>((resolve) => call.once('status', resolve));
  const [write, finish] = [(bytes: Buffer) => void call.write(bytes), () => void call.end()];
  return { answers, end, write, finish, answered: () => once(call, 'data') };
}

const CHUNK = Buffer.from([0x08, 1, 0x12, 4, ...Buffer.from('AAAA'), 0x1a, 3, ...Buffer.from('pcm'), 0x28, 0x80, 0x7d]);

test.each([
  { name: 'a million empty people', bytes: Buffer.alloc(2_000_000, Buffer.from([0x32, 0])) },
  { name: 'a million unknown numbers', bytes: Buffer.alloc(2_000_000, Buffer.from([0x78, 1])) },
  { name: 'no protobuf', bytes: Buffer.from([0x0f, 1, 2, 3]) },
])('a message of $name is the fault of the client', async ({ bytes }) => {
  await start();
  const { write, end } = stream(IDENTIFY);
  write(bytes);
  expect(await end).toMatchObject({ code: status.INVALID_ARGUMENT, details: expect.stringContaining('SegmentChunk') });
  const next = stream(IDENTIFY, { apikey: 'right', verbose: 'true' });
  next.write(CHUNK);
  await next.answered();
});

test('streams that need no key are limited in number, and existing watchers continue', async () => {
  await start();
  const watching = Array.from({ length: 40 }, () => stream(WATCH, {}));
  for (const { write, finish } of watching) {
    write(Buffer.alloc(0));
    finish();
  }
  const ends = watching.map(({ end }) => end.then(({ code }) => code));
  await expect.poll(() => watching.filter(({ answers }) => answers.length > 0).length).toBe(32);
  const refused = await Promise.all(watching.flatMap(({ answers }, i) => (answers.length > 0 ? [] : [ends[i]])));
  expect(refused).toEqual(Array(8).fill(status.RESOURCE_EXHAUSTED));
});

test('reflection answers so many questions on a stream', async () => {
  await start();
  const { write, end } = stream(REFLECT, {});
  for (let i = 0; i < 500; i += 1) write(Buffer.from([0x3a, 1, 0x2a]));
  expect((await end).code).toBe(status.RESOURCE_EXHAUSTED);
});

test('silent and non-gRPC connections are closed in favour of those with a stream', async () => {
  await start({ limits: { maxConnections: 6 } });
  const admitted = stream(IDENTIFY, { apikey: 'right', verbose: 'true' });
  admitted.write(CHUNK);
  await admitted.answered();
  const [, port] = server.address.split(':');
  for (let i = 0; i < 20; i += 1) {
    const socket = connect(Number(port), '127.0.0.1');
    sockets.push(socket);
    socket.on('error', () => {});
    await once(socket, 'connect');
    if (i % 2) socket.write('GET / HTTP/1.1\r\n\r\n\0\0\0');
  }
  admitted.write(CHUNK);
  await admitted.answered();
  const other = stream(IDENTIFY, { apikey: 'right', verbose: 'true' });
  other.write(CHUNK);
  await other.answered();
});

test('wrong keys slow down who sends them: behind a named proxy each caller alone, and never a right key', async () => {
  await start({ throttle: new KeyThrottle(1), proxies: new TrustedProxies('127.0.0.1') });
  const guess = async (from: string) => (await stream(IDENTIFY, { apikey: 'wrong', 'x-forwarded-for': from }).end).code;
  expect(await guess('203.0.113.1')).toBe(status.UNAUTHENTICATED);
  expect(await guess('203.0.113.1')).toBe(status.RESOURCE_EXHAUSTED);
  expect(await guess('203.0.113.2')).toBe(status.UNAUTHENTICATED);
  const right = stream(IDENTIFY, { apikey: 'right', verbose: 'true', 'x-forwarded-for': '203.0.113.1' });
  right.write(CHUNK);
  await right.answered();
});
