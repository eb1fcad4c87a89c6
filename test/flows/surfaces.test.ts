import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import {
  type ChannelCredentials,
  credentials,
  loadPackageDefinition,
  Metadata,
  type makeGenericClientConstructor,
  type StatusObject,
  status,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { freePort } from '../../scripts/setup/freePort.mjs';
import { PROTO_PATH } from '../../src/api/grpc/realtimeProto.js';
import type { ServerMessage } from '../../src/api/websocket/protocol.js';
import { until } from '../support/until.js';
import { type Flow, NodeRedProcess } from './nodeRedProcess.js';

/** What a store opens to other programs, in a real Node-RED: each is there once it is ticked, and gone when it is not. */
const API_KEY = 'a key of the test';
/** Where a web page comes from that may call. */
const PAGE = 'https://app.example.org';
const KEY = `apikey=${encodeURIComponent(API_KEY)}`;

const { deepaffectsrealtime } = loadPackageDefinition(loadSync(PROTO_PATH, { keepCase: true, defaults: true }));
const ClientOf = (deepaffectsrealtime as Record<string, ReturnType<typeof makeGenericClientConstructor>>)
  .DeepAffectsRealtime!;

let red: NodeRedProcess;
let spoken: string;
let grpcPort: number;
beforeAll(async () => {
  // An editor at the root lets every origin in to all that lies below it.
  const settings = { httpAdminRoot: '/editor', httpNodeRoot: '/flows-of-ours', httpNodeCors: { origin: PAGE } };
  red = await NodeRedProcess.start({ settings });
  spoken = join(red.userDir, 'spoken.wav');
  execFileSync('flite', ['-voice', 'slt', '-t', 'Nobody knows how late it is, and nobody asks.', spoken]);
  grpcPort = await freePort();
});
afterAll(() => red?.[Symbol.asyncDispose]());

/** A store with these settings, and a flow that writes what becomes of jobs to a file. */
const flowOf = (settings: object, apiKey: string | undefined = API_KEY): Flow =>
  [
    { id: 'tab', type: 'tab', label: 'test' },
    { ...{ id: 'status', type: 'status', z: 'tab', scope: null, x: 100, y: 200 }, wires: [['told']] },
    { id: 'told', type: 'debug', z: 'tab', x: 200, y: 200, console: true, complete: 'true', wires: [] },
    {
      id: 'store',
      type: 'speaker-store',
      version: 3,
      restPath: '/voice-prints',
      grpcPort: String(grpcPort),
      ...{ ...settings, ...(apiKey === undefined ? {} : { credentials: { apiKey } }) },
    },
    {
      ...{
        id: 'jobs',
        type: 'speaker-registry',
        z: 'tab',
        x: 100,
        y: 100,
        version: 2,
        inputs: 0,
        store: 'store',
        wires: [['json']],
      },
      action: 'jobs',
      actionType: 'action',
    },
    { id: 'json', type: 'json', z: 'tab', x: 100, y: 100, property: 'payload', action: 'str', wires: [['file']] },
    {
      ...{
        id: 'file',
        type: 'file',
        z: 'tab',
        x: 100,
        y: 100,
        filename: join(red.userDir, 'jobs.txt'),
        filenameType: 'str',
      },
      appendNewline: true,
      overwriteFile: 'false',
      wires: [[]],
    },
  ] as unknown as Flow;
const base = () => `${red.url}/flows-of-ours/voice-prints`;

/** Whether anybody listens there. */
async function isOpen(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const isConnected = await new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
  });
  socket.destroy();
  return isConnected;
}

test('nothing opens without a key', async () => {
  const from = red.lines.length;
  await red.deploy(flowOf({ isStreamOn: true, isGrpcOn: true }, ''));
  await red.line(/only with an API key/, from);
  expect((await fetch(`${base()}/live`)).status).toBe(404);
  expect(await isOpen(grpcPort)).toBe(false);
});

test('gRPC names voices at its port, and a deploy that switches it off closes it with an open stream', async () => {
  await red.deploy(flowOf({ isGrpcOn: true }));
  await until(() => isOpen(grpcPort));
  const client = new ClientOf(`127.0.0.1:${grpcPort}`, credentials.createInsecure());
  const metadata = new Metadata();
  metadata.set('apikey', API_KEY);
  const call = client.IdentifySpeaker!(metadata);
  const ended = new Promise((resolve) => call.on('error', resolve).on('end', () => resolve(undefined)));
  const answered = once(call, 'data');
  call.write({ id: 1, content: readFileSync(spoken).toString('base64'), encoding: 'wav', languageCode: 'en-US' });
  expect((await answered)[0]).toMatchObject({ id: 1, Error: '' });
  await red.deploy(flowOf({}));
  await ended;
  client.close();
  expect(await isOpen(grpcPort)).toBe(false);
});

test('gRPC over TLS, with files relative to the user directory; without a file it stays closed, and says which', async () => {
  const [certificate, privateKey] = ['grpc.crt', 'grpc.key'].map((name) => join(red.userDir, name)) as [string, string];
  execFileSync('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'],
    ...[
      '-subj',
      '/CN=localhost',
      '-addext',
      'subjectAltName=DNS:localhost',
      '-keyout',
      privateKey,
      '-out',
      certificate,
    ],
  ]);
  const statusOver = async (channel: ChannelCredentials) => {
    const client = new ClientOf(`127.0.0.1:${grpcPort}`, channel, { 'grpc.ssl_target_name_override': 'localhost' });
    const call = client.IdentifySpeaker!(new Metadata(), { deadline: Date.now() + 60_000 });
    call.on('error', () => {}).on('data', () => {});
    const { code } = await new Promise<StatusObject>((resolve) => call.once('status', resolve));
    client.close();
    return code;
  };
  await red.deploy(flowOf({ isGrpcOn: true, grpcCertificate: 'grpc.crt', grpcPrivateKey: privateKey }));
  await until(() => isOpen(grpcPort));
  // Heard, and asked for the key; in plain text not even heard.
  expect(await statusOver(credentials.createSsl(readFileSync(certificate)))).toBe(status.UNAUTHENTICATED);
  expect(await statusOver(credentials.createInsecure())).not.toBe(status.UNAUTHENTICATED);
  for (const { files, says, badge } of [
    { files: { grpcPrivateKey: 'gone.key' }, says: /private key .*gone\.key does not exist/, badge: 'FILE_NOT_FOUND' },
    { files: { grpcPrivateKey: '.' }, says: /private key .* cannot be read/, badge: 'FILE_UNREADABLE' },
    { files: { grpcPrivateKey: '' }, says: /belong together/, badge: 'CONFIG_INVALID' },
    { files: { grpcPrivateKey: 'grpc.crt' }, says: /certificate or key cannot be used/, badge: 'CONFIG_INVALID' },
  ]) {
    const from = red.lines.length;
    await red.deploy(flowOf({ isGrpcOn: true, grpcCertificate: 'grpc.crt', ...files }));
    await red.line(says, from);
    await red.line(new RegExp(`errors\\.${badge}`), from);
    expect(await isOpen(grpcPort)).toBe(false);
  }
});

/** Speaks into a live stream, until the server has all of it. */
async function speakInto(address: string) {
  const socket = new WebSocket(address);
  const messages: ServerMessage[] = [];
  socket.on('message', (data) => messages.push(JSON.parse(data.toString())));
  const closed = once(socket, 'close');
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'hello', encoding: 's16le', sampleRate: 16_000 }));
  await until(() => messages.some(({ type }) => type === 'ready'));
  const samples = readFileSync(spoken).subarray(44);
  socket.send(samples);
  await until(() => messages.some((message) => message.type === 'ack' && message.position === samples.length / 2));
  return { socket, messages, closed };
}

test('live streams and the page are served below the path by the server of Node-RED', async () => {
  await red.deploy(flowOf({ isStreamOn: true }));
  const page = await fetch(`${base()}/live`);
  expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
  for (const [, file] of (await page.text()).matchAll(/(?:src|href)="([^"]+)"/g)) {
    expect((await fetch(new URL(file!, page.url))).status, file).toBe(200);
  }
  expect((await fetch(`${base()}/live/`)).url).toBe(page.url);
  expect((await fetch(`${base()}/v1/speakers?${KEY}`)).status).toBe(404); // REST was not ticked
  const address = `${base().replace(/^http/, 'ws')}/v1/stream`;
  const wrong = new WebSocket(`${address}?apikey=wrong`);
  expect((await once(wrong, 'error'))[0]).toMatchObject({ message: expect.stringContaining('401') });
  const first = await speakInto(`${address}?${KEY}`);
  first.socket.send('{"type":"end"}');
  await first.closed; // with the models loaded: a deploy waits for last turns only for so long
  const second = await speakInto(`${address}?${KEY}`);
  await red.deploy(flowOf({})); // the turn that was being spoken is still told
  await second.closed;
  for (const { messages } of [first, second]) {
    const events = messages.flatMap((message) => (message.type === 'event' ? [message.event.event_type] : []));
    expect(events).toContain('unknown');
  }
  expect((await fetch(`${base()}/live`)).status).toBe(404);
  const late = new WebSocket(address, { handshakeTimeout: 500 });
  expect((await once(late, 'error'))[0]).toBeInstanceOf(Error);
});

test('httpNodeCors of the settings holds for REST', async () => {
  await red.deploy(flowOf({ isRestOn: true }));
  const leave = async (method: string, headers: Record<string, string>) =>
    (await fetch(`${base()}/v1/speakers`, { method, headers })).headers.get('access-control-allow-origin');
  const preflight = { 'access-control-request-method': 'GET', 'access-control-request-headers': 'authorization' };
  const key = { authorization: `Bearer ${API_KEY}` };
  expect(await leave('OPTIONS', { origin: PAGE, ...preflight })).toBe(PAGE);
  expect(await leave('GET', { origin: PAGE, ...key })).toBe(PAGE);
  expect(await leave('GET', { origin: 'https://evil.example.org', ...key })).toBeNull();
});

test('an upgrade that a client merely offers with a call is passed over; one of nobody, then a reset, ends nothing', async () => {
  await red.deploy(flowOf({ isRestOn: true }));
  const { hostname, port, pathname } = new URL(base());
  const offering = async (path: string, upgrade: string) => {
    const socket = connect(Number(port), hostname);
    socket.on('error', () => {});
    await once(socket, 'connect');
    const headers = `host: x\r\nconnection: Upgrade, HTTP2-Settings\r\nupgrade: ${upgrade}\r\nx-api-key: ${API_KEY}`;
    await new Promise((sent) => socket.write(`GET ${path} HTTP/1.1\r\n${headers}\r\n\r\n`, sent));
    return socket;
  };
  const call = await offering(`${pathname}/v1/speakers`, 'h2c');
  expect(String((await once(call, 'data'))[0])).toMatch(/^HTTP\/1.1 200 OK/);
  call.destroy();
  for (const [path, upgrade] of [
    ['/flows-of-ours/other', 'h2c'],
    ['/', 'websocket'],
    [`${pathname}/v1/stream`, 'websocket'],
  ] as const) {
    const socket = await offering(path, upgrade);
    socket.resetAndDestroy();
  }
  expect((await fetch(`${base()}/v1/speakers?${KEY}`)).status).toBe(200);
});

test("a job's outcome arrives as a message", async () => {
  await red.deploy(flowOf({ isRestOn: true }));
  const accepted = await fetch(`${base()}/audio/generic/api/v1/async/vad?${KEY}&request_id=9`, {
    method: 'POST',
    headers: { 'content-type': 'audio/wav' },
    body: readFileSync(spoken),
  });
  expect(accepted.status).toBe(202);
  const file = join(red.userDir, 'jobs.txt');
  await until(() => existsSync(file) && readFileSync(file, 'utf8').endsWith('\n'));
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    expect.objectContaining({ requestId: '9', kind: 'vad', status: 'done', result: expect.anything() }),
  ]);
});

test('at the end no node had hung', () => {
  expect(red.lines.join('\n')).not.toMatch(/timed out|Uncaught|ENGINE_CLOSED/i);
});
