import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { z } from 'zod';
import { DROP_IN_OPERATIONS } from '../../../src/api/openapi/dropInOperations.js';
import { OPERATIONS } from '../../../src/api/openapi/operations.js';
import { createEngine } from '../../../src/engine/createEngine.js';
import type { Engine } from '../../../src/engine/engine.js';
import { LowdbUnknownVoices } from '../../../src/registry/lowdbUnknownVoices.js';
import { randomUnknownVoice } from '../../registry/randomUnknownVoice.js';
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

test('answers match the document in every member', async () => {
  const told: Record<string, unknown> = {};
  const call = async (operationId: string, ...request: Parameters<AsyncServer['call']>) => {
    const { status, body } = await server.call(...request);
    expect([operationId, status]).toEqual([operationId, OPERATIONS.find((o) => o.operationId === operationId)!.status]);
    told[operationId] = body;
    return body;
  };
  const sample = { ...content(audio.slt), name: 'Slate', consentText: 'yes' };
  expect(await call('getSession', 'GET', '/v1/session')).toMatchObject({ tenantId: 'acme', strangers: 'session' });
  expect(await call('getUsage', 'GET', '/v1/usage')).toMatchObject({ audioMinutesToday: 0, audioMinutesPerDay: null });
  const { record } = await call('createKey', 'POST', '/v1/keys', { label: 'door', scopes: ['identify'] });
  expect((await call('listKeys', 'GET', '/v1/keys')).keys).toEqual([record]);
  await call('revokeKey', 'DELETE', `/v1/keys/${record.keyId}`);
  await call('addSample', 'POST', '/v1/speakers/slate/samples', sample);
  await call('listSpeakers', 'GET', '/v1/speakers');
  await call('getSpeaker', 'GET', '/v1/speakers/slate');
  await call('renameSpeaker', 'PATCH', '/v1/speakers/slate', { name: 'Slate II' });
  await using voices = await LowdbUnknownVoices.open(engine.storeDirectory, { mostVoices: 9, nowMs: Date.now });
  const id = await voices.newId('acme');
  await voices.put('acme', randomUnknownVoice({ id, lastHeardMs: Date.now() }));
  await voices.flush();
  const kept = await call('listUnknownVoices', 'GET', '/v1/unknown-voices');
  expect(kept).toMatchObject({ strangers: 'session', unknownVoices: [{ unknownId: id }] });
  await call('forgetUnknownVoice', 'DELETE', `/v1/unknown-voices/${id}`);
  const gone = await server.call('DELETE', `/v1/unknown-voices/${id}`);
  expect([gone.status, gone.body.code]).toEqual([404, 'CLUSTER_NOT_FOUND']);
  expect((await server.call('DELETE', '/v1/unknown-voices/alice')).status).toBe(400);
  expect(await call('listSources', 'GET', '/v1/sources')).toEqual({ sources: [] });
  const identified = await call('identify', 'POST', '/v1/identify', content(audio.talk));
  const { turns } = await call('listTurns', 'GET', '/v1/turns');
  const segments = identified.segments as { turnId: string; speakerId: string | null }[];
  expect(turns.map(({ turnId }: { turnId: string }) => turnId).sort()).toEqual(segments.map((s) => s.turnId).sort());
  const stranger = segments.find(({ speakerId }) => speakerId === null)!;
  const correction = { turnId: stranger.turnId, verdict: 'correct', speakerId: 'rms', consentText: 'yes' };
  const given = await call('giveFeedback', 'POST', '/v1/feedback', correction);
  expect(given).toMatchObject({ speakerId: 'rms', learning: { outcome: 'enrolled' } });
  const { samples } = await call('listSamples', 'GET', '/v1/speakers/rms/samples');
  expect(samples.length).toBeGreaterThan(0);
  await call('listFeedback', 'GET', '/v1/feedback');
  await call('undoFeedback', 'POST', `/v1/feedback/${given.feedbackId}/undo`, {});
  expect((await server.call('GET', '/v1/speakers/rms')).status).toBe(404);
  const again = await server.call('POST', `/v1/feedback/${given.feedbackId}/undo`, {});
  expect([again.status, again.body.code]).toEqual([404, 'FEEDBACK_NOT_FOUND']);
  await call('forgetTurns', 'DELETE', '/v1/turns');
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
    if (['forgetUnknownVoice', 'revokeKey'].includes(operationId)) continue; // 204
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
  const described = [...OPERATIONS, ...DROP_IN_OPERATIONS].map(({ operationId }) => operationId);
  expect(calls.map(({ operationId }) => operationId).sort()).toEqual(described.sort());
  expect(new Set(described).size).toBe(described.length);
  // Each of them is a call: another method on its path is refused as such, and not as unknown.
  for (const { path } of calls) {
    const place = path.replaceAll(/\{\w+\}/g, 'x');
    const refused = await server.call('PUT', place);
    const code = refused.body.code ?? refused.body.fault.detail.code;
    expect([place, refused.status, code]).toEqual([place, 405, 'METHOD_NOT_ALLOWED']);
  }
  const sample = body.paths['/v1/speakers/{speakerId}/samples'].post;
  expect(Object.keys(sample.requestBody.content)).toEqual([
    'application/json',
    'multipart/form-data',
    'application/octet-stream',
  ]);
  const { schema } = sample.requestBody.content['application/json'];
  expect(schema.description).toBe('Exactly one of content and url');
  expect(schema.properties.channels).toMatchObject({ minimum: 1, maximum: 64 });
  expect(sample.requestBody.content['application/json'].schema.properties.content).toMatchObject({
    type: 'string',
    contentEncoding: 'base64',
  });
  const form = sample.requestBody.content['multipart/form-data'].schema;
  expect(form.properties.file).toMatchObject({ type: 'string', format: 'binary' });
  const withQuota = calls.filter(({ path, method }) => body.paths[path][method].responses['402'] !== undefined);
  expect(withQuota.map(({ operationId }) => operationId)).toEqual(
    expect.arrayContaining(['addSample', 'identify', 'submitJob', 'enrollV1', 'identifyV2', 'diarizeV1', 'asyncVadV1']),
  );
  const dropIn = body.paths['/audio/generic/api/v1/sync/diarization/enroll'];
  expect(dropIn.post.responses.default.content['application/json'].schema).toEqual({
    $ref: '#/components/schemas/Fault',
  });
  expect(dropIn.get.parameters).toMatchObject([{ name: 'speakerId', in: 'query', required: true }]);
  expect(body.components.schemas.Problem.properties.code.enum).toContain('SPEAKER_NOT_FOUND');
});

test('what a call takes is described as it takes it: types that generators know, and nothing required that has a default', async () => {
  const { body } = await server.call('GET', '/v1/openapi.json', undefined, '');
  const job = body.paths['/v1/jobs'].post;
  expect(job.requestBody.content['application/json'].schema).not.toHaveProperty('required');
  expect(job.requestBody.content['application/json'].schema.properties.separateSpeakerPerChannel.type).toBe('boolean');
  expect(job.parameters).toContainEqual(expect.objectContaining({ name: 'Idempotency-Key', in: 'header' }));
  expect(body.paths['/v1/keys'].post.requestBody.content['application/json'].schema.required).toEqual(['scopes']);
  const list = body.paths['/audio/generic/api/v2/sync/diarization/get_enrolled_speakers'].get;
  expect(list.parameters).toMatchObject([{ name: 'getAllSpeakers', required: false }]);
  const [limit] = body.paths['/v1/turns'].get.parameters.filter(({ name }: { name: string }) => name === 'limit');
  expect(limit.schema).toMatchObject({ minimum: 1, maximum: 1000 });
});

test('answers of the DeepAffects calls match the document', async () => {
  await using engine = await createEngine({ storeDirectory: await temporaryFolder() });
  await using server = await asyncServer(engine, {});
  const base = '/audio/generic/api';
  const sample = { ...content(audio.rms), encoding: 'Wave' };
  const answers: Readonly<Record<string, unknown>> = {
    enrollV1: (await server.call('POST', `${base}/v1/sync/diarization/enroll`, { ...sample, speakerId: 'sally' })).body,
    enrollmentStatusV2: (await server.call('GET', `${base}/v2/sync/diarization/enroll?speakerId=sally`)).body,
    getEnrolledSpeakersV1: (await server.call('GET', `${base}/v1/sync/diarization/get_enrolled_speakers`)).body,
    identifyV2: (await server.call('POST', `${base}/v2/sync/diarization/identify`, content(audio.talk))).body,
    diarizeV1: (await server.call('POST', `${base}/v1/sync/diarize`, content(audio.talk))).body,
    diarizeV2: (await server.call('POST', `${base}/v2/sync/diarize`, content(audio.talk))).body,
    asyncVadV1: (await server.call('POST', `${base}/v1/async/vad?request_id=v1`, content(audio.little))).body,
    getAsyncVadV1: (await server.call('GET', `${base}/v1/async/vad/v1`)).body,
    listAsyncVadV1: (await server.call('GET', `${base}/v1/async/vad`)).body,
    deleteSpeakerV1: (await server.call('POST', `${base}/v1/sync/diarization/delete`, { speakerId: 'sally' })).body,
  };
  for (const [operationId, body] of Object.entries(answers)) {
    const { answer } = DROP_IN_OPERATIONS.find((one) => one.operationId === operationId)!;
    expect(answer!.safeParse(body).error?.issues, `${operationId} ${JSON.stringify(body)}`).toBeUndefined();
  }
});
