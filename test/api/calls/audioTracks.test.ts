import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Identification } from '../../../src/index.js';
import { until } from '../../support/until.js';
import { type VoiceServer, voiceServer } from '../../support/voiceServer.js';

const headers = { 'x-api-key': 'acme-key' };
let server: VoiceServer;
let recording: Buffer<ArrayBuffer>;

beforeAll(async () => {
  server = await voiceServer();
  const { audio, url } = server;
  for (const voice of ['slt', 'rms'] as const) {
    const enrol = `${url}/v1/speakers/${voice}/samples`;
    const init = {
      method: 'POST',
      headers: { ...headers, 'content-type': 'audio/wav' },
      body: readFileSync(audio[voice]),
    };
    expect(await (await fetch(enrol, init)).json()).toMatchObject({ status: 'complete' });
  }
  const path = join(audio.directory, 'tracks.mkv');
  execFileSync('ffmpeg', [
    ...['-v', 'error', '-i', join(audio.directory, 'turn0.wav'), '-i', join(audio.directory, 'turn1.wav')],
    ...['-map', '0:a', '-map', '1:a', '-c:a', 'libopus', path],
  ]);
  recording = Buffer.from(readFileSync(path));
});
afterAll(() => server?.[Symbol.asyncDispose]());

const people = ({ segments }: Identification) => [...new Set(segments.map(({ speakerId }) => speakerId))];

test.each([
  { query: 'track=1', expected: ['slt'] },
  { query: 'track=2&channel=1', expected: ['rms'] },
  { query: 'separateSpeakerPerChannel=true', expected: ['slt', 'rms'] },
])('/v1/identify?$query', async ({ query, expected }) => {
  const init = { method: 'POST', headers: { ...headers, 'content-type': 'video/x-matroska' }, body: recording };
  const answer = (await (await fetch(`${server.url}/v1/identify?${query}`, init)).json()) as Identification;
  expect(people(answer).sort()).toEqual(expected.sort());
});

test('who accepts SVG only gets a drawing, in which nothing can run', async () => {
  const ask = (accept: string) =>
    fetch(`${server.url}/v1/identify`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'video/x-matroska', accept },
      body: recording,
    });
  const drawn = await ask('image/svg+xml,image/*;q=.8');
  expect(drawn.headers.get('content-type')).toBe('image/svg+xml');
  expect(drawn.headers.get('content-security-policy')).toMatch(/^default-src 'none'/);
  expect(await drawn.text()).toMatch(/^<svg [\s\S]*<g><title>[\s\S]*<\/svg>\s*$/);
  expect((await ask('image/svg+xml, application/json')).headers.get('content-type')).toMatch(/^application\/json/);
  const refused = await fetch(`${server.url}/v1/identify`, { method: 'POST', headers: { accept: 'image/svg+xml' } });
  expect(refused.headers.get('content-type')).toMatch(/^application\/problem\+json/);
});

test('a track that is not there is the fault of the caller', async () => {
  const body = JSON.stringify({ content: recording.toString('base64'), track: 3 });
  const response = await fetch(`${server.url}/v1/identify`, { method: 'POST', headers, body });
  expect([response.status, await response.json()]).toMatchObject([422, { code: 'AUDIO_TRACK_NOT_FOUND' }]);
});

test('a job keeps the choice', async () => {
  const body = JSON.stringify({ content: recording.toString('base64'), kind: 'identify', track: 2 });
  const accepted = await fetch(`${server.url}/v1/jobs`, { method: 'POST', headers, body });
  const { requestId } = (await accepted.json()) as { requestId: string };
  const poll = async () =>
    (await (await fetch(`${server.url}/v1/jobs/${requestId}`, { headers })).json()) as {
      status: string;
      result: Identification;
    };
  const job = await until(poll, ({ status }) => status === 'done' || status === 'failed');
  expect(job.status).toBe('done');
  expect(people(job.result)).toEqual(['rms']);
  const accept = { ...headers, accept: 'image/svg+xml' };
  const drawing = await fetch(`${server.url}/v1/jobs/${requestId}`, { headers: accept });
  expect(await drawing.text()).toMatch(/^<svg /);
});
