import { once } from 'node:events';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { ApiKeys, keysOfPairs } from '../../../src/api/access/apiKeys.js';
import { TenantGate } from '../../../src/api/access/tenantGate.js';
import { serve } from '../../../src/api/serve.js';
import { onCaughtFault } from '../../../src/core/guarded.js';
import type { Actor, EnrollResult, LiveSession, WatchRequest } from '../../../src/index.js';
import { scriptedEngine } from '../../support/scriptedEngine.js';

/** Who enrolled, in order. */
const actors: (Actor | undefined)[] = [];

/** A session that hears its audio to the end, and enrols whoever it is told to. */
const session = ({ audio }: WatchRequest): LiveSession => ({
  sessionId: 'session-1',
  site: undefined,
  async *events() {
    for await (const item of audio) {
      if (item.type === 'state') yield { ...item, timestampMs: 0 };
    }
  },
  enrollUnknown: async ({ speakerId }, options) => {
    actors.push(options?.actor);
    return { speakerId, status: 'complete' } as EnrollResult;
  },
  [Symbol.asyncDispose]: async () => {},
});

test('a key with scope identify cannot enrol; the audio of a tenant is counted', async () => {
  const [hearing] = keysOfPairs('acme:hearing-key');
  const [any] = keysOfPairs('acme:any-key');
  const known = [any!, { ...hearing!, scopes: ['identify'] as const }];
  const gate = new TenantGate();
  const engine = { ...scriptedEngine({ watch: session }), model: { id: 'scripted' } as never };
  const server = await serve({ engine, keys: new ApiKeys(() => known), gate, port: 0 });
  try {
    const told = async (apiKey: string) => {
      const socket = new WebSocket(`${server.url.replace('http', 'ws')}/v1/stream`);
      const messages: { type: string; code?: string }[] = [];
      socket.on('message', (data) => messages.push(JSON.parse(data.toString())));
      await once(socket, 'open');
      socket.send(JSON.stringify({ type: 'hello', apiKey, encoding: 'pcm', sampleRate: 16_000 }));
      socket.send(JSON.stringify({ type: 'enroll', id: '1', speakerId: 'ann' }));
      while (!messages.some(({ type }) => type === 'enrolled' || type === 'refused')) await once(socket, 'message');
      socket.send(Buffer.alloc(96_000));
      socket.send(JSON.stringify({ type: 'end' }));
      const [code] = await once(socket, 'close');
      expect(code).toBe(1000);
      return messages;
    };
    expect(await told('hearing-key')).toContainEqual(expect.objectContaining({ type: 'refused', code: 'KEY_SCOPE' }));
    expect(await told('any-key')).toContainEqual(expect.objectContaining({ type: 'enrolled' }));
    expect(actors).toEqual([{ name: `key:${any!.keyId}`, requestId: 'session-1' }]);
  } finally {
    await server.close();
  }
  expect(gate.audioMinutesToday('acme')).toBeCloseTo(0.1, 9);
});

test('a stream ends with 4401 soon after its key was revoked, and cannot enrol in between', async () => {
  const [known] = keysOfPairs('acme:revoked-key');
  let held = [known!];
  const engine = { ...scriptedEngine({ watch: session }), model: { id: 'scripted' } as never };
  const server = await serve({ engine, keys: new ApiKeys(() => held), port: 0 });
  const faults: unknown[] = [];
  const stopListening = onCaughtFault((fault) => faults.push(fault));
  const address = `${server.url.replace('http', 'ws')}/v1/stream`;
  const opened = async () => {
    const socket = new WebSocket(address);
    await once(socket, 'open');
    socket.send(JSON.stringify({ type: 'hello', apiKey: 'revoked-key', encoding: 'pcm', sampleRate: 16_000 }));
    await once(socket, 'message');
    return socket;
  };
  try {
    const [silent, asking] = [await opened(), await opened()];
    const closed = Promise.all([once(silent, 'close'), once(asking, 'close')]);
    const before = actors.length;
    held = [];
    asking.send(JSON.stringify({ type: 'enroll', id: '1', speakerId: 'ann' }));
    for (const [code, reason] of await closed)
      expect([code, String(reason)]).toEqual([4401, 'Invalid ApiKey [KEY_INVALID]']);
    expect(actors).toHaveLength(before);
    expect(faults).toEqual([]); // a refusal is no defect for the log
  } finally {
    stopListening();
    await server.close();
  }
});

test("a stream gets its last turns and ends when its tenant's minutes are used up; nothing more counts, and no new one opens", async () => {
  const gate = new TenantGate(() => ({ audioMinutesPerDay: 0.1 }));
  const engine = { ...scriptedEngine({ watch: session }), model: { id: 'scripted' } as never };
  const server = await serve({ engine, keys: ApiKeys.fromPairs('acme:any-key'), gate, port: 0 });
  const address = `${server.url.replace('http', 'ws')}/v1/stream`;
  try {
    const socket = new WebSocket(address);
    const messages: { type: string; code?: string; event?: { status?: string } }[] = [];
    socket.on('message', (data) => messages.push(JSON.parse(data.toString())));
    const closed = once(socket, 'close');
    await once(socket, 'open');
    socket.send(JSON.stringify({ type: 'hello', apiKey: 'any-key', encoding: 'pcm', sampleRate: 16_000 }));
    for (let second = 0; second < 6; second += 1) socket.send(Buffer.alloc(32_000));
    const [code, reason] = await closed;
    expect([code, String(reason)]).toEqual([4429, 'the stream cannot continue [QUOTA_USED_UP]']);
    expect(messages.at(-2)).toMatchObject({ type: 'event', event: { status: 'ended' } });
    expect(messages.at(-1)).toMatchObject({ type: 'failed', code: 'QUOTA_USED_UP' });
    expect(gate.audioMinutesToday('acme')).toBeCloseTo(0.1, 9);

    const refused = new WebSocket(address, { headers: { authorization: 'Bearer any-key' } });
    const [, response] = await once(refused, 'unexpected-response');
    expect(response.statusCode).toBe(402);
    refused.on('error', () => {}); // it was never opened
    refused.terminate();
    const later = new WebSocket(address);
    await once(later, 'open');
    later.send(JSON.stringify({ type: 'hello', apiKey: 'any-key', encoding: 'pcm', sampleRate: 16_000 }));
    expect((await once(later, 'close'))[0]).toBe(4429);
  } finally {
    await server.close();
  }
});
