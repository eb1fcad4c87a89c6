import { type ChildProcess, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { credentials, loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { freePort } from '../../scripts/setup/freePort.mjs';
import { started } from '../cli/program.js';
import { Peer } from '../peers/peer.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { until } from '../support/until.js';

const config = fileURLToPath(new URL('../../packaging/docker/fleet/haproxy.cfg', import.meta.url));
const haproxy = ['haproxy', '/usr/sbin/haproxy'].find((command) => spawnSync(command, ['-v']).status === 0);
if (!haproxy) console.warn('skipped: HAProxy is not installed');

const KEY = 'a-long-secret';
const headers = { authorization: `Bearer ${KEY}` };
const running = new Set<ChildProcess>();
afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
  running.clear();
});

interface Api {
  readonly rest: string;
  readonly grpc: string;
  readonly child: ChildProcess;
  readonly ended: Promise<unknown>;
}

async function api(): Promise<Api> {
  const store = await temporaryFolder();
  const argv = [
    'serve',
    '--port',
    '0',
    '--grpc-port',
    '0',
    '--store',
    store,
    '--stop-within',
    '60',
    '--drain-wait',
    '5',
  ];
  const child = started(argv, { VOICE_PRINTS_API_KEYS: `local:${KEY}` });
  running.add(child);
  const ended = once(child, 'exit');
  const [line] = (await once(createInterface({ input: child.stdout! }), 'line')) as [string];
  return { ...(JSON.parse(line) as { rest: string; grpc: string }), child, ended };
}

async function balanced(first: Api, second: Api) {
  const [restPort, grpcPort] = await Promise.all([freePort(), freePort()]);
  const hostOf = (url: string) => url.replace('http://', '');
  const env = {
    REST_BIND: `127.0.0.1:${restPort}`,
    GRPC_BIND: `127.0.0.1:${grpcPort}`,
    API_1: hostOf(first.rest),
    API_2: hostOf(second.rest),
    API_1_GRPC: first.grpc,
    API_2_GRPC: second.grpc,
  };
  const peer = await Peer.start(haproxy!, ['-V', '-f', config], /Using \w+\(\) as the polling/, env);
  const rest = `http://127.0.0.1:${restPort}`;
  await until(() =>
    fetch(`${rest}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    ),
  );
  return { rest, grpc: `127.0.0.1:${grpcPort}`, [Symbol.asyncDispose]: () => peer.kill() };
}

const HEALTH = fileURLToPath(import.meta.resolve('grpc-health-check')).replace(
  /build.*/,
  'proto/health/v1/health.proto',
);

function health(address: string) {
  // biome-ignore lint/suspicious/noExplicitAny: a client made of an interface file has no types
  const { Health } = (loadPackageDefinition(loadSync(HEALTH, { enums: String })) as any).grpc.health.v1;
  const client = new Health(address, credentials.createInsecure());
  const check = () =>
    new Promise<string>((resolve) => {
      client.Check(
        { service: '' },
        { deadline: Date.now() + 60_000 },
        (error: Error | null, answer: { status: string }) => resolve(error ? String(error) : answer.status),
      );
    });
  return { check, [Symbol.dispose]: () => client.close() };
}

/** So many jobs a second are far from what one tenant may have waiting. */
const BETWEEN_CALLS_MS = 25;

/** Calls one after the other, until told to stop; what came back, each once. */
function calling(call: () => Promise<unknown>) {
  const answers = new Set<unknown>();
  let count = 0;
  let isOver = false;
  const run = (async () => {
    while (!isOver) {
      answers.add(await call());
      count += 1;
      await delay(BETWEEN_CALLS_MS);
    }
  })();
  return {
    count: () => count,
    end: async () => {
      isOver = true;
      await run;
      return [...answers];
    },
  };
}

describe.skipIf(!haproxy)('the balancer of the fleet', () => {
  test('has no fault that HAProxy finds', () => {
    const env = {
      REST_BIND: ':1',
      GRPC_BIND: ':2',
      API_1: '127.0.0.1:1',
      API_2: '127.0.0.1:2',
      API_1_GRPC: '127.0.0.1:3',
      API_2_GRPC: '127.0.0.1:4',
    };
    const { status, stderr } = spawnSync(haproxy!, ['-c', '-f', config], {
      env: { ...process.env, ...env },
      encoding: 'utf8',
    });
    expect([status, stderr.match(/\[(WARNING|ALERT)\].*/g) ?? []]).toEqual([0, []]);
  });

  test('passes REST, WebSocket and gRPC on, and no call fails while one of two processes stops', async () => {
    const [first, second] = await Promise.all([api(), api()]);
    await using front = await balanced(first, second);
    using grpc = health(front.grpc);

    // A stream stays with its process while calls go on.
    const socket = new WebSocket(`${front.rest.replace('http', 'ws')}/v1/stream`, { headers });
    await once(socket, 'open');
    socket.send(JSON.stringify({ type: 'hello', encoding: 's16le', sampleRate: 16_000 }));
    const [ready] = (await once(socket, 'message')) as [Buffer];
    expect(JSON.parse(ready.toString())).toMatchObject({ type: 'ready' });
    expect(await grpc.check()).toBe('SERVING');

    const listed = async () => (await fetch(`${front.rest}/v1/speakers`, { headers })).status;
    const tried = async () => {
      const body = JSON.stringify({ kind: 'identify', url: 'https://example.invalid/a.wav' });
      const init = { method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body };
      return (await fetch(`${front.rest}/v1/jobs`, init)).status;
    };
    const calls = [calling(listed), calling(tried), calling(grpc.check)] as const;
    const more = async (by: number) => {
      const before = calls.map(({ count }) => count());
      await until(() => calls.every(({ count }, index) => count() >= before[index]! + by));
    };
    await more(10);
    first.child.kill('SIGTERM');
    await first.ended;
    await more(20);
    expect(await Promise.all(calls.map(({ end }) => end()))).toEqual([[200], [202], ['SERVING']]);
    socket.terminate();
  });
});
