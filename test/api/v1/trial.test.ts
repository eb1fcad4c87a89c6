import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TenantGate } from '../../../src/api/access/tenantGate.js';
import { createEngine } from '../../../src/engine/createEngine.js';
import type { Engine } from '../../../src/engine/engine.js';
import { readAuditLog } from '../../../src/index.js';
import { type AsyncServer, asyncServer } from '../../support/asyncServer.js';
import { type SpokenAudio, spokenAudio } from '../../support/spokenAudio.js';
import { temporaryFolder } from '../../support/temporaryFolder.js';

// `isTrial` of `POST /v1/speakers/{id}/samples`: the gate's decision, and nothing else.

let audio: SpokenAudio;
let engine: Engine;
let server: AsyncServer;
const gate = new TenantGate(() => ({ audioMinutesPerDay: 10 }));

beforeAll(async () => {
  audio = spokenAudio();
  engine = await createEngine({ storeDirectory: await temporaryFolder(), requireConsent: true, keepAudio: true });
  server = await asyncServer(engine, { gate });
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await engine?.[Symbol.asyncDispose]();
  audio?.[Symbol.dispose]();
});

const post = (path: string, fields: object = {}) =>
  server.call('POST', '/v1/speakers/ann/samples', {
    content: readFileSync(path).toString('base64'),
    encoding: 'wav',
    ...fields,
  });

test('a trial says what the gate would decide, and leaves no trace', async () => {
  const good = await post(audio.slt, { isTrial: true, name: 'Ann' });
  expect([good.status, good.body]).toMatchObject([200, { status: 'complete', name: 'Ann', isTrial: true }]);
  const short = await post(audio.little, { isTrial: true });
  expect([short.status, short.body]).toMatchObject([
    200,
    { status: 'rejected', reasons: [{ code: 'TOO_LITTLE_SPEECH' }] },
  ]);
  expect(await engine.speakers('acme').list()).toEqual([]);
  expect(await engine.turns('acme').list()).toEqual([]);
  expect(gate.audioMinutesToday('acme')).toBe(0);
  for await (const entry of readAuditLog(engine.storeDirectory)) expect(entry).toBeUndefined();

  const { isTrial, ...expected } = good.body;
  expect(isTrial).toBe(true);
  const enrolled = await post(audio.slt, { isTrial: false, name: 'Ann', consentText: 'yes' });
  expect([enrolled.status, enrolled.body]).toEqual([200, expected]);
  expect(gate.audioMinutesToday('acme')).toBeGreaterThan(0);
});

test('who asks for a trial beside the audio gets one', async () => {
  const content = readFileSync(audio.rms).toString('base64');
  const { status, body } = await server.call('POST', '/v1/speakers/ron/samples?isTrial=true', { content });
  expect([status, body.isTrial]).toEqual([200, true]);
  expect(await engine.speakers('acme').get('ron')).toBeUndefined();
});

test('what is no sound is refused in a trial too', async () => {
  const { status, body } = await server.call('POST', '/v1/speakers/ann/samples?isTrial=true', {
    content: 'bm90IGF1ZGlv',
  });
  expect([status, body.code]).toEqual([422, 'AUDIO_NOT_AUDIO']);
});
