import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '../support/until.js';
import { type Flow, NodeRedProcess } from './nodeRedProcess.js';

const API_KEY = 'a key of the test';
const KEY = `apikey=${encodeURIComponent(API_KEY)}`;
const CALL = '/voice-prints/audio/generic/api/v1/async/vad';

let red: NodeRedProcess;
beforeAll(async () => {
  red = await NodeRedProcess.start();
});
afterAll(() => red?.[Symbol.asyncDispose]());

test('a store whose API is on takes jobs, and keeps them over a deploy', async () => {
  const store = { id: 'jobstore', type: 'speaker-store', version: 1, isRestOn: true, restPath: '/voice-prints' };
  const flow = (label: string) =>
    [
      { id: 'tab', type: 'tab', label },
      { ...store, name: label, credentials: { apiKey: API_KEY } },
    ] as unknown as Flow;
  await red.deploy(flow('before'));
  const file = join(red.userDir, 'spoken.wav');
  execFileSync('flite', ['-voice', 'slt', '-t', 'Nobody knows how late it is.', file]);
  const accepted = await fetch(`${red.url}${CALL}?${KEY}&request_id=7`, {
    method: 'POST',
    headers: { 'content-type': 'audio/wav' },
    body: readFileSync(file),
  });
  expect([accepted.status, await accepted.json()]).toMatchObject([202, { request_id: '7' }]);
  const poll = async () =>
    (await (await fetch(`${red.url}${CALL}/7?${KEY}`)).json()) as {
      readonly status?: string;
      readonly response?: { readonly segments: readonly unknown[] };
    };
  const done = await until(poll, ({ status }) => status === 'done' || status === 'failed');
  expect(done).toMatchObject({ status: 'done', response: { segments: [{ tag: 'speech' }] } });
  await red.deploy(flow('after')); // the store closes and opens again
  expect(await until(poll, ({ status }) => status !== undefined)).toEqual(done);
  expect(red.lines.join('\n')).not.toMatch(/JOBS_LOCKED|timed out|Uncaught/);
});
