import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createEngine } from '../../../src/engine/createEngine.js';
import type { Engine } from '../../../src/engine/engine.js';
import { type AsyncServer, asyncServer } from '../../support/asyncServer.js';
import { type SpokenAudio, spokenAudio } from '../../support/spokenAudio.js';
import { temporaryFolder } from '../../support/temporaryFolder.js';

let audio: SpokenAudio;
let engine: Engine;
let server: AsyncServer;

beforeAll(async () => {
  audio = spokenAudio();
  engine = await createEngine({ storeDirectory: await temporaryFolder(), requireConsent: true });
  server = await asyncServer(engine, {});
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await engine[Symbol.asyncDispose]();
  audio[Symbol.dispose]();
});

const content = (path: string) => ({
  content: readFileSync(path).toString('base64'),
  encoding: 'wav',
  speakerId: 'ann',
});
const DROP_IN = '/audio/generic/api/v1/sync/diarization/enroll';
const MODERN = '/v1/speakers/ann/samples';

test('without consent nobody is enrolled; with it everybody may see text, version, time and who recorded it', async () => {
  const dropIn = await server.call('POST', DROP_IN, content(audio.some));
  expect([dropIn.status, JSON.stringify(dropIn.body)]).toEqual([400, expect.stringContaining('CONSENT_REQUIRED')]);
  const blank = await server.call('POST', MODERN, { ...content(audio.some), consentText: '  ', consentVersion: '2' });
  expect([blank.status, blank.body.code]).toEqual([422, 'CONSENT_REQUIRED']);
  expect(await engine.speakers('acme').list()).toEqual([]);

  const given = { consentText: 'Yes, for the door.', consentVersion: '2026-11' };
  expect((await server.call('POST', DROP_IN, { ...content(audio.some), ...given })).status).toBe(200);
  const { body } = await server.call('GET', '/v1/speakers/ann');
  expect(body.consent).toEqual({
    text: 'Yes, for the door.',
    version: '2026-11',
    givenAt: expect.stringMatching(/^\d{4}-.*Z$/),
    recordedBy: expect.stringMatching(/^key:/),
  });
  // What was recorded holds for more samples of the same person.
  expect((await server.call('POST', DROP_IN, content(audio.more))).status).toBe(200);
  expect((await engine.speakers('acme').get('ann'))?.consent).toEqual(body.consent);
});
