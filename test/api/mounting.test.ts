import { createRequire } from 'node:module';
import express from 'express';
import { describe, expect, test } from 'vitest';
import { ApiKeys } from '../../src/api/access/apiKeys.js';
import { createRestRouter } from '../../src/api/rest.js';
import { openServer } from '../support/openServer.js';
import { listeningEngine } from '../support/scriptedEngine.js';

const require = createRequire(import.meta.url);
/** The Express of Node-RED itself: version 4. */
const express4 = createRequire(require.resolve('node-red/package.json'))('express') as typeof express;
const keys = ApiKeys.fromPairs('acme:key');

type App = ReturnType<typeof express>;
const mounts: { name: string; prefix: string; mount: (router: express.Router) => App }[] = [
  { name: 'Express 5', prefix: '', mount: (router) => express().use(router) },
  { name: 'Express 4', prefix: '', mount: (router) => express4().use(router) },
  { name: 'Express 4 below a path', prefix: '/voices/here', mount: (router) => express4().use('/voices/here', router) },
  {
    name: 'Express 4 behind parsers for everything',
    prefix: '',
    mount: (router) => {
      const raw = express4.raw({ type: ['audio/*', 'application/octet-stream'], limit: '1mb' });
      return express4().use(express4.json({ limit: '1mb' }), express4.urlencoded({ extended: true }), raw, router);
    },
  },
  {
    name: 'Express 4 inside Express 4, as Node-RED mounts its HTTP root',
    prefix: '/root',
    mount: (router) => express4().use('/root', express4().use(router)),
  },
];

test('the application around is really Express 4', () => {
  expect(createRequire(require.resolve('node-red/package.json'))('express/package.json').version).toMatch(/^4\./);
});

describe.each(mounts)('inside $name', ({ prefix, mount }) => {
  const audio = Buffer.from(Array.from({ length: 3000 }, (_, i) => i % 251));

  async function open() {
    const { engine, heard } = listeningEngine();
    const app = mount(createRestRouter({ engine, keys }));
    app.use((_request: unknown, response: express.Response) => void response.status(418).end('not ours'));
    const server = await openServer(app as never);
    const call = async (path: string, init?: RequestInit) => {
      const response = await fetch(`${server.url}${prefix}${path}`, init);
      const text = await response.text();
      return { status: response.status, body: text.startsWith('{') ? JSON.parse(text) : text };
    };
    return { call, heard, close: () => server[Symbol.asyncDispose]() };
  }

  const json = (body: unknown): RequestInit => ({
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

  test('every route answers, with audio in JSON and as the body', async () => {
    const { call, heard, close } = await open();
    const contract = '/audio/generic/api/v2/sync/diarization';
    const content = audio.toString('base64');
    const body = { method: 'POST', headers: { 'content-type': 'audio/wav' }, body: audio };
    const statuses = {
      enroll: await call(`${contract}/enroll?apikey=key`, json({ content, speakerId: 'ann' })),
      enrollBody: await call(`${contract}/enroll?apikey=key&speakerId=ann`, body),
      identify: await call(`${contract}/identify?apikey=key`, json({ content })),
      status: await call(`${contract}/enroll?apikey=key&speakerId=ann`),
      list: await call(`${contract}/get_enrolled_speakers?apikey=key`),
      delete: await call(`${contract}/delete?apikey=key`, json({ speakerId: 'ann' })),
      wrongMethod: await call(`${contract}/delete?apikey=key`),
      unknown: await call(`/audio/generic/api/v2/sync/other?apikey=key`),
      noKey: await call(`${contract}/get_enrolled_speakers`),
      speakers: await call('/v1/speakers?apikey=key'),
      speaker: await call('/v1/speakers/ann?apikey=key'),
      sample: await call('/v1/speakers/ann/samples?apikey=key', body),
      v1Identify: await call('/v1/identify?apikey=key', json({ content })),
      badPath: await call('/v1/speakers/%E0%A4%A?apikey=key'),
      foreign: await call('/v1/other'),
    };
    await close();
    expect(Object.fromEntries(Object.entries(statuses).map(([name, { status }]) => [name, status]))).toEqual({
      enroll: 200,
      enrollBody: 200,
      identify: 200,
      status: 400,
      list: 200,
      delete: 200,
      wrongMethod: 405,
      unknown: 404,
      noKey: 401,
      speakers: 200,
      speaker: 404,
      sample: 200,
      v1Identify: 200,
      badPath: 400,
      foreign: 418,
    });
    expect(heard.map(({ bytes }) => bytes.equals(audio))).toEqual([true, true, true, true, true]);
    expect(statuses.delete.body).toEqual({ message: 'Failure' });
    expect(statuses.foreign.body).toBe('not ours');
  });

  test('an old client that forgets the content type is understood', async () => {
    const { call, close } = await open();
    const path = '/audio/generic/api/v1/sync/diarization/delete?apikey=key';
    const answer = await call(path, { method: 'POST', body: Buffer.from('{"speakerId":"ann"}') });
    await close();
    expect(answer).toEqual({ status: 200, body: { message: 'Failure' } });
  });
});
