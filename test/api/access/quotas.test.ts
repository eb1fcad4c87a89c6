import { afterEach, expect, test } from 'vitest';
import { TenantGate } from '../../../src/api/access/tenantGate.js';
import { VoicePrintsError } from '../../../src/core/errors.js';
import type { Identification } from '../../../src/core/identification.js';
import type { Engine } from '../../../src/engine/engine.js';
import { type AsyncServer, asyncServer } from '../../support/asyncServer.js';
import { scriptedEngine } from '../../support/scriptedEngine.js';
import { temporaryFolder } from '../../support/temporaryFolder.js';
import { until } from '../../support/until.js';

const HEARD: Identification = { durationSeconds: 90, model: 'scripted', segments: [], warnings: [] };
const CONTENT = Buffer.from('sound').toString('base64');
const DAY_MS = 86_400_000;

const opened: AsyncServer[] = [];
afterEach(async () => {
  for (const one of opened.splice(0)) await one[Symbol.asyncDispose]();
});

/** Every recording has 90 s; acme may use two minutes a day. */
async function start(folder: string, identify: Engine['identify'], nowMs: () => number = Date.now) {
  const gate = new TenantGate((tenantId) => (tenantId === 'acme' ? { audioMinutesPerDay: 2 } : {}), nowMs);
  const engine = scriptedEngine({ identify, storeDirectory: folder, directory: { list: async () => [] } });
  const server = await asyncServer(engine, { gate, settings: { concurrency: 1 } });
  opened.push(server);
  const submit = (requestId: string, key?: string) =>
    server.call('POST', '/v1/jobs', { requestId, content: CONTENT }, key);
  const shown = (requestId: string) => server.call('GET', `/v1/jobs/${requestId}`);
  const statusOf = async (requestId: string) => (await shown(requestId)).body.status;
  return { ...server, gate, submit, shown, statusOf };
}

const heard: Engine['identify'] = async (_request, options) => {
  options?.onProgress?.({ stage: 'cluster', doneMs: 90_000, totalMs: 90_000 });
  return HEARD;
};

test('jobs count: once the minutes are used up a job is refused, its outcome can still be read, and other tenants go on', async () => {
  const server = await start(await temporaryFolder(), heard);
  for (const id of ['a', 'b']) {
    expect((await server.submit(id)).status).toBe(202);
    await until(
      () => server.statusOf(id),
      (status) => status === 'done',
    );
  }
  expect(server.gate.audioMinutesToday('acme')).toBe(3);
  const refused = await server.submit('c');
  expect([refused.status, refused.body.code]).toEqual([402, 'QUOTA_USED_UP']);
  const dropIn = await server.call('POST', '/audio/generic/api/v2/async/vad', { content: CONTENT });
  expect([dropIn.status, dropIn.body.fault.detail.code]).toEqual([402, 'QUOTA_USED_UP']);
  const waiting = await server.call('POST', '/v1/identify', { content: CONTENT });
  expect(waiting.status).toBe(402);
  expect(await server.statusOf('a')).toBe('done');
  expect((await server.submit('c', 'globex-key')).status).toBe(202);
});

test('a job that is tried again is booked once, and stays booked in the next process and after it was erased', async () => {
  const folder = await temporaryFolder();
  let tries = 0;
  const server = await start(folder, async (request, options) => {
    const result = await heard(request, options);
    tries += 1;
    if (tries === 1) throw new VoicePrintsError('INFERENCE_FAILED', 'the network failed; try again');
    return result;
  });
  await server.submit('a');
  const { body } = await until(
    () => server.shown('a'),
    (answer) => answer.body.status === 'done',
  );
  expect(body.tries).toBe(2);
  expect(server.gate.audioMinutesToday('acme')).toBe(1.5);
  expect((await server.call('DELETE', '/v1/jobs/a')).status).toBe(200);
  await opened.pop()![Symbol.asyncDispose]();
  const next = await start(folder, heard);
  expect(next.gate.audioMinutesToday('acme')).toBe(1.5);
});

test('what was accepted before the minutes were used up waits until there are some again', async () => {
  let nowMs = Date.now();
  const letGo: (() => void)[] = [];
  const identify: Engine['identify'] = async (request, options) => {
    await new Promise<void>((resolve) => letGo.push(resolve));
    return heard(request, options);
  };
  const server = await start(await temporaryFolder(), identify, () => nowMs);
  for (const id of ['a', 'b', 'c']) expect((await server.submit(id)).status).toBe(202);
  for (const id of ['a', 'b']) {
    await until(() => letGo.length === 1);
    letGo.pop()!();
    await until(
      () => server.statusOf(id),
      (status) => status === 'done',
    );
  }
  await server.submit('z', 'globex-key'); // taken before c, though it came later
  await until(() => letGo.length === 1);
  letGo.pop()!();
  expect((await server.shown('c')).body).toMatchObject({ status: 'queued', tries: 0 });
  nowMs += DAY_MS;
  await server.jobs.sweep();
  await until(() => letGo.length === 1);
  letGo.pop()!();
  await until(
    () => server.statusOf('c'),
    (status) => status === 'done',
  );
});
