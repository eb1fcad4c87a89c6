import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { ApiKeys } from '../../../src/api/access/apiKeys.js';
import { TrustedProxies } from '../../../src/api/access/trustedProxies.js';
import type { FailureReport, RestLimits } from '../../../src/api/calls/call.js';
import { type RunningServer, serve } from '../../../src/api/serve.js';
import { ERROR_CODES, VoicePrintsError } from '../../../src/core/errors.js';
import type { Engine } from '../../../src/engine/engine.js';
import { listeningEngine, scriptedEngine } from '../../support/scriptedEngine.js';

const CONTRACT = '/audio/generic/api/v2/sync/diarization';
const keys = ApiKeys.fromPairs('acme:right');
const INVALID_KEY = {
  fault: { faultstring: 'Invalid ApiKey', detail: { errorcode: 'oauth.v2.InvalidApiKey' } },
};

let server: RunningServer | undefined;
const failures: FailureReport[] = [];
afterEach(async () => {
  await server?.close();
  server = undefined;
  failures.length = 0;
});

async function start(engine: Engine, limits: Partial<RestLimits> = {}, proxies?: TrustedProxies): Promise<string> {
  const onFailure = (failure: FailureReport) => failures.push(failure);
  server = await serve({ engine, keys, proxies, port: 0, graceMs: 500, options: { limits, onFailure } });
  return server.url;
}

const post = (url: string, body: BodyInit, headers: Record<string, string> = {}) =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
    duplex: 'half',
  } as RequestInit);

describe('keys', () => {
  const path = `${CONTRACT}/get_enrolled_speakers`;

  test.each([
    { name: 'apikey', query: '?apikey=right', headers: {} },
    { name: 'api_key', query: '?api_key=right', headers: {} },
    { name: 'Bearer', query: '', headers: { authorization: 'Bearer right' } },
    { name: 'bearer in small letters', query: '', headers: { authorization: 'bearer right' } },
    { name: 'x-api-key', query: '', headers: { 'x-api-key': 'right' } },
    { name: 'an empty parameter and a header', query: '?apikey=', headers: { authorization: 'Bearer right' } },
  ])('as $name', async ({ query, headers }) => {
    const url = await start(listeningEngine().engine);
    const response = await fetch(`${url}${path}${query}`, { headers });
    expect([response.status, await response.json()]).toEqual([200, { developer_id: 'acme', enrolled_speaker_ids: [] }]);
  });

  test.each([
    { name: 'none', query: '', headers: {} },
    { name: 'a wrong one', query: '?apikey=wrong', headers: {} },
    { name: 'a wrong one before a right header', query: '?apikey=wrong', headers: { authorization: 'Bearer right' } },
    { name: 'the tenant', query: '?apikey=acme', headers: {} },
    { name: 'the pair', query: '?apikey=acme:right', headers: {} },
    { name: 'Basic', query: '', headers: { authorization: 'Basic right' } },
  ])('$name is 401 to the letter', async ({ query, headers }) => {
    const url = await start(listeningEngine().engine);
    for (const init of [{}, { method: 'POST', body: 'x' }]) {
      const response = await fetch(`${url}${path}${query}`, { headers, ...init });
      expect([response.status, await response.json()]).toEqual([401, INVALID_KEY]);
    }
    const modern = await fetch(`${url}/v1/speakers${query}`, { headers });
    expect(modern.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    const answer = (await modern.json()) as { detail: string };
    expect(answer).toMatchObject({ status: 401, code: 'KEY_INVALID', title: 'Unauthorized' });
    const isMissing = query === '' && !/^Bearer/.test((headers as { authorization?: string }).authorization ?? '');
    expect(answer.detail, 'a missing key is told from a wrong one').toMatch(isMissing ? /has no API key/ : /Invalid/);
  });

  test('guessing is slowed down; who has a right key at the same address is not', async () => {
    const url = await start(listeningEngine().engine, { maxWrongKeysPerMinute: 3 });
    const statuses: number[] = [];
    for (let i = 0; i < 5; i += 1) statuses.push((await fetch(`${url}${path}?apikey=guess${i}`)).status);
    const response = await fetch(`${url}${path}?apikey=guess`);
    expect(statuses).toEqual([401, 401, 401, 429, 429]);
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await response.json()).toMatchObject({ fault: { detail: { error_type: 'rate_limit' } } });
    expect((await fetch(`${url}${path}?apikey=right`)).status).toBe(200);
    expect((await fetch(`${url}${path}`)).status).toBe(401); // no key is no guess
  });

  test('behind a named proxy each caller is slowed down alone; a header of anybody else counts for nothing', async () => {
    const limits = { maxWrongKeysPerMinute: 1 };
    const guess = async (url: string, from: string) =>
      (await fetch(`${url}${path}?apikey=guess`, { headers: { 'x-forwarded-for': from } })).status;
    const trusting = await start(listeningEngine().engine, limits, new TrustedProxies('loopback'));
    expect(await guess(trusting, '203.0.113.1')).toBe(401);
    expect(await guess(trusting, '203.0.113.1')).toBe(429);
    expect(await guess(trusting, '198.51.100.9, 203.0.113.1')).toBe(429); // the client's own words, before the proxy's
    expect(await guess(trusting, '203.0.113.2')).toBe(401);
    await server!.close();
    const wary = await start(listeningEngine().engine, limits);
    expect(await guess(wary, '203.0.113.1')).toBe(401);
    expect(await guess(wary, '203.0.113.2')).toBe(429);
  });

  test('a call without a key is no guess', async () => {
    const url = await start(listeningEngine().engine, { maxWrongKeysPerMinute: 1 });
    for (let i = 0; i < 3; i += 1) expect((await fetch(`${url}${path}`)).status).toBe(401);
    expect((await fetch(`${url}${path}?apikey=right`)).status).toBe(200);
  });
});

describe('what the engine throws', () => {
  test.each(ERROR_CODES)('%s in both dialects', async (code) => {
    const thrown = new VoicePrintsError(code, `it happened at /srv/place; do that`, { details: { speakerIds: 'a,b' } });
    const url = await start(scriptedEngine({ identify: () => Promise.reject(thrown) }));
    const fault = await post(`${url}${CONTRACT}/identify?apikey=right`, '{"content":"AAAA"}');
    const problem = await post(`${url}/v1/identify?apikey=right`, '{"content":"AAAA"}');
    const [faultBody, problemBody] = [await fault.json(), await problem.json()];
    const isOurs = fault.status >= 500;

    expect(problem.status >= 500).toBe(isOurs);
    expect([400, 404, 413, 429, 500, 501, 503]).toContain(fault.status);
    expect(faultBody.fault.faultstring).toBe(faultBody.fault.fault_string);
    expect(faultBody.fault.detail).toMatchObject({ code, errorcode: faultBody.fault.detail.error_code });
    expect(problemBody).toMatchObject({ status: problem.status, code, title: expect.any(String) });
    expect(JSON.stringify(faultBody).includes('/srv/place')).toBe(!isOurs && code !== 'AUDIO_TOO_LONG');
    expect(JSON.stringify(problemBody).includes('/srv/place')).toBe(!isOurs);
    // That another process has the jobs is nobody's fault, and no log needs it.
    expect(failures.map(({ code }) => code)).toEqual(isOurs && code !== 'JOBS_LOCKED' ? [code, code] : []);
    expect(failures.every(({ requestId }) => requestId !== '')).toBe(true);
  });

  test('a bug of ours is a 500 that shows nothing of itself, and the server goes on', async () => {
    const url = await start(
      scriptedEngine({
        identify: () => Promise.reject(new TypeError('secret.path is undefined')),
        directory: { list: async () => [] },
      }),
    );
    const response = await post(`${url}${CONTRACT}/identify?apikey=right`, '{"content":"AAAA"}');
    const text = await response.text();
    expect([response.status, text.includes('secret'), text.includes('    at ')]).toEqual([500, false, false]);
    expect(failures[0]).toMatchObject({ code: 'INTERNAL', requestId: response.headers.get('x-request-id') });
    expect(JSON.stringify(failures)).not.toContain('right');
    expect((await fetch(`${url}/v1/speakers?apikey=right`)).status).toBe(200);
  });

  test('two minutes too much names the asynchronous call', async () => {
    const url = await start(
      scriptedEngine({ identify: () => Promise.reject(new VoicePrintsError('AUDIO_TOO_LONG', 'too long')) }),
    );
    const response = await post(`${url}${CONTRACT}/identify?apikey=right`, '{"content":"AAAA"}');
    expect([response.status, (await response.json()).fault.faultstring]).toEqual([
      400,
      expect.stringMatching(/120 seconds.*async/),
    ]);
  });
});

describe('limits', () => {
  test('a call beyond the limit gets Retry-After; its slot is released', async () => {
    let finish = () => {};
    const gate = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const done = { durationSeconds: 1, model: 'm', segments: [], warnings: [] };
    const identify = async () => {
      await gate;
      return done;
    };
    const url = `${await start(scriptedEngine({ identify }), { maxConcurrent: 2 })}${CONTRACT}/identify?apikey=right`;
    const first = post(url, '{"content":"AAAA"}');
    const second = post(url, '{"content":"AAAA"}');
    await expect.poll(async () => (await post(url, '{"content":"AAAA"}')).status).toBe(429);
    const refused = await post(url, '{"content":"AAAA"}');
    expect(refused.headers.get('retry-after')).toBe('2');
    expect(await refused.json()).toMatchObject({ fault: { detail: { error_type: 'rate_limit' } } });
    finish();
    expect((await Promise.all([first, second])).map(({ status }) => status)).toEqual([200, 200]);
    expect((await post(url, '{"content":"AAAA"}')).status).toBe(200);
  });

  test.each([
    { name: 'JSON', type: 'application/json', body: JSON.stringify({ content: 'A'.repeat(4000), speakerId: 'a' }) },
    { name: 'audio', type: 'audio/wav', body: 'A'.repeat(4000) },
  ])('$name over the body limit is 413, declared or not', async ({ type, body }) => {
    const url = await start(listeningEngine().engine, { maxBodyBytes: 1000 });
    const target = `${url}${CONTRACT}/enroll?apikey=right&speakerId=a`;
    const stream = new ReadableStream({
      start(controller) {
        for (let at = 0; at < body.length; at += 100) controller.enqueue(Buffer.from(body.slice(at, at + 100)));
        controller.close();
      },
    });
    const declared = await post(target, body, { 'content-type': type });
    const chunked = await post(target, stream, { 'content-type': type });
    expect([declared.status, chunked.status]).toEqual([413, 413]);
    expect((await declared.json()).fault.detail.code).toBe('BODY_TOO_LARGE');
    expect((await chunked.json()).fault.detail.code).toMatch(/^(BODY|AUDIO)_TOO_LARGE$/);
  });

  test('calls without audio accept small bodies only', async () => {
    const url = await start(listeningEngine().engine);
    const body = JSON.stringify({ speakerId: 'ann', more: 'x'.repeat(70_000) });
    const response = await post(`${url}${CONTRACT}/delete?apikey=right`, body);
    expect([response.status, (await response.json()).fault.detail.code]).toEqual([413, 'BODY_TOO_LARGE']);
  });

  test.each(['application/json', 'audio/wav'])('a %s body that trickles is 408', async (type) => {
    const { engine } = listeningEngine();
    const enroll: Engine['enroll'] = (request, { signal } = {}) =>
      new Promise((resolve, reject) => {
        signal!.addEventListener('abort', () => reject(signal!.reason as Error));
        engine.enroll(request).then(resolve, reject);
      });
    const url = new URL(await start(scriptedEngine({ enroll }), { bodyTimeoutMs: 300 }));
    const socket = connect(Number(url.port), url.hostname);
    socket.write(
      `POST ${CONTRACT}/enroll?apikey=right&speakerId=a HTTP/1.1\r\nhost: x\r\ncontent-type: ${type}\r\ncontent-length: 500\r\n\r\n{`,
    );
    const drip = setInterval(() => socket.write(' '), 50);
    const [head] = (await once(socket, 'data')) as [Buffer];
    clearInterval(drip);
    socket.destroy();
    expect(head.toString()).toMatch(/^HTTP\/1\.1 408 [\s\S]*BODY_TIMEOUT/);
  });

  test('a client that hangs up stops the work', async () => {
    let aborted = false;
    let isStarted = false;
    const identify: Engine['identify'] = (_request, { signal } = {}) =>
      new Promise((_resolve, reject) => {
        isStarted = true;
        signal!.addEventListener('abort', () => {
          aborted = true;
          reject(signal!.reason as Error);
        });
      });
    const url = await start(scriptedEngine({ identify }));
    const client = new AbortController();
    const call = fetch(`${url}${CONTRACT}/identify?apikey=right`, {
      method: 'POST',
      body: '{"content":"AAAA"}',
      signal: client.signal,
    });
    await expect.poll(() => isStarted).toBe(true);
    client.abort();
    await expect(call).rejects.toThrow();
    await expect.poll(() => aborted).toBe(true);
    expect(failures).toEqual([]);
  });

  test('a client that hangs up inside its body is gone with it: nothing was in work, and nothing is kept', async () => {
    const { engine, heard } = listeningEngine();
    const url = new URL(await start(engine, { maxArrivals: 1 }));
    const target = `${CONTRACT}/enroll?apikey=right&speakerId=a`;
    const socket = connect(Number(url.port), url.hostname);
    socket.write(`POST ${target} HTTP/1.1\r\nhost: x\r\ncontent-type: audio/wav\r\ncontent-length: 500\r\n\r\nRIFF`);
    const send = () => post(`${url.origin}${target}`, 'RIFF', { 'content-type': 'audio/wav' });
    await expect.poll(async () => (await send()).status).toBe(429);
    socket.destroy();
    await expect.poll(async () => (await send()).status).toBe(200);
    expect(heard).toHaveLength(1);
    expect(failures).toEqual([]);
  });
});

test('a client that closes its connections reads a refusal that came before its body was sent', async () => {
  const url = new URL(await start(listeningEngine().engine));
  const body = Buffer.alloc(8 * 2 ** 20, ' ');
  const head = [
    `POST ${CONTRACT}/identify?apikey=wrong HTTP/1.1`,
    'Host: x',
    'Connection: close',
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
  ];
  for (let round = 0; round < 5; round += 1) {
    const socket = connect(Number(url.port), url.hostname);
    const received: Buffer[] = [];
    const failure = new Promise<unknown>((resolve) => {
      socket.once('error', resolve);
      socket.once('close', () => resolve(undefined));
    });
    socket.write(`${head.join('\r\n')}\r\n\r\n`);
    // Like most clients: nothing is read before everything is sent.
    socket.write(body, () => socket.on('data', (piece: Buffer) => received.push(piece)));
    expect(await failure).toBeUndefined();
    expect(Buffer.concat(received).toString()).toMatch(/^HTTP\/1\.1 401 /);
  }
});
