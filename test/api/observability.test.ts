import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CallReport } from '../../src/api/calls/callReport.js';
import { ServerLog } from '../../src/api/serverLog.js';
import { type VoiceServer, voiceServer } from '../support/voiceServer.js';

const reports: CallReport[] = [];
const lines: string[] = [];
const log = new ServerLog('info', { write: (line) => lines.push(line) });
let server: VoiceServer;

beforeAll(async () => {
  server = await voiceServer({
    onCall: (report) => {
      reports.push(report);
      log.call(report);
    },
  });
});
afterAll(() => server[Symbol.asyncDispose]());

const get = (path: string, key: string) =>
  fetch(`${server.url}${path}`, { headers: { authorization: `Bearer ${key}` } });

test('the log records every call, and nothing about people', async () => {
  const answer = await get('/v1/speakers/anna_kovacs?name=Anna', 'acme-key');
  await get('/v1/speakers', 'wrong-secret');
  await expect.poll(() => lines).toHaveLength(2);
  const [first, second] = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(first).toMatchObject({
    msg: 'call',
    method: 'GET',
    route: '/v1/speakers/:speakerId',
    status: 404,
    tenantId: 'acme',
    requestId: answer.headers.get('x-request-id'),
    keyId: expect.stringMatching(/^key-/),
    audioMs: 0,
  });
  expect(second).toMatchObject({ status: 401, route: '/v1/speakers' });
  expect(second).not.toHaveProperty('tenantId');
  expect(lines.join('')).not.toMatch(/anna|wrong-secret|acme-key|127\.0\.0\.1/i);
});

test('a fault of ours is logged with its stack, under the id that the answer carries', () => {
  const failures: string[] = [];
  const error = new Error('told', { cause: new Error('the disk is gone') });
  new ServerLog('error', { write: (line) => failures.push(line) }).failure({
    requestId: 'r1',
    code: 'INTERNAL',
    error,
  });
  expect(JSON.parse(failures[0]!)).toMatchObject({
    requestId: 'r1',
    code: 'INTERNAL',
    msg: 'failure',
    stack: expect.stringContaining('the disk is gone'),
  });
});

test('Prometheus reads what was answered, with a key for everything', async () => {
  expect((await fetch(`${server.url}/metrics`)).status).toBe(401);
  await get('/v1/speakers', 'acme-key');
  const answer = await get('/metrics', 'acme-key');
  expect(answer.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  const text = await answer.text();
  expect(text).toMatch(/voice_prints_calls_total\{method="GET",route="\/v1\/speakers",status="200"\} \d/);
  expect(text).toContain('voice_prints_call_duration_seconds_bucket{le="0.005",route="/v1/speakers"}');
  expect(text).toMatch(/^voice_prints_process_resident_memory_bytes \d+$/m);
});

test('a path in other letters is no series of its own, which anybody could make without a key', async () => {
  const declared = '/audio/generic/api/v2/sync/diarization/enroll';
  for (const path of [declared, declared.toUpperCase(), '/Audio/generic/API/v2/sync/diarization/enroll']) {
    expect((await fetch(`${server.url}${path}`)).status).toBe(401);
  }
  const text = await (await get('/metrics', 'acme-key')).text();
  const series = [...text.matchAll(/^voice_prints_calls_total\{.*route="(.*enroll)",status="401"\} (\d+)$/gim)];
  expect(series.map(([, route, count]) => [route, count])).toEqual([[declared, '3']]);
});

test('liveness and readiness are answered without a key', async () => {
  expect(await (await fetch(`${server.url}/healthz`)).json()).toEqual({ status: 'ok' });
  expect(await (await fetch(`${server.url}/readyz`)).json()).toEqual({ status: 'ready' });
});
