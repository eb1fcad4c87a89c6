import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { until } from '../support/until.js';
import { webhookReceiver } from './webhookReceiver.js';

const script = fileURLToPath(new URL('jobServer.mjs', import.meta.url));
const running = new Set<ChildProcess>();

beforeAll(() => {
  if (!existsSync(fileURLToPath(new URL('../../dist/src/api/asyncJobs.js', import.meta.url)))) {
    throw new Error('run `npm run build` first');
  }
});
afterEach(async () => {
  await Promise.all([...running].map(killed));
});

async function killed(child: ChildProcess): Promise<void> {
  const ended = child.exitCode === null && child.signalCode === null ? once(child, 'close') : undefined;
  child.kill('SIGKILL');
  await ended;
  running.delete(child);
}

interface JobServer {
  readonly child: ChildProcess;
  /** Empty where it ended before it listened. */
  readonly url: string;
  readonly closed: Promise<undefined>;
}

async function started(folder: string, allowedHost = ''): Promise<JobServer> {
  const child = spawn(process.execPath, [script, folder, allowedHost], { stdio: ['ignore', 'pipe', 'inherit'] });
  running.add(child);
  const closed = once(child, 'close').then(() => undefined);
  const line = await Promise.race([once(createInterface(child.stdout!), 'line'), closed]);
  return { child, closed, url: line === undefined ? '' : String(line[0]) };
}

const post = async ({ url }: JobServer, requestId: string, says: string, webhook?: string): Promise<number> => {
  const content = Buffer.from(says).toString('base64');
  const body = JSON.stringify({ requestId, content, webhook });
  const headers = { 'x-api-key': 'acme-key', 'content-type': 'application/json' };
  return (await fetch(`${url}/v1/jobs`, { method: 'POST', headers, body })).status;
};

interface ShownJob {
  readonly status: string;
  readonly tries: number;
  readonly problem?: { readonly code: string };
}

const job = async ({ url }: JobServer, requestId: string): Promise<ShownJob> =>
  (await fetch(`${url}/v1/jobs/${requestId}`, { headers: { 'x-api-key': 'acme-key' } })).json() as Promise<ShownJob>;

const isOver = ({ status }: ShownJob) => status === 'done' || status === 'failed';

test('kill -9 at any moment loses no accepted job, and makes no second message of one', async () => {
  const folder = await temporaryFolder();
  await using receiver = await webhookReceiver();
  const accepted: string[] = [];
  for (let round = 0; round < 3; round += 1) {
    const server = await started(folder, receiver.host);
    const before = accepted.length;
    const asked = Array.from({ length: 12 }, async (_, i) => {
      const id = `${round}-${i}`;
      if ((await post(server, id, 'a'.repeat(i), receiver.url)) === 202) accepted.push(id);
    });
    const settled = Promise.allSettled(asked);
    await until(() => accepted.length >= before + 4 + round); // some are still on their way
    await killed(server.child);
    await settled;
  }
  const last = await started(folder, receiver.host);
  for (const id of accepted) expect((await until(() => job(last, id), isOver)).status).toBe('done');
  const about = () => receiver.received.map(({ headers, body }) => [body.request_id, headers['webhook-id']!] as const);
  await until(() => accepted.every((id) => about().some(([requestId]) => requestId === id)));
  const ids = new Map<string, Set<string>>();
  for (const [requestId, webhookId] of about()) ids.set(requestId, (ids.get(requestId) ?? new Set()).add(webhookId));
  expect([...ids.values()].every(({ size }) => size === 1)).toBe(true);
});

test('a job that crashes the process is set aside after three tries, and affects no other', async () => {
  const folder = await temporaryFolder();
  let server = await started(folder);
  // Both in work when the process ends; only one is to blame.
  await post(server, 'slow', 'takes its time');
  await post(server, 'deadly', 'ends the process').catch(() => undefined);
  await server.closed;
  let deaths = 1;
  for (let over: ShownJob | undefined; over === undefined; ) {
    server = await started(folder);
    const { url, closed } = server;
    if (url !== '')
      over = await Promise.race([until(() => job(server, 'deadly'), isOver).catch(() => undefined), closed]);
    if (over === undefined) deaths += 1;
  }
  expect(deaths).toBe(3);
  expect(await job(server, 'deadly')).toMatchObject({ status: 'failed', problem: { code: 'JOB_POISONED' } });
  expect(await job(server, 'slow')).toMatchObject({ status: 'done', tries: 2 });
});
