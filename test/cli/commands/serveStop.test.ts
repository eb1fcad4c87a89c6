import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { Broker } from '../../flows/broker.js';
import { until } from '../../support/until.js';
import { ended, started } from '../program.js';

const folder = mkdtempSync(join(tmpdir(), 'serve-stop-'));
const running = new Set<ChildProcess>();
const authorization = 'Bearer secret';
afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
  running.clear();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function serving(store: string, argv: readonly string[], env: Record<string, string> = {}) {
  const given = ['serve', '--port', '0', '--grpc-port', '0', '--store', join(folder, store), ...argv];
  const child = started(given, { VOICE_PRINTS_API_KEYS: 'local:secret', ...env });
  running.add(child);
  const end = ended(child);
  const [line] = (await once(createInterface({ input: child.stdout! }), 'line')) as [string];
  return { child, end, rest: (JSON.parse(line) as { rest: string }).rest };
}

/** Accepts requests for recordings, and never answers them. */
async function silentHost(): Promise<{ readonly server: Server; readonly host: string }> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, host: `127.0.0.1:${(server.address() as AddressInfo).port}` };
}

test('an open stream and a job under way: both are let go, and the job is done by the next start', async () => {
  const silent = await silentHost();
  const allowed = { VOICE_PRINTS_ALLOWED_HOSTS: silent.host };
  const first = await serving('held', [], allowed);
  const stream = new WebSocket(`${first.rest.replace('http', 'ws')}/v1/stream`, { headers: { authorization } });
  await once(stream, 'open');
  stream.send(JSON.stringify({ type: 'hello', encoding: 's16le', sampleRate: 16_000 }));
  await once(stream, 'message'); // ready
  const gone = once(stream, 'close');
  const asked = once(silent.server, 'request');
  const posted = await fetch(`${first.rest}/v1/jobs`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify({ kind: 'identify', url: `http://${silent.host}/meeting.wav` }),
  });
  expect(posted.status, await posted.clone().text()).toBe(202);
  await asked;
  first.child.kill('SIGTERM');
  expect(await first.end).toMatchObject({ exitCode: 0, stderr: '' });
  await gone;
  silent.server.closeAllConnections();
  const again = once(silent.server, 'request');
  await serving('held', [], allowed);
  await again;
  silent.server.closeAllConnections();
  silent.server.close();
});

test('a broker that answers no more holds the end until --stop-within; the log names it', async () => {
  using broker = await Broker.start();
  const { child, end } = await serving('mqtt', ['--mqtt', `mqtt://127.0.0.1:${broker.port}`, '--stop-within', '1']);
  const client = await broker.client();
  let status = '';
  client.on('message', (_topic, payload) => {
    status = payload.toString();
  });
  await client.subscribeAsync('speaker-id/status');
  await until(() => status === 'online');
  await client.endAsync(true);
  broker.freeze();
  child.kill('SIGTERM');
  const { stderr } = await end;
  broker.thaw();
  expect(child.signalCode).toBe('SIGKILL');
  expect(stderr).toContain('STOPPED_LATE');
  expect(stderr).toContain('the sources and the broker');
});
