import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import {
  type ClientDuplexStream,
  credentials,
  loadPackageDefinition,
  Metadata,
  type StatusObject,
  status,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { afterEach, expect, test } from 'vitest';
import { ApiKeys, keysOfPairs } from '../../../src/api/access/apiKeys.js';
import { TenantGate } from '../../../src/api/access/tenantGate.js';
import { loadProto, SERVICE_NAME } from '../../../src/api/grpc/realtimeProto.js';
import { type RunningGrpcServer, type ServeGrpcOptions, serveGrpc } from '../../../src/api/grpc/serveGrpc.js';
import { VoicePrintsError } from '../../../src/index.js';
import { chunksAs, scriptedEngine } from '../../support/scriptedEngine.js';
import { until } from '../../support/until.js';

/** What surrounds the service: health, reflection, limits, faults, the end. The engine answers as the test says. */
type Identify = ReturnType<ReturnType<typeof scriptedEngine>['identifyChunks']>['identify'];
const running = new Set<RunningGrpcServer>();
const clients = new Set<{ close(): void }>();
afterEach(async () => {
  for (const client of clients) client.close();
  await Promise.all([...running].map((server) => server.close()));
  clients.clear();
  running.clear();
});

async function served(identify: Identify, options: Partial<ServeGrpcOptions> = {}): Promise<RunningGrpcServer> {
  const engine = { ...scriptedEngine({}), identifyChunks: chunksAs(identify) };
  const keys = ApiKeys.fromPairs('acme:acme-key,globex:globex-key');
  const server = await serveGrpc({ engine, keys, port: 0, graceMs: 200, ...options });
  running.add(server);
  return server;
}

const silent: Identify = async () => ({ start: 0, end: 1, heard: 1, segments: [], warnings: [] });

/** A client made of an interface file, whose methods have no types. */
// biome-ignore lint/suspicious/noExplicitAny: see above
type Client = any;

function clientOf(server: RunningGrpcServer, definition: ReturnType<typeof loadSync>, name: string): Client {
  const ClientOf = name.split('.').reduce((within: Client, part) => within[part], loadPackageDefinition(definition));
  const client = new ClientOf(server.address, credentials.createInsecure());
  clients.add(client);
  return client;
}

interface Stream {
  readonly call: ClientDuplexStream<unknown, { readonly id: number; readonly Error: string }>;
  readonly answers: { readonly id: number; readonly Error: string }[];
  readonly end: Promise<StatusObject>;
}

function stream(server: RunningGrpcServer, key = 'acme-key'): Stream {
  const metadata = new Metadata();
  metadata.set('apikey', key);
  metadata.set('verbose', 'true');
  const call: Stream['call'] = clientOf(server, loadProto(), SERVICE_NAME).IdentifySpeaker(metadata);
  const answers: Stream['answers'] = [];
  call.on('data', (answer) => answers.push(answer));
  call.on('error', () => {}); // the status says it
  const end = new Promise<StatusObject>((resolve) => call.once('status', resolve));
  return { call, answers, end };
}

const CHUNK = { id: 1, content: 'AAAA', encoding: 'pcm', sampleRate: 16_000 };

test('the warning that no one is enrolled is sent once, in the first metadata', async () => {
  const warnings = [{ code: 'NOBODY_ENROLLED', message: 'nobody is enrolled; enrol people' }] as const;
  const server = await served(async () => ({ start: 0, end: 1, heard: 1, segments: [], warnings }));
  const { call, end } = stream(server);
  const told: unknown[] = [];
  call.on('metadata', (metadata) => told.push(metadata.get('voice-prints-warning')));
  for (const id of [1, 2])
    call.write({ id, content: Buffer.alloc(3_200).toString('base64'), encoding: 'pcm', sampleRate: 16_000 });
  call.end();
  expect((await end).code).toBe(status.OK);
  expect(told).toEqual([['NOBODY_ENROLLED']]);
});

test('a stream ends as UNAUTHENTICATED soon after its key was revoked', async () => {
  const known = keysOfPairs('acme:revoked-key');
  let held = known;
  const server = await served(silent, { keys: new ApiKeys(() => held) });
  const { call, answers, end } = stream(server, 'revoked-key');
  call.write(CHUNK);
  await until(() => answers.length > 0);
  held = [];
  const { code, metadata } = await end;
  expect([code, metadata.get('error-code')]).toEqual([status.UNAUTHENTICATED, ['KEY_INVALID']]);
});

test('health answers without a key', async () => {
  const server = await served(silent);
  const proto = fileURLToPath(import.meta.resolve('grpc-health-check')).replace(
    /build.*/,
    'proto/health/v1/health.proto',
  );
  const client = clientOf(server, loadSync(proto, { enums: String }), 'grpc.health.v1.Health');
  for (const service of ['', SERVICE_NAME]) {
    const answer = await new Promise((resolve, reject) => {
      client.Check({ service }, (error: Error | null, told: unknown) => (error ? reject(error) : resolve(told)));
    });
    expect(answer).toEqual({ status: 'SERVING' });
  }
});

test('reflection lists the service', async () => {
  const server = await served(silent);
  const folder = dirname(fileURLToPath(import.meta.resolve('@grpc/reflection')));
  const definition = loadSync(join(folder, '../proto/grpc/reflection/v1/reflection.proto'), { keepCase: true });
  const call = clientOf(server, definition, 'grpc.reflection.v1.ServerReflection').ServerReflectionInfo();
  call.write({ list_services: '' });
  const [answer] = await once(call, 'data');
  call.end();
  const names = answer.list_services_response.service.map(({ name }: { name: string }) => name);
  expect(names).toContain(SERVICE_NAME);
});

test('a tenant has so many streams and no more; another tenant has its own', async () => {
  const server = await served(silent, { limits: { maxStreamsPerTenant: 1 } });
  const first = stream(server);
  first.call.write(CHUNK);
  await once(first.call, 'data');
  expect(await stream(server).end).toMatchObject({ code: status.RESOURCE_EXHAUSTED });
  const other = stream(server, 'globex-key');
  other.call.end();
  expect(await other.end).toMatchObject({ code: status.OK });
  first.call.end();
  expect(await first.end).toMatchObject({ code: status.OK });
  const again = stream(server);
  again.call.end();
  expect(await again.end).toMatchObject({ code: status.OK });
});

test("a stream ends when its tenant's minutes are used up, by itself or by another; no new one is opened", async () => {
  const gate = new TenantGate((tenantId) => (tenantId === 'acme' ? { audioMinutesPerDay: 0.5 } : {}));
  const server = await served(async () => ({ start: 0, end: 20, heard: 20, segments: [], warnings: [] }), { gate });
  const [first, second, other] = [stream(server), stream(server), stream(server, 'globex-key')];
  for (const { call } of [first, second]) {
    call.write(CHUNK);
    await once(call, 'data');
  }
  for (const { call } of [first, other]) call.write({ ...CHUNK, id: 2 });
  const told = await first.end;
  expect(told).toMatchObject({ code: status.RESOURCE_EXHAUSTED, details: expect.stringMatching(/used up/) });
  expect(told.metadata.get('error-code')).toEqual(['QUOTA_USED_UP']);
  expect(first.answers.map(({ id }) => id)).toEqual([1]);
  expect((await stream(server).end).metadata.get('error-code')).toEqual(['QUOTA_USED_UP']);
  second.call.end(); // whoever sends no more is not refused
  expect((await second.end).code).toBe(status.OK);
  other.call.end();
  expect((await other.end).code).toBe(status.OK);
});

test('a stream without chunks ends; a message too large ends it', async () => {
  const server = await served(silent, { limits: { idleMs: 100, maxMessageBytes: 10_000 } });
  const idle = stream(server);
  expect(await idle.end).toMatchObject({ code: status.DEADLINE_EXCEEDED });
  const large = stream(server);
  large.call.write({ ...CHUNK, content: 'A'.repeat(20_000) });
  expect(await large.end).toMatchObject({ code: status.RESOURCE_EXHAUSTED });
});

test('a full engine is retried while the client waits; an internal fault is reported without its message', async () => {
  const failures: string[] = [];
  let asked = 0;
  const server = await served(
    async () => {
      asked += 1;
      if (asked < 3) throw new VoicePrintsError('ENGINE_BUSY', 'full; try again');
      if (asked === 3) return { start: 0, end: 1, heard: 1, segments: [], warnings: [] };
      throw new Error('a secret of the house');
    },
    { onFailure: ({ code }) => failures.push(code) },
  );
  const { call, answers, end } = stream(server);
  call.write(CHUNK);
  await once(call, 'data');
  expect(answers).toMatchObject([{ id: 1 }]);
  call.write(CHUNK);
  const told = await end;
  expect(told.code).toBe(status.INTERNAL);
  expect(told.metadata.get('error-code')).toEqual(['INTERNAL']);
  expect(told.details).not.toContain('secret');
  expect(failures).toEqual(['INTERNAL']);
});

test('a disconnect aborts the work; flow control leaves unread chunks with the client', async () => {
  let stopped: (() => void) | undefined;
  const isStopped = new Promise<void>((resolve) => {
    stopped = resolve;
  });
  let asked = 0;
  const server = await served((_chunk, { signal } = {}) => {
    asked += 1;
    return new Promise((_resolve, reject) => {
      signal!.addEventListener('abort', () => {
        stopped!();
        reject(signal!.reason);
      });
    });
  });
  const { call } = stream(server);
  for (let id = 1; id <= 50; id += 1) call.write({ ...CHUNK, id });
  while (asked === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  call.cancel();
  await isStopped;
  expect(asked).toBe(1);
});

test('closing lets a stream end, and ends what does not', async () => {
  const server = await served(silent);
  const { call, end } = stream(server);
  call.write(CHUNK);
  await once(call, 'data');
  // Within a fraction of the minute after which the keepalive would find out.
  const closed = server.close().then(() => 'closed');
  expect(await Promise.race([closed, delay(30_000, 'still open', { ref: false })])).toBe('closed');
  running.delete(server);
  expect((await end).code).not.toBe(status.OK);
});
