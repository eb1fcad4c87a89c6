// What a job costs in the queue of the folder and in that of PostgreSQL, and what it costs with one, two and four workers:
//   node scripts/bench/jobQueues.mjs [--jobs 500] [--recordings 24] [--workers 1,2,4]
// A server of its own is started. Processor times of our processes, not of the server, and so that a busy machine may be used; the
// waits are medians of jobs that come one after the other.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { AsyncJobs } from '../../dist/src/api/asyncJobs.js';
import { startCluster } from '../setup/postgresCluster.mjs';

const { values } = parseArgs({
  options: {
    jobs: { type: 'string', default: '500' },
    recordings: { type: 'string', default: '24' },
    workers: { type: 'string', default: '1,2,4' },
  },
});
const [jobCount, recordings] = [Number(values.jobs), Number(values.recordings)];
const AUDIO = fileURLToPath(new URL('../../examples/audio/conversation.ogg', import.meta.url));
const WORKER = fileURLToPath(new URL('jobQueues/worker.mjs', import.meta.url));
const SETTINGS = { maxJobs: 10_000, maxJobsOfTenant: 10_000, concurrency: 1 };
const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1];

/** An engine whose work costs nothing: what is left is the queue's. */
const idleEngine = (place) => ({
  storeDirectory: place.storeDirectory,
  place,
  speakers: () => ({ get: async () => undefined, list: async () => [] }),
  onErased: () => () => undefined,
  identify: async ({ source }) => {
    for await (const _ of source.stream);
    return { durationSeconds: 1, model: 'none', segments: [], warnings: [] };
  },
});

const request = (bytes) => ({ call: '/v1/jobs', source: { kind: 'bytes', bytes }, task: { kind: 'identify' } });

async function ofQueue(place) {
  const own = new AsyncJobs({ engine: idleEngine(place), settings: SETTINGS });
  const jobs = await own.open();
  const waiting = new Map();
  jobs.onSettled(({ requestId }) => waiting.get(requestId)?.());
  const one = async (requestId) => {
    const over = new Promise((resolve) => waiting.set(requestId, resolve));
    const startedMs = performance.now();
    await jobs.submit({ ...request(Buffer.alloc(1_000, requestId)), requestId });
    await over;
    return performance.now() - startedMs;
  };
  for (let i = 0; i < 50; i += 1) await one(`warm-${i}`);
  const before = process.cpuUsage();
  const waits = [];
  for (let i = 0; i < jobCount; i += 1) waits.push(await one(`job-${i}`));
  const { user, system } = process.cpuUsage(before);
  await own[Symbol.asyncDispose]();
  return { cpuMs: (user + system) / 1_000 / jobCount, waitMs: median(waits) };
}

/** Processor time of a job of real work, of all workers together, without what their start cost. */
async function ofWorkers(count, databaseUrl, folder) {
  const place = { storeDirectory: folder, databaseUrl };
  const front = new AsyncJobs({ engine: idleEngine(place), settings: SETTINGS, works: false });
  const jobs = await front.open();
  const children = await Promise.all(
    Array.from({ length: count }, async () => {
      const child = spawn(process.execPath, [WORKER, folder, databaseUrl], { stdio: ['pipe', 'pipe', 'inherit'] });
      const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
      await lines.next(); // it has done one recording, and waits
      return { child, lines };
    }),
  );
  const audio = await readFile(AUDIO);
  const ids = Array.from({ length: recordings }, (_, i) => `${count}-${i}`);
  for (const requestId of ids) await jobs.submit({ ...request(audio), requestId });
  const startedMs = performance.now();
  for (const { child } of children) child.stdin.write('work\n');
  for (const id of ids) while ((await jobs.get(id)).status !== 'done') await sleep(100);
  const seconds = (performance.now() - startedMs) / 1_000;
  let cpuMs = 0;
  const shares = [];
  for (const { child, lines } of children) {
    child.stdin.end();
    const said = JSON.parse((await lines.next()).value);
    cpuMs += said.cpuMs;
    shares.push(said.jobs);
    await once(child, 'close');
  }
  await front[Symbol.asyncDispose]();
  return { workers: count, cpuMsPerJob: Math.round(cpuMs / recordings), seconds: Math.round(seconds), shares };
}

const folder = await mkdtemp(join(tmpdir(), 'voice-prints-bench-'));
const cluster = await startCluster();
try {
  const embedded = await ofQueue({ storeDirectory: join(folder, 'embedded') });
  const shared = await ofQueue({ storeDirectory: join(folder, 'shared'), databaseUrl: cluster.url });
  console.log(JSON.stringify({ embedded, shared, overheadCpuMs: shared.cpuMs - embedded.cpuMs }));
  for (const count of values.workers.split(',').map(Number)) {
    console.log(JSON.stringify(await ofWorkers(count, cluster.url, join(folder, 'workers'))));
  }
} finally {
  await cluster.end();
  await rm(folder, { recursive: true, force: true });
}
process.exit(0);
