import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { z } from 'zod';
import { OPERATIONS } from '../../../src/api/openapi/operations.js';
import { createEngine } from '../../../src/engine/createEngine.js';
import type { Engine } from '../../../src/engine/engine.js';
import { type AsyncServer, asyncServer } from '../../support/asyncServer.js';
import { type SpokenAudio, spokenAudio } from '../../support/spokenAudio.js';
import { temporaryFolder } from '../../support/temporaryFolder.js';
import { until } from '../../support/until.js';

let audio: SpokenAudio;
let engine: Engine;
let server: AsyncServer;

beforeAll(async () => {
  audio = spokenAudio();
  engine = await createEngine({ storeDirectory: await temporaryFolder() });
  server = await asyncServer(engine, {});
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await engine[Symbol.asyncDispose]();
  audio[Symbol.dispose]();
});

const answerOf = (operationId: string): z.ZodType => OPERATIONS.find((one) => one.operationId === operationId)!.answer!;

const content = (path: string) => ({ content: readFileSync(path).toString('base64') });

test('answers are what the document says, to the last member', async () => {
  const told: Record<string, unknown> = {};
  const call = async (operationId: string, ...request: Parameters<AsyncServer['call']>) => {
    const { status, body } = await server.call(...request);
    expect([operationId, status]).toEqual([operationId, OPERATIONS.find((o) => o.operationId === operationId)!.status]);
    told[operationId] = body;
    return body;
  };
  const sample = { ...content(audio.slt), name: 'Slate', consentText: 'yes' };
  await call('addSample', 'POST', '/v1/speakers/slate/samples', sample);
  await call('listSpeakers', 'GET', '/v1/speakers');
  await call('getSpeaker', 'GET', '/v1/speakers/slate');
  await call('renameSpeaker', 'PATCH', '/v1/speakers/slate', { name: 'Slate II' });
  await call('identify', 'POST', '/v1/identify', content(audio.talk));
  await call('submitJob', 'POST', '/v1/jobs', { ...content(audio.little), requestId: 'j1', kind: 'vad' });
  await until(
    () => server.call('GET', '/v1/jobs/j1'),
    ({ body }) => body.status === 'done',
  );
  await call('getJob', 'GET', '/v1/jobs/j1');
  await call('listJobs', 'GET', '/v1/jobs');
  await call('cancelJob', 'DELETE', '/v1/jobs/j1');
  await call('listDeadLetters', 'GET', '/v1/webhooks/dead-letters');
  await call('rotateWebhookSecret', 'POST', '/v1/webhooks/secret');
  for (const [operationId, body] of Object.entries(told)) {
    const checked = answerOf(operationId).safeParse(body);
    expect(checked.error?.issues, operationId).toBeUndefined();
  }
});

test('the document is served without a key, names every call, and refusals are its problems', async () => {
  const { status, body } = await server.call('GET', '/v1/openapi.json', undefined, '');
  expect([status, body.openapi]).toEqual([200, '3.1.0']);
  const calls = Object.entries(body.paths as Record<string, Record<string, { operationId: string }>>).flatMap(
    ([path, methods]) => Object.entries(methods).map(([method, { operationId }]) => ({ path, method, operationId })),
  );
  expect(calls.map(({ operationId }) => operationId).sort()).toEqual(OPERATIONS.map((o) => o.operationId).sort());
  // Each of them is a call: another method on its path is refused as such, and not as unknown.
  for (const { path } of calls) {
    const place = path.replaceAll(/\{\w+\}/g, 'x');
    const refused = await server.call('PUT', place);
    expect([place, refused.status, refused.body.code]).toEqual([place, 405, 'METHOD_NOT_ALLOWED']);
  }
  const sample = body.paths['/v1/speakers/{speakerId}/samples'].post;
  expect(Object.keys(sample.requestBody.content)).toEqual(['application/json', 'multipart/form-data', 'audio/*']);
  const { schema } = sample.requestBody.content['application/json'];
  expect(schema.oneOf).toEqual([{ required: ['content'] }, { required: ['url'] }]);
  expect(schema.properties.channels).toMatchObject({ minimum: 1, maximum: 64 });
  expect(sample.requestBody.content['application/json'].schema.properties.content).toMatchObject({ type: 'string' });
  const withQuota = calls.filter(({ path, method }) => body.paths[path][method].responses['402'] !== undefined);
  expect(withQuota.map(({ operationId }) => operationId)).toEqual(['addSample', 'identify', 'submitJob']);
  expect(body.components.schemas.Problem.properties.code.enum).toContain('SPEAKER_NOT_FOUND');
});
