import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { ApiKeys } from '../../../src/api/access/apiKeys.js';
import { type RunningServer, serve } from '../../../src/api/serve.js';
import type { Engine, LiveSession } from '../../../src/index.js';
import { listeningEngine, scriptedEngine } from '../../support/scriptedEngine.js';

const MOST = 8;
const keys = ApiKeys.fromPairs('acme:right');

let server: RunningServer;
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await server?.close();
});

async function start(engine: Engine): Promise<URL> {
  server = await serve({ engine, keys, port: 0, graceMs: 200, maxConnections: MOST });
  return new URL(server.url);
}

/** Connections that say this and nothing more. */
async function open({ hostname, port }: URL, count: number, says = '') {
  for (let i = 0; i < count; i += 1) {
    const socket = connect(Number(port), hostname);
    sockets.push(socket);
    socket.on('error', () => {});
    await once(socket, 'connect');
    socket.write(says);
  }
}

test.each([
  { name: 'say nothing', says: '' },
  { name: 'never end their head', says: 'GET /healthz HTTP/1.1\r\nx: ' },
  {
    name: 'never end their body',
    says: 'POST /v1/identify?apikey=right HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{',
  },
  {
    name: 'become a WebSocket and say no hello',
    says: 'GET /v1/stream HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
  },
])('connections that $name give way to those that ask something', async ({ says }) => {
  const url = await start(listeningEngine().engine);
  await open(url, 3 * MOST, says);
  for (let i = 0; i < 3; i += 1) {
    const answer = await fetch(new URL('/v1/speakers', url), {
      headers: { 'x-api-key': 'right', connection: 'close' },
    });
    expect(answer.status).toBe(200);
  }
});

test('a call that came whole, and a stream that was let in, keep their connection', async () => {
  let finish = () => {};
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const watch: Engine['watch'] = ({ audio }) =>
    ({
      sessionId: 'session-1',
      async *events() {
        for await (const item of audio) if (item.type === 'state') yield { ...item, timestampMs: 0 };
      },
      [Symbol.asyncDispose]: async () => {},
    }) as unknown as LiveSession;
  const identify: Engine['identify'] = async () => {
    await finished;
    return { durationSeconds: 1, model: 'scripted', segments: [], warnings: [] };
  };
  const url = await start({ ...scriptedEngine({ identify, watch }), model: { id: 'scripted' } as never });
  const stream = new WebSocket(`${url.href.replace('http', 'ws')}v1/stream`);
  await once(stream, 'open');
  stream.send(JSON.stringify({ type: 'hello', apiKey: 'right', encoding: 's16le', sampleRate: 16_000 }));
  await once(stream, 'message');
  const body = JSON.stringify({ content: 'QUFB' });
  const call = fetch(new URL('/v1/identify', url), { method: 'POST', headers: { 'x-api-key': 'right' }, body });
  await open(url, 3 * MOST);
  finish();
  expect((await call).status).toBe(200);
  stream.send(JSON.stringify({ type: 'ping' }));
  const told: string[] = [];
  while (!told.includes('pong')) told.push(JSON.parse(String((await once(stream, 'message'))[0])).type);
  stream.close();
});
