import { once } from 'node:events';
import { Client, credentials, Metadata, type StatusObject } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { ApiKeys } from '../../src/api/access/apiKeys.js';
import { TenantGate } from '../../src/api/access/tenantGate.js';
import { serveGrpc } from '../../src/api/grpc/serveGrpc.js';
import { type ServeOptions, serve } from '../../src/api/serve.js';
import type { Engine, LiveSession } from '../../src/index.js';
import { chunksAs, listeningEngine, scriptedEngine } from '../support/scriptedEngine.js';

/** Whatever throws behind an edge, at once or later: a call, a stream or a connection ends, and the process never. */
const escaped = vi.fn();
beforeEach(() => {
  escaped.mockClear();
  process.on('uncaughtException', escaped).on('unhandledRejection', escaped);
});
afterEach(() => {
  process.off('uncaughtException', escaped).off('unhandledRejection', escaped);
});

const broken = (): never => {
  throw new Error('behind the edge');
};
const brokenLater = async (): Promise<never> => broken();

const keys = ApiKeys.fromPairs('acme:right');
const brokenKeys = new ApiKeys(broken);

/** A gate that breaks in one of its questions. */
const gateOf = (question: 'enter' | 'used' | 'assertAudioLeft'): TenantGate =>
  Object.assign(new TenantGate(), { [question]: broken });

type Session = Partial<Record<'events' | 'enrollUnknown' | 'dispose', unknown>>;

/** A session that hears its audio to the end, or breaks where the test says. */
const watching = (session: Session = {}): Engine['watch'] => {
  return ({ audio }) =>
    ({
      sessionId: 'session-1',
      site: undefined,
      async *events() {
        for await (const item of audio) {
          if (item.type === 'state') yield { ...item, timestampMs: 0 };
        }
      },
      enrollUnknown: async () => ({}),
      [Symbol.asyncDispose]: session.dispose ?? (async () => {}),
      ...session,
    }) as unknown as LiveSession;
};

const HELLO = { type: 'hello', apiKey: 'right', encoding: 's16le', sampleRate: 16_000 };
const ENROLL = { type: 'enroll', id: '1', speakerId: 'ann' };

type Given = Partial<Omit<ServeOptions, 'keys'>> & { readonly keys?: ApiKeys };

async function withServer(given: Given, use: (url: string) => Promise<void>): Promise<void> {
  const server = await serve({ engine: listeningEngine().engine, keys, port: 0, graceMs: 200, ...given });
  try {
    await use(server.url);
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  } finally {
    await server.close();
  }
  await new Promise((resolve) => setImmediate(resolve));
  expect(escaped.mock.calls).toEqual([]);
}

describe('REST', () => {
  test.each<{ name: string; given: Given; status: number | 'cut' }>([
    { name: 'the engine', given: { engine: scriptedEngine({ identify: broken }) }, status: 500 },
    { name: 'the engine, later', given: { engine: scriptedEngine({ identify: brokenLater }) }, status: 500 },
    { name: 'the check of keys', given: { keys: brokenKeys }, status: 500 },
    { name: 'the count of calls', given: { gate: gateOf('enter') }, status: 500 },
    { name: 'the count of audio', given: { gate: gateOf('used') }, status: 200 },
    { name: 'the log of calls', given: { options: { onCall: broken } }, status: 200 },
    {
      name: 'the log of failures',
      given: { engine: scriptedEngine({ identify: broken }), options: { onFailure: broken } },
      status: 500,
    },
    {
      name: 'the answer',
      given: { engine: scriptedEngine({ identify: async () => ({ durationSeconds: 1n }) as never }) },
      status: 500,
    },
  ])('$name breaks', async ({ given, status }) => {
    const quiet = { onFailure: () => {}, ...given.options };
    await withServer({ ...given, options: quiet }, async (url) => {
      const body = JSON.stringify({ content: 'QUFB' });
      const headers = { 'x-api-key': 'right' };
      const answer = await fetch(`${url}/v1/identify`, { method: 'POST', headers, body });
      expect(answer.status).toBe(status);
      await answer.text();
    });
  });
});

describe('live streams', () => {
  test.each<{ name: string; given: Given; code: number; says?: object[] }>([
    { name: 'the engine', given: { engine: scriptedEngine({ watch: broken }) }, code: 4500 },
    { name: 'the check of keys', given: { keys: brokenKeys }, code: 4500 },
    { name: 'the count of audio', given: { gate: gateOf('used') }, code: 1000 },
    { name: 'the look at what is left', given: { gate: gateOf('assertAudioLeft') }, code: 4500 },
    { name: 'the events', given: { engine: scriptedEngine({ watch: watching({ events: broken }) }) }, code: 4500 },
    { name: 'the end', given: { engine: scriptedEngine({ watch: watching({ dispose: broken }) }) }, code: 1000 },
    {
      name: 'the end, later',
      given: { engine: scriptedEngine({ watch: watching({ dispose: brokenLater }) }) },
      code: 1000,
    },
    {
      name: 'enrolling',
      given: { engine: scriptedEngine({ watch: watching({ enrollUnknown: broken }) }) },
      says: [ENROLL],
      code: 1000,
    },
    {
      name: 'the log of failures',
      given: { engine: scriptedEngine({ watch: watching({ enrollUnknown: broken }) }), options: { onFailure: broken } },
      says: [ENROLL],
      code: 1000,
    },
  ])('$name breaks: $code', async ({ given, says = [], code }) => {
    const engine = { ...(given.engine ?? scriptedEngine({ watch: watching() })), model: { id: 'scripted' } as never };
    const quiet = { onFailure: () => {}, ...given.options };
    await withServer({ ...given, engine, options: quiet }, async (url) => {
      const socket = new WebSocket(`${url.replace('http', 'ws')}/v1/stream`);
      const closed = once(socket, 'close');
      await once(socket, 'open');
      for (const message of [HELLO, ...says]) socket.send(JSON.stringify(message));
      socket.send(Buffer.alloc(32_000));
      socket.send(JSON.stringify({ type: 'end' }));
      expect((await closed)[0]).toBe(code);
    });
  });
});

describe('gRPC', () => {
  test.each<{ name: string; given: Partial<Parameters<typeof serveGrpc>[0]> }>([
    { name: 'the engine', given: { engine: { ...scriptedEngine({}), identifyChunks: broken } } },
    {
      name: 'the engine, later',
      given: { engine: { ...scriptedEngine({}), identifyChunks: chunksAs(brokenLater) } },
    },
    { name: 'the check of keys', given: { keys: brokenKeys } },
    { name: 'the count of audio', given: { gate: gateOf('assertAudioLeft') } },
    {
      name: 'the log of failures',
      given: { engine: { ...scriptedEngine({}), identifyChunks: broken }, onFailure: broken },
    },
    {
      name: 'the answer',
      given: {
        engine: {
          ...scriptedEngine({}),
          identifyChunks: chunksAs(async () => ({ segments: undefined }) as never),
        },
      },
    },
  ])('$name breaks', async ({ given }) => {
    const server = await serveGrpc({
      engine: scriptedEngine({}),
      keys,
      port: 0,
      graceMs: 200,
      onFailure: () => {},
      ...given,
    });
    const client = new Client(server.address, credentials.createInsecure());
    const metadata = new Metadata();
    metadata.set('apikey', 'right');
    const bytes = (value: Buffer) => value;
    const path = '/deepaffectsrealtime.DeepAffectsRealtime/IdentifySpeaker';
    const call = client.makeBidiStreamRequest(path, bytes, bytes, metadata);
    call.on('error', () => {}).on('data', () => {});
    const ended = new Promise<StatusObject>((resolve) => call.once('status', resolve));
    call.write(
      Buffer.from([0x08, 1, 0x12, 4, ...Buffer.from('AAAA'), 0x1a, 3, ...Buffer.from('pcm'), 0x28, 0x80, 0x7d]),
    );
    expect((await ended).code).toBe(13); // INTERNAL
    client.close();
    await server.close();
    await new Promise((resolve) => setImmediate(resolve));
    expect(escaped.mock.calls).toEqual([]);
  });
});
