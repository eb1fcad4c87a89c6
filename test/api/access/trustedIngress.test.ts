import { once } from 'node:events';
import { type IncomingHttpHeaders, request } from 'node:http';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { ApiKeys } from '../../../src/api/access/apiKeys.js';
import { TrustedIngress } from '../../../src/api/access/trustedIngress.js';
import { serve } from '../../../src/api/serve.js';
import type { Actor, EnrollResult, LiveSession, SpeakerDirectory, WatchRequest } from '../../../src/index.js';
import { scriptedEngine } from '../../support/scriptedEngine.js';

/** The gateway connects from here, everybody else from 127.0.0.1. */
const GATEWAY = '127.0.0.2';
const USER = { 'x-remote-user-id': '3f5c0b6e8b1d4e0f9a6d2c7b5e4f1a20', 'x-remote-user-name': 'ann' };

interface Asked {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** A request from an address of this machine. */
async function ask(url: string, from: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Asked> {
  const sent = request(url, { method, headers, localAddress: from, agent: false });
  sent.end();
  const [response] = await once(sent, 'response');
  let text = '';
  for await (const piece of response.setEncoding('utf8')) text += piece;
  return { status: response.statusCode, headers: response.headers, text };
}

const actors: (Actor | undefined)[] = [];

const directory = (actor?: Actor) =>
  ({
    list: async () => [],
    delete: async () => {
      actors.push(actor);
      return true;
    },
  }) as unknown as SpeakerDirectory;

const session = ({ audio }: WatchRequest): LiveSession => ({
  sessionId: 'session-1',
  site: undefined,
  async *events() {
    for await (const item of audio) if (item.type === 'state') yield { ...item, timestampMs: 0 };
  },
  enrollUnknown: async ({ speakerId }, options) => {
    actors.push(options?.actor);
    return { speakerId, status: 'complete' } as EnrollResult;
  },
  [Symbol.asyncDispose]: async () => {},
});

const engine = () => ({
  ...scriptedEngine({ watch: session }),
  speakers: (_tenant?: string, actor?: Actor) => directory(actor),
  model: { id: 'scripted' } as never,
});

const keys = ApiKeys.fromPairs('local:right');
const serveBehind = (scopes?: string) =>
  serve({ engine: engine(), keys, port: 0, ingress: new TrustedIngress({ address: GATEWAY, scopes }) });

test.each([
  { name: 'the gateway names a user', from: GATEWAY, headers: USER, status: 200 },
  { name: 'the gateway names nobody', from: GATEWAY, headers: {}, status: 401 },
  { name: 'the gateway names something else', from: GATEWAY, headers: { 'x-remote-user-id': 'a, b' }, status: 401 },
  { name: 'somebody else names a user', from: '127.0.0.1', headers: USER, status: 401 },
  {
    name: 'somebody else claims to be forwarded by the gateway',
    from: '127.0.0.1',
    headers: { ...USER, 'x-forwarded-for': GATEWAY },
    status: 401,
  },
  { name: 'a wrong key is not made good', from: GATEWAY, headers: { ...USER, 'x-api-key': 'wrong' }, status: 401 },
  { name: 'a key of somebody else', from: '127.0.0.1', headers: { 'x-api-key': 'right' }, status: 200 },
])('$name: $status', async ({ from, headers, status }) => {
  const server = await serveBehind('admin');
  try {
    expect((await ask(`${server.url}/v1/speakers`, from, headers as Record<string, string>)).status).toBe(status);
  } finally {
    await server.close();
  }
});

test('without a trusted ingress the header means nothing', async () => {
  const server = await serve({ engine: engine(), keys, port: 0 });
  try {
    expect((await ask(`${server.url}/v1/speakers`, GATEWAY, USER)).status).toBe(401);
  } finally {
    await server.close();
  }
});

test('users may do what their scopes allow, and the audit log has their id, not their name', async () => {
  actors.length = 0;
  const [limited, full] = [await serveBehind(), await serveBehind('admin')];
  try {
    const refused = await ask(`${limited.url}/v1/speakers/bob`, GATEWAY, USER, 'DELETE');
    expect([refused.status, JSON.parse(refused.text)]).toEqual([403, expect.objectContaining({ code: 'KEY_SCOPE' })]);
    expect((await ask(`${full.url}/v1/speakers/bob`, GATEWAY, USER, 'DELETE')).status).toBe(204);
    expect(actors.map((actor) => actor?.name)).toEqual([`user:${USER['x-remote-user-id']}`]);
  } finally {
    await Promise.all([limited.close(), full.close()]);
  }
});

test('the console asks users of the ingress for no key and lies in their frame only', async () => {
  const server = await serveBehind();
  try {
    const inside = await ask(server.url, GATEWAY, USER);
    expect(inside.text).toContain('<html data-key="none" ');
    expect(inside.headers['content-security-policy']).toContain("frame-ancestors 'self'");
    const outside = await ask(server.url, '127.0.0.1', USER);
    expect(outside.text).not.toContain('data-key="none"');
    expect(outside.headers['content-security-policy']).toContain("frame-ancestors 'none'");
  } finally {
    await server.close();
  }
});

test('a live stream through the ingress needs no key, and enrols as its user', async () => {
  actors.length = 0;
  const server = await serveBehind();
  try {
    const url = `${server.url.replace('http', 'ws')}/v1/stream`;
    const socket = new WebSocket(url, { headers: USER, localAddress: GATEWAY });
    const types: string[] = [];
    socket.on('message', (data) => types.push(JSON.parse(data.toString()).type));
    await once(socket, 'open');
    socket.send(JSON.stringify({ type: 'hello', encoding: 'pcm', sampleRate: 16_000 }));
    socket.send(JSON.stringify({ type: 'enroll', id: '1', speakerId: 'ann' }));
    while (!types.includes('enrolled')) await once(socket, 'message');
    expect(actors.map((actor) => actor?.name)).toEqual([`user:${USER['x-remote-user-id']}`]);
    // Acknowledgements look at the caller again, every second.
    socket.send(Buffer.alloc(32_000));
    while (!types.includes('ack')) await once(socket, 'message');
    socket.send(JSON.stringify({ type: 'end' }));
    expect((await once(socket, 'close'))[0]).toBe(1000);

    const stranger = new WebSocket(url, { headers: USER });
    await once(stranger, 'open');
    stranger.send(JSON.stringify({ type: 'hello', encoding: 'pcm', sampleRate: 16_000 }));
    expect((await once(stranger, 'close'))[0]).toBe(4401);
  } finally {
    await server.close();
  }
});

test.each([
  { address: '172.30.32.0/23' },
  { address: 'supervisor' },
  { address: '' },
  { address: GATEWAY, scopes: 'erase' },
  { address: GATEWAY, scopes: '' },
])('$address with scopes $scopes is refused', (options) => {
  expect(() => new TrustedIngress(options)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
});
