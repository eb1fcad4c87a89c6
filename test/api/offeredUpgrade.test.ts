import { once } from 'node:events';
import { type AgentOptions, Agent as HttpAgent, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { ApiKeys } from '../../src/api/access/apiKeys.js';
import { type RunningServer, serve } from '../../src/api/serve.js';
import { listeningEngine } from '../support/scriptedEngine.js';

let server: RunningServer;
const { engine, heard } = listeningEngine();
async function start(): Promise<URL> {
  server = await serve({ engine, keys: ApiKeys.fromPairs('acme:right'), port: 0, graceMs: 500 });
  return new URL(server.url);
}
afterEach(() => server?.close());

const OFFERS = {
  'h2c, as Java and curl --http2 offer it': {
    connection: 'Upgrade, HTTP2-Settings',
    upgrade: 'h2c',
    'http2-settings': 'AAMAAABkAARAAAAAAAIAAAAA',
  },
  'TLS, as Apache offers it': { connection: 'upgrade, keep-alive', upgrade: 'TLS/1.2, HTTP/1.1' },
  'something at the path of the streams': { connection: 'Upgrade', upgrade: 'mqtt' },
};

const agentOptions: AgentOptions = { keepAlive: true, maxSockets: 1 };

test.each(Object.entries(OFFERS))(
  '%s: every call is answered, with its body, on one connection',
  async (_name, headers) => {
    const url = await start();
    const agent = new HttpAgent(agentOptions);
    const body = Buffer.alloc(3_000_000, 7);
    heard.length = 0;
    const answered = (path: string, sent?: Buffer) =>
      new Promise<[number, string]>((resolve, reject) => {
        const options = {
          agent,
          method: sent ? 'POST' : 'GET',
          headers: { ...headers, 'x-api-key': 'right', 'content-type': 'audio/wav' },
        };
        const asked = httpRequest(new URL(path, url), options, (answer) => {
          let text = '';
          answer.setEncoding('utf8').on('data', (piece: string) => {
            text += piece;
          });
          answer.once('end', () => resolve([answer.statusCode!, text]));
        });
        asked.once('error', reject);
        asked.once('upgrade', () => reject(new Error('it was upgraded')));
        asked.end(sent);
      });
    for (let i = 0; i < 15; i += 1)
      expect(await answered('/v1/speakers')).toEqual([200, '{"speakers":[],"cursor":null}']);
    expect((await answered('/v1/identify', body))[0]).toBe(200);
    expect((await answered('/v1/stream'))[0]).toBe(404);
    expect((await answered('/v1/speakers'))[0]).toBe(200);
    expect(heard.map(({ bytes }) => bytes.equals(body))).toEqual([true]);
    agent.destroy();
  },
);

test('an upgrade and then a reset, on every path, leaves the server as it was', async () => {
  const { hostname, port, href } = await start();
  for (const path of ['/', '/v1/speakers', '/v1/stream', '/healthz']) {
    for (const upgrade of ['x', 'websocket']) {
      const socket = connect(Number(port), hostname);
      socket.on('error', () => {});
      await once(socket, 'connect');
      const head = `GET ${path} HTTP/1.1\r\nhost: x\r\nx-api-key: right\r\nconnection: upgrade\r\nupgrade: ${upgrade}\r\n\r\n`;
      socket.write(head, () => socket.resetAndDestroy());
      await once(socket, 'close');
    }
  }
  expect((await fetch(new URL('/healthz', href))).status).toBe(200);
});
