import { once } from 'node:events';
import { credentials, loadPackageDefinition, Metadata } from '@grpc/grpc-js';
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { beforeAll, beforeEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { ApiKeys } from '../../src/api/access/apiKeys.js';
import { loadProto, SERVICE_NAME } from '../../src/api/grpc/realtimeProto.js';
import { serveGrpc } from '../../src/api/grpc/serveGrpc.js';
import { VoicePrintsError } from '../../src/core/errors.js';
import { openTracing } from '../../src/tracing/openTracing.js';
import { webhookReceiver } from '../jobs/webhookReceiver.js';
import { asyncServer } from '../support/asyncServer.js';
import { bytesOf, chunksAs, scriptedEngine } from '../support/scriptedEngine.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { until } from '../support/until.js';

/** Spans of each surface, with the SDK of OpenTelemetry in this process. */
const exporter = new InMemorySpanExporter();
const problems: string[] = [];
let tracing: ReturnType<typeof openTracing>;
beforeAll(async () => {
  new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }).register();
  tracing = openTracing({ VOICE_PRINTS_TRACES: 'on' }, (message) => problems.push(message));
  await tracing.ready;
  expect(problems).toEqual([]);
});
beforeEach(() => exporter.reset());

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const CALLER = 'b7ad6b7169203331';
const traceparent = `00-${TRACE}-${CALLER}-01`;

const spans = () =>
  exporter.getFinishedSpans().map((span) => {
    const { name, kind, attributes, status, parentSpanContext } = span;
    const { traceId, spanId } = span.spanContext();
    return { name, kind, traceId, spanId, parentId: parentSpanContext?.spanId, attributes, status: status.code };
  });
const spanOf = (name: string) => until(() => spans().find((span) => span.name === name)).then((span) => span!);

async function served(fault?: VoicePrintsError) {
  const engine = scriptedEngine({
    storeDirectory: await temporaryFolder(),
    directory: { list: async () => [] },
    detectSpeech: async ({ source }, options) => {
      await bytesOf(source);
      options?.onProgress?.({ doneMs: 1_500, totalMs: 1_500 } as never);
      if (fault) throw fault;
      return { durationSeconds: 1.5, segments: [] } as never;
    },
  });
  return asyncServer(engine, { allowHosts: ['127.0.0.1'], tracing });
}

const post = (url: string, body: object, headers: Record<string, string> = {}) =>
  fetch(`${url}/v1/jobs?apikey=acme-key`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', traceparent, ...headers },
    body: JSON.stringify({ kind: 'vad', content: Buffer.from('audio').toString('base64'), ...body }),
  });

test('a job is one trace, from its caller to the receiver of its webhook, and names nobody', async () => {
  await using server = await served();
  await using receiver = await webhookReceiver();
  const webhook = `${receiver.url.replace('//', '//anna:secret@')}/told?token=hidden`;
  expect((await post(server.url, { requestId: 'private-id', webhook })).status).toBe(202);
  const [call, accepted, job, sent] = [
    await spanOf('POST /v1/jobs'),
    await spanOf('job accepted'),
    await spanOf('job'),
    await spanOf('webhook'),
  ];
  expect(new Set([call, accepted, job, sent].map(({ traceId }) => traceId))).toEqual(new Set([TRACE]));
  expect([call.parentId, accepted.parentId, job.parentId, sent.parentId]).toEqual([
    CALLER,
    call.spanId,
    accepted.spanId,
    accepted.spanId,
  ]);
  expect([call.kind, accepted.kind, job.kind, sent.kind]).toEqual([
    SpanKind.SERVER,
    SpanKind.PRODUCER,
    SpanKind.CONSUMER,
    SpanKind.CLIENT,
  ]);
  expect(receiver.received[0]!.headers.traceparent).toBe(`00-${TRACE}-${sent.spanId}-01`);
  expect(call.attributes).toMatchObject({ 'http.route': '/v1/jobs', 'http.response.status_code': 202 });
  expect(job.attributes).toMatchObject({
    'voice_prints.job.kind': 'vad',
    'voice_prints.job.tries': 1,
    'voice_prints.audio_ms': 1_500,
  });
  expect(sent.attributes).toMatchObject({ 'http.response.status_code': 200, 'voice_prints.webhook.tries': 1 });
  expect(JSON.stringify(spans())).not.toMatch(/acme|private-id|anna|secret|hidden|127\.0\.0\.1/);
});

test('what fails says with which code; a refused call is no failure of the server', async () => {
  await using server = await served(new VoicePrintsError('AUDIO_CORRUPT', 'the recording of Anna cannot be read'));
  await using receiver = await webhookReceiver((_received, response) => void response.writeHead(503).end());
  expect((await post(server.url, { requestId: 'one', webhook: receiver.url })).status).toBe(202);
  expect(await spanOf('job')).toMatchObject({
    status: SpanStatusCode.ERROR,
    attributes: { 'error.type': 'AUDIO_CORRUPT' },
  });
  expect(await spanOf('webhook')).toMatchObject({
    status: SpanStatusCode.ERROR,
    attributes: { 'error.type': '503', 'http.response.status_code': 503 },
  });
  expect((await server.call('GET', '/v1/jobs/unknown')).status).toBe(404);
  expect(await spanOf('GET /v1/jobs/:requestId')).toMatchObject({
    parentId: undefined,
    status: SpanStatusCode.UNSET,
    attributes: { 'error.type': 'JOB_NOT_FOUND', 'http.response.status_code': 404 },
  });
  expect(JSON.stringify(spans())).not.toContain('Anna');
});

test('each attempt at a job and a webhook belongs to its own call, whoever woke the worker', async () => {
  await using server = await served();
  const other = `00-${'1'.repeat(32)}-${CALLER}-01`;
  await post(server.url, { requestId: 'one' });
  await post(server.url, { requestId: 'two' }, { traceparent: other });
  await until(() => spans().filter(({ name }) => name === 'job').length === 2);
  const jobs = spans().filter(({ name }) => name === 'job');
  expect(jobs.map(({ traceId }) => traceId).sort()).toEqual([TRACE, '1'.repeat(32)].sort());
});

test('a text that is no traceparent begins a new trace', async () => {
  await using server = await served();
  expect((await post(server.url, { requestId: 'one' }, { traceparent: 'nonsense' })).status).toBe(202);
  const call = await spanOf('POST /v1/jobs');
  expect([call.parentId, call.traceId === TRACE]).toEqual([undefined, false]);
});

test('a stream over WebSocket is a span, also one that is refused', async () => {
  await using server = await served();
  const url = `${server.url.replace('http', 'ws')}/v1/stream`;
  const socket = new WebSocket(url, { headers: { traceparent, 'x-api-key': 'acme-key' } });
  await once(socket, 'open');
  socket.send('no JSON');
  const [code] = await once(socket, 'close');
  expect(await spanOf('WebSocket stream')).toMatchObject({
    traceId: TRACE,
    parentId: CALLER,
    attributes: { 'voice_prints.stream.close_code': code },
  });
  exporter.reset();
  const refused = new WebSocket(url, { headers: { 'x-api-key': 'wrong' } });
  await once(refused, 'error');
  expect(await spanOf('WebSocket stream')).toMatchObject({ attributes: { 'error.type': 'KEY_INVALID' } });
});

/** A client made of an interface file. */
// biome-ignore lint/suspicious/noExplicitAny: its methods have no types
type Untyped = any;

test('a call of gRPC is a span that counts its chunks', async () => {
  const identify = async () => ({ start: 0, end: 1, heard: 1, segments: [], warnings: [] });
  const engine = { ...scriptedEngine({}), identifyChunks: chunksAs(identify) };
  const server = await serveGrpc({ engine, keys: ApiKeys.fromPairs('acme:acme-key'), port: 0, graceMs: 200, tracing });
  const Client = SERVICE_NAME.split('.').reduce(
    (within: Untyped, part) => within[part],
    loadPackageDefinition(loadProto()),
  );
  const client = new Client(server.address, credentials.createInsecure());
  try {
    const metadata = new Metadata();
    metadata.set('apikey', 'acme-key');
    metadata.set('encoding', 'wav');
    metadata.set('traceparent', traceparent);
    const call = client.IdentifySpeaker(metadata);
    call.on('data', () => undefined);
    const ended = once(call, 'status');
    call.write({ id: 1, content: Buffer.alloc(100) });
    call.write({ id: 2, content: Buffer.alloc(100) });
    call.end();
    await ended;
    expect(await spanOf(`${SERVICE_NAME}/IdentifySpeaker`)).toMatchObject({
      traceId: TRACE,
      parentId: CALLER,
      kind: SpanKind.SERVER,
      attributes: { 'rpc.method': 'IdentifySpeaker', 'voice_prints.chunks': 2 },
    });
  } finally {
    client.close();
    await server.close();
  }
});

test('any other value of the setting is refused', () => {
  expect(() => openTracing({ VOICE_PRINTS_TRACES: 'yes' }, () => undefined)).toThrow('VOICE_PRINTS_TRACES');
});
