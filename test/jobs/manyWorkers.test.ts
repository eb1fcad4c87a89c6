import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { ownCluster, whyNoOwnCluster } from '../support/ownCluster.js';
import { freshDatabase, whyNoPostgres } from '../support/postgres.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { until } from '../support/until.js';
import { type WebhookReceiver, webhookReceiver } from './webhookReceiver.js';

const script = fileURLToPath(new URL('jobServer.mjs', import.meta.url));
const running = new Set<ChildProcess>();
afterEach(async () => {
  await Promise.all([...running].map(killed));
});

async function killed(child: ChildProcess): Promise<void> {
  const ended = child.exitCode === null && child.signalCode === null ? once(child, 'close') : undefined;
  child.kill('SIGKILL');
  await ended;
  running.delete(child);
}

/** A process that accepts jobs, works on two at once, and sends webhooks. */
interface Worker {
  readonly child: ChildProcess;
  readonly url: string;
}

async function started(folder: string, receiver: WebhookReceiver, databaseUrl: string): Promise<Worker> {
  const child = spawn(process.execPath, [script, folder, receiver.host, databaseUrl], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  running.add(child);
  const [line] = await once(createInterface(child.stdout!), 'line');
  return { child, url: String(line) };
}

const headers = { 'x-api-key': 'acme-key', 'content-type': 'application/json' };

async function post({ url }: Worker, requestId: string, webhook: string): Promise<void> {
  const content = Buffer.from(`takes its time ${requestId}`).toString('base64');
  const body = JSON.stringify({ requestId, content, webhook });
  const { status } = await fetch(`${url}/v1/jobs`, { method: 'POST', headers, body });
  expect(status).toBe(202);
}

interface ShownJob {
  readonly status: string;
  readonly tries: number;
  readonly result?: { readonly model: string };
}

const job = async ({ url }: Worker, requestId: string): Promise<ShownJob> =>
  (await fetch(`${url}/v1/jobs/${requestId}`, { headers })).json() as Promise<ShownJob>;

/** Waits until a webhook about each job has arrived; each must have had one id. */
async function allTold(receiver: WebhookReceiver, ids: readonly string[]): Promise<void> {
  const webhookIds = new Map<string, Set<string>>();
  await until(() => {
    for (const { headers: sent, body } of receiver.received) {
      webhookIds.set(body.request_id, (webhookIds.get(body.request_id) ?? new Set()).add(sent['webhook-id']!));
    }
    return ids.every((id) => webhookIds.has(id));
  });
  expect([...webhookIds.values()].filter(({ size }) => size !== 1)).toEqual([]);
  expect(webhookIds.size).toBe(ids.length);
}

const idsOf = (count: number) => Array.from({ length: count }, (_, index) => `job-${index}`);

describe.skipIf(whyNoPostgres)('two processes over one queue', () => {
  test('share the jobs, and do those of the one that is killed', async () => {
    await using place = await freshDatabase();
    await using receiver = await webhookReceiver();
    const folder = await temporaryFolder();
    const [one, other] = await Promise.all([
      started(folder, receiver, place.url),
      started(folder, receiver, place.url),
    ]);
    const ids = idsOf(30);
    await Promise.all(ids.map((id, index) => post(index % 2 === 0 ? one : other, id, receiver.url)));
    await until(() => receiver.received.length >= 10);
    await killed(one.child);
    await allTold(receiver, ids);
    const jobs = await Promise.all(ids.map((id) => job(other, id)));
    expect(jobs.filter(({ status }) => status !== 'done')).toEqual([]);
    const by = (pid: number | undefined) => jobs.filter(({ result }) => result?.model === `process ${pid}`).length;
    expect(by(one.child.pid)).toBeGreaterThan(0);
    expect(by(other.child.pid)).toBeGreaterThan(0);
    expect(by(one.child.pid) + by(other.child.pid)).toBe(ids.length);
    // Only what the killed one worked on was tried twice.
    expect(jobs.filter(({ tries }) => tries > 1).length).toBeLessThanOrEqual(2);
  });
});

describe.skipIf(whyNoOwnCluster)('two processes whose server restarts', () => {
  test('answer every job once', async () => {
    await using cluster = await ownCluster();
    await using receiver = await webhookReceiver();
    const folder = await temporaryFolder();
    const workers = await Promise.all([started(folder, receiver, cluster.url), started(folder, receiver, cluster.url)]);
    const ids = idsOf(16);
    await Promise.all(ids.map((id) => post(workers[0]!, id, receiver.url)));
    await until(() => receiver.received.length >= 3);
    await cluster.kill();
    await cluster.start();
    await until(() => receiver.received.length >= 8);
    await cluster.stop();
    await cluster.start();
    await allTold(receiver, ids);
    const jobs = await Promise.all(ids.map((id) => job(workers[1]!, id)));
    expect(jobs.filter(({ status, tries }) => status !== 'done' || tries !== 1)).toEqual([]);
  });
});
