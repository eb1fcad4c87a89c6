import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { afterEach, describe, expect, test } from 'vitest';
import { VoicePrintsError } from '../../../src/core/errors.js';
import type { Identification } from '../../../src/core/identification.js';
import type { Engine } from '../../../src/engine/engine.js';
import type { JobSettings } from '../../../src/engine/jobs/jobSettings.js';
import { type Received, webhookReceiver } from '../../jobs/webhookReceiver.js';
import { type AsyncServer, asyncServer } from '../../support/asyncServer.js';
import { bytesOf, scriptedEngine } from '../../support/scriptedEngine.js';
import { temporaryFolder } from '../../support/temporaryFolder.js';
import { until } from '../../support/until.js';

const IDENTIFY = '/audio/generic/api/v2/async/diarization/identify';
const CONTENT = Buffer.from('sound').toString('base64');
const HEARD: Identification = { durationSeconds: 3, model: 'scripted', segments: [], warnings: [] };

const opened: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one[Symbol.asyncDispose]();
});
const held = <T extends AsyncDisposable>(one: T): T => {
  opened.push(one);
  return one;
};

interface Started {
  readonly identify?: Engine['identify'];
  readonly allowHosts?: readonly string[];
  readonly settings?: Partial<JobSettings>;
  readonly storeDirectory?: string;
}

async function start({ identify = async () => HEARD, storeDirectory, ...options }: Started = {}) {
  const folder = storeDirectory ?? (await temporaryFolder());
  const engine = scriptedEngine({
    identify,
    storeDirectory: folder,
    directory: { list: async () => [], get: async () => undefined },
  });
  return { ...held(await asyncServer(engine, options)), folder };
}

const settled = (server: Pick<AsyncServer, 'call'>, path: string) =>
  until(
    () => server.call('GET', path),
    ({ body }) => ['done', 'failed', 'cancelled'].includes(body.status),
  );

/** An engine that works until it is let go, or stopped. */
function patientEngine() {
  const waiting: (() => void)[] = [];
  const identify: Engine['identify'] = (_request, { signal } = {}) =>
    new Promise((resolve, reject) => {
      waiting.push(() => resolve(HEARD));
      signal?.addEventListener('abort', () => reject(new VoicePrintsError('ABORTED', 'stopped')));
    });
  return { identify, waiting };
}

describe('a job', () => {
  test('is accepted at once, done later, and can be polled; its audio is gone', async () => {
    const heard: Buffer[] = [];
    const identify: Engine['identify'] = async ({ source, tenantId }) => {
      heard.push(await bytesOf(source));
      expect(tenantId).toBe('acme');
      return HEARD;
    };
    const server = await start({ identify });
    const accepted = await server.call('POST', `${IDENTIFY}?request_id=42`, { content: CONTENT, encoding: 'wav' });
    expect([accepted.status, accepted.body]).toEqual([202, { request_id: '42', api: IDENTIFY }]);
    const { status, body } = await settled(server, `${IDENTIFY}/42`);
    expect(status).toBe(200);
    expect(body).toMatchObject({ request_id: '42', status: 'done', tries: 1, response: { segments: [], duration: 3 } });
    expect(heard.map(String)).toEqual(['sound']);
    await until(() => readdirSync(join(server.folder, 'jobs', 'audio')).length === 0);
  });

  test('accepts audio as the body, and creates an id where none is given', async () => {
    const server = await start();
    const response = await fetch(`${server.url}${IDENTIFY}?apikey=acme-key`, {
      method: 'POST',
      headers: { 'content-type': 'audio/wav' },
      body: 'sound',
    });
    const { request_id: id } = (await response.json()) as { request_id: string };
    expect([response.status, id]).toEqual([202, expect.stringMatching(/^[0-9a-f-]{36}$/)]);
    expect((await settled(server, `${IDENTIFY}/${id}`)).body.status).toBe('done');
  });

  test.each([
    { name: 'drop-in', path: `${IDENTIFY}?request_id=a`, fields: {} },
    { name: 'modern', path: '/v1/jobs', fields: { requestId: 'a', kind: 'identify' } },
  ])('takes audio as the file of a form, with fields beside it: $name', async ({ path, fields }) => {
    const heard: unknown[] = [];
    const identify: Engine['identify'] = async ({ source, falseAcceptPercent }) => {
      heard.push([String(await bytesOf(source)), source.rawFormat?.sampleRateHz, falseAcceptPercent]);
      return HEARD;
    };
    const server = await start({ identify });
    const form = new FormData();
    const given = { ...fields, falseAcceptPercent: '5', encoding: 'pcm', sampleRate: '8000' };
    for (const [name, value] of Object.entries(given)) form.set(name, value);
    form.set('recording', new Blob(['sound of a form']), 'talk.raw');
    const ask = () =>
      fetch(`${server.url}${path}`, { method: 'POST', headers: { 'x-api-key': 'acme-key' }, body: form });
    expect((await ask()).status).toBe(202);
    expect((await settled(server, '/v1/jobs/a')).body).toMatchObject({ status: 'done', kind: 'identify' });
    expect(heard).toEqual([['sound of a form', 8_000, 5]]);
    expect((await ask()).ok).toBe(true); // the same audio and fields: the same job, though its boundary is another
    expect(heard).toHaveLength(1);
  });

  test.each([IDENTIFY, '/v1/jobs'])('of a content type that is not read is refused with 415: %s', async (path) => {
    const server = await start();
    for (const type of [
      'multipart/mixed; boundary=x',
      'multipart/related; boundary=x',
      'application/json; charset=x',
    ]) {
      const refused = await fetch(`${server.url}${path}`, {
        method: 'POST',
        headers: { 'x-api-key': 'acme-key', 'content-type': type },
        body: '--x\r\nContent-Type: audio/wav\r\n\r\nsound\r\n--x--\r\n',
      });
      const { fault, code = fault.detail.code } = await refused.json();
      expect([type, refused.status, code]).toEqual([type, 415, 'BODY_TYPE_UNSUPPORTED']);
    }
    expect((await server.call('GET', '/v1/jobs')).body.jobs).toEqual([]);
    expect(readdirSync(join(server.folder, 'jobs', 'audio'))).toEqual([]);
  });

  test('a repeated request is the same job; another one under its id is refused in the form of its surface', async () => {
    let runs = 0;
    const server = await start({
      identify: async () => {
        runs += 1;
        return HEARD;
      },
    });
    const ask = (content: string) => server.call('POST', `${IDENTIFY}?request_id=a`, { content });
    expect((await ask(CONTENT)).status).toBe(202);
    await settled(server, `${IDENTIFY}/a`);
    expect((await ask(CONTENT)).status).toBe(202);
    const refused = await ask(Buffer.from('other').toString('base64'));
    expect([refused.status, refused.body.fault.detail]).toMatchObject([400, { code: 'JOB_CONFLICT' }]);
    const modern = await server.call('POST', '/v1/jobs', {
      requestId: 'a',
      content: Buffer.from('x').toString('base64'),
    });
    expect([modern.status, modern.body.code]).toEqual([409, 'JOB_CONFLICT']);
    expect(runs).toBe(1);
    expect(readdirSync(join(server.folder, 'jobs', 'audio'))).toEqual([]);
  });

  test('belongs to its tenant', async () => {
    const server = await start();
    await server.call('POST', `${IDENTIFY}?request_id=a`, { content: CONTENT });
    await settled(server, `${IDENTIFY}/a`);
    const other = (method: string, path: string) => server.call(method, path, undefined, 'globex-key');
    expect((await other('GET', `${IDENTIFY}/a`)).body.fault.detail.code).toBe('JOB_NOT_FOUND');
    expect((await other('DELETE', '/v1/jobs/a')).status).toBe(404);
    expect((await other('GET', '/v1/jobs')).body).toEqual({ jobs: [], cursor: null });
    expect((await server.call('GET', '/v1/jobs')).body.jobs).toMatchObject([{ requestId: 'a', status: 'done' }]);
  });

  test('that waits can be cancelled, that runs is stopped, and what is over can be erased', async () => {
    const { identify, waiting } = patientEngine();
    const server = await start({ identify, settings: { concurrency: 1 } });
    for (const id of ['a', 'b']) await server.call('POST', `${IDENTIFY}?request_id=${id}`, { content: CONTENT });
    await until(() => waiting.length === 1);
    for (const id of ['b', 'a']) {
      const { status, body } = await server.call('DELETE', `${IDENTIFY}/${id}`);
      expect([status, body.status]).toEqual([200, 'cancelled']);
    }
    await until(() => readdirSync(join(server.folder, 'jobs', 'audio')).length === 0);
    expect(waiting).toHaveLength(1);
    expect((await server.call('GET', `${IDENTIFY}/a`)).body).toMatchObject({ status: 'cancelled', tries: 1 });
    await server.call('DELETE', `${IDENTIFY}/a`);
    expect((await server.call('GET', `${IDENTIFY}/a`)).status).toBe(404);
  });

  test('more than the queue holds are refused, with when to come again', async () => {
    const { identify, waiting } = patientEngine();
    const server = await start({ identify, settings: { concurrency: 1, maxJobsOfTenant: 2 } });
    const ask = (id: string, key?: string) =>
      server.call('POST', `${IDENTIFY}?request_id=${id}`, { content: CONTENT }, key);
    await ask('a');
    await ask('b');
    const full = await ask('c');
    expect([full.status, full.body.fault.detail]).toMatchObject([429, { code: 'JOBS_FULL', error_type: 'rate_limit' }]);
    expect(Number(full.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await ask('a')).status).toBe(202); // there already
    expect((await ask('c', 'globex-key')).status).toBe(202);
    await until(() => waiting.length === 1);
  });

  test.each([
    { name: 'no audio', path: IDENTIFY, body: {}, code: 'INPUT_INVALID' },
    {
      name: 'both kinds of audio',
      path: IDENTIFY,
      body: { content: CONTENT, url: 'http://a.example' },
      code: 'INPUT_INVALID',
    },
    { name: 'no base64', path: IDENTIFY, body: { content: '?' }, code: 'AUDIO_BASE64_INVALID' },
    { name: 'a url that is none', path: IDENTIFY, body: { url: 'nowhere' }, code: 'URL_INVALID' },
    { name: 'a url to a file', path: IDENTIFY, body: { url: 'file:///etc/passwd' }, code: 'URL_FORBIDDEN' },
    { name: 'a webhook that is none', path: `${IDENTIFY}?webhook=x`, body: { content: CONTENT }, code: 'URL_INVALID' },
    {
      name: 'somebody unknown',
      path: IDENTIFY,
      body: { content: CONTENT, speakerIds: ['zoe'] },
      code: 'SPEAKER_NOT_FOUND',
    },
    {
      name: 'an id too long',
      path: `${IDENTIFY}?request_id=${'a'.repeat(129)}`,
      body: { content: CONTENT },
      code: 'INPUT_INVALID',
    },
    {
      name: 'half a speaker',
      path: '/audio/generic/api/v2/async/diarize',
      body: { content: CONTENT, speakerCount: 1.5 },
      code: 'INPUT_INVALID',
    },
    {
      name: 'a negative pause',
      path: '/audio/generic/api/v1/async/vad',
      body: { content: CONTENT, minNonSpeechDuration: -1 },
      code: 'INPUT_INVALID',
    },
  ])('is refused before it is taken in: $name', async ({ path, body, code }) => {
    const server = await start();
    const refused = await server.call('POST', path, body);
    expect([refused.status, refused.body.fault.detail.code]).toEqual([400, code]);
    expect((await server.call('GET', '/v1/jobs')).body.jobs).toEqual([]);
    expect(readdirSync(join(server.folder, 'jobs', 'audio'))).toEqual([]);
  });

  test('fails for good at once, for a reason that may pass after three tries', async () => {
    const server = await start({
      identify: async ({ falseAcceptPercent }) => {
        if (falseAcceptPercent === 5) throw new Error('a defect');
        if (falseAcceptPercent === 0.1)
          throw new VoicePrintsError('FILE_NOT_FOUND', 'the audio is elsewhere; share it');
        throw new VoicePrintsError('AUDIO_CORRUPT', 'it is broken; mend it');
      },
    });
    await server.call('POST', '/v1/jobs', { requestId: 'b', content: CONTENT });
    const once = await settled(server, '/v1/jobs/b');
    expect(once.body).toMatchObject({ status: 'failed', tries: 1, problem: { code: 'AUDIO_CORRUPT', status: 422 } });
    await server.call('POST', '/v1/jobs', { requestId: 'a', content: CONTENT, falseAcceptPercent: 5 });
    const { body } = await settled(server, '/v1/jobs/a');
    expect(body).toMatchObject({ status: 'failed', tries: 3, problem: { code: 'INTERNAL', status: 500 } });
    expect(JSON.stringify(body)).not.toContain('a defect');
    expect(server.faults).toEqual(['INTERNAL', 'INTERNAL', 'INTERNAL']);
    await server.call('POST', '/v1/jobs', { requestId: 'c', content: CONTENT, falseAcceptPercent: 0.1 });
    expect((await settled(server, '/v1/jobs/c')).body).toMatchObject({ tries: 1, problem: { code: 'FILE_NOT_FOUND' } });
    expect(server.faults.at(-1)).toBe('FILE_NOT_FOUND');
  });

  test('an outcome expires', async () => {
    const server = await start({ settings: { resultKeptMs: -1 } });
    await server.call('POST', '/v1/jobs', { requestId: 'a', content: CONTENT });
    await settled(server, '/v1/jobs/a');
    await server.jobs.sweep();
    expect((await server.call('GET', '/v1/jobs/a')).status).toBe(404);
  });

  test('expires when audio is no longer kept, and reports that to its webhook', async () => {
    const receiver = held(await webhookReceiver());
    const { identify } = patientEngine();
    const settings = { concurrency: 1, audioKeptMs: -1 };
    const server = await start({ identify, settings, allowHosts: [receiver.host] });
    await server.call('POST', '/v1/jobs', { requestId: 'a', content: CONTENT });
    await server.call('POST', '/v1/jobs', { requestId: 'b', content: CONTENT, webhook: receiver.url });
    await server.jobs.sweep();
    expect((await settled(server, '/v1/jobs/b')).body).toMatchObject({
      status: 'failed',
      problem: { code: 'JOB_EXPIRED' },
    });
    await until(() => receiver.received.length === 1);
    expect(receiver.received[0]!.body).toMatchObject({ request_id: 'b', fault: { detail: { code: 'JOB_EXPIRED' } } });
  });

  test('is handed back when the server stops, and done by the next one without counting twice', async () => {
    const { identify, waiting } = patientEngine();
    const first = await start({ identify });
    await first.call('POST', '/v1/jobs', { requestId: 'a', content: CONTENT });
    await until(() => waiting.length === 1);
    await opened.pop()![Symbol.asyncDispose]();
    const second = await start({ storeDirectory: first.folder });
    expect((await settled(second, '/v1/jobs/a')).body).toMatchObject({ status: 'done', tries: 1 });
  });

  test('a second server of one store serves all but jobs', async () => {
    const first = await start();
    const engine = scriptedEngine({
      storeDirectory: first.folder,
      directory: { list: async () => [], get: async () => undefined },
    });
    await expect(asyncServer(engine, {})).rejects.toMatchObject({ code: 'JOBS_LOCKED' });
    expect(existsSync(join(first.folder, 'jobs', 'queue', 'LOCK'))).toBe(true);
  });
});

describe('a webhook', () => {
  const ask = (server: AsyncServer, id: string, webhook: string) =>
    server.call('POST', `${IDENTIFY}?request_id=${id}&webhook=${encodeURIComponent(webhook)}`, { content: CONTENT });

  test('carries the outcome in the form of the closed service, signed so that the library accepts it', async () => {
    const receiver = held(await webhookReceiver());
    const server = await start({ allowHosts: [receiver.host] });
    const { status, body } = await server.call('POST', '/v1/webhooks/secret');
    expect([status, body.secret]).toEqual([201, expect.stringMatching(/^whsec_/)]);
    const rotated = await server.call('POST', '/v1/webhooks/secret');
    await ask(server, 'a', `${receiver.url}/hook?token=1`);
    await until(() => receiver.received.length === 1);
    const [{ headers, text, path }] = receiver.received as [Received];
    expect(path).toBe('/hook?token=1');
    expect(JSON.parse(text)).toEqual({
      request_id: 'a',
      response: { segments: [], duration: 3, model: 'scripted', warnings: [] },
    });
    for (const { secret } of [body, rotated.body]) {
      expect(new Webhook(secret).verify(text, headers)).toMatchObject({ request_id: 'a' });
    }
    expect(() => new Webhook('whsec_AAAA').verify(text, headers)).toThrow();
    const polled = await until(
      () => server.call('GET', `${IDENTIFY}/a`),
      (answer) => answer.body.webhook?.status === 'delivered',
    );
    expect(polled.body.webhook).toMatchObject({ webhookId: headers['webhook-id'], tries: 1, lastFailure: null });
  });

  test('is tried five times under one id, then can be seen and sent again', async () => {
    let isDown = true;
    const receiver = held(
      await webhookReceiver((_received, response) => {
        response.statusCode = isDown ? 503 : 204;
        response.end();
      }),
    );
    const server = await start({ allowHosts: [receiver.host], settings: { webhookRetryMs: 1 } });
    await ask(server, 'a', `${receiver.url.replace('//', '//user:secret@')}/hook?token=1`);
    const { body } = await until(
      () => server.call('GET', '/v1/webhooks/dead-letters'),
      (answer) => answer.body.deadLetters.length === 1,
    );
    expect(receiver.received).toHaveLength(5);
    const [letter] = body.deadLetters;
    expect(letter).toMatchObject({
      requestId: 'a',
      address: `${receiver.url}/hook`,
      tries: 5,
      lastFailure: { httpStatus: 503 },
    });
    expect(JSON.stringify(body)).not.toMatch(/secret|token/);
    const path = `/v1/webhooks/dead-letters/${letter.webhookId}/resend`;
    expect((await server.call('POST', path, undefined, 'globex-key')).status).toBe(404);
    isDown = false;
    expect((await server.call('POST', path)).status).toBe(202);
    await until(() => receiver.received.length === 6);
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id']))).toEqual(new Set([letter.webhookId]));
    await until(
      () => server.call('GET', `${IDENTIFY}/a`),
      (answer) => answer.body.webhook.status === 'delivered',
    );
    expect((await server.call('POST', path)).body.code).toBe('WEBHOOK_NOT_FOUND');
  });

  test('that waits for its next try is sent by the next process, under the same id', async () => {
    let isDown = true;
    const receiver = held(
      await webhookReceiver((_received, response) => {
        response.statusCode = isDown ? 500 : 200;
        response.end();
      }),
    );
    const options = { allowHosts: [receiver.host], settings: { webhookRetryMs: 300 } };
    const first = await start(options);
    await ask(first, 'a', receiver.url);
    await until(() => receiver.received.length === 1);
    await opened.pop()![Symbol.asyncDispose]();
    isDown = false;
    const second = await start({ ...options, storeDirectory: first.folder });
    await until(() => receiver.received.length === 2);
    expect(receiver.received[1]!.headers['webhook-id']).toBe(receiver.received[0]!.headers['webhook-id']);
    const delivered = (answer: { body: { webhook: { status: string } } }) => answer.body.webhook.status === 'delivered';
    await until(() => second.call('GET', `${IDENTIFY}/a`), delivered);
    await opened.pop()![Symbol.asyncDispose]();
    await start({ ...options, storeDirectory: first.folder });
    expect(receiver.received).toHaveLength(2);
  });

  test('a job without one, or cancelled, sends none', async () => {
    const receiver = held(await webhookReceiver());
    const { identify, waiting } = patientEngine();
    const server = await start({ identify, allowHosts: [receiver.host], settings: { concurrency: 1 } });
    await ask(server, 'a', receiver.url);
    await until(() => waiting.length === 1);
    await server.call('DELETE', `${IDENTIFY}/a`);
    await ask(server, 'b', receiver.url);
    await until(() => waiting.length === 2);
    waiting[1]!();
    await until(() => receiver.received.length === 1);
    expect(receiver.received[0]!.body.request_id).toBe('b');
  });
});
