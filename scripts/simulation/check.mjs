// The simulation beside real processes: the same jobs at the same times, over a real PostgreSQL server.
//
//   npm run build && node scripts/simulation/check.mjs [--workers 2,4] [--jobs 120]
//
// The jobs only wait, so that many processes fit on few cores; queue, notices, heartbeats and database are the product's own. How long the
// database takes to answer on this machine is measured meanwhile, and given to the simulation.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { openPostgresStore } from '../../dist/src/jobs/postgres/openPostgresStore.js';
import { startCluster } from '../setup/postgresCluster.mjs';
import { simulateFleet } from './fleet.mjs';
import { storeLimits } from './limits.mjs';
import { postgresCpu } from './postgresCpu.mjs';
import { exponential, randomOf } from './random.mjs';

const { values } = parseArgs({
  options: { workers: { type: 'string', default: '2,4' }, jobs: { type: 'string', default: '120' } },
});
const SLOTS = 2;
const MEAN_MS = 2_000;
/** Offered, of all slots. */
const LOAD = 0.7;
/** How often the database is asked something, to see how long it takes. */
const ASK_MS = 500;
const costs = JSON.parse(readFileSync(new URL('./costs.json', import.meta.url), 'utf8'));

console.log(
  'workers | jobs | mean wait, real | simulated | 95 %, real | simulated | database ms a job, real | simulated | an answer',
);
for (const workers of values.workers.split(',').map(Number)) {
  const random = randomOf(workers);
  const jobs = [];
  let at = 1;
  for (let i = 0; i < Number(values.jobs); i += 1) {
    jobs.push([at, exponential(random, MEAN_MS / 1_000)]);
    at += exponential(random, MEAN_MS / 1_000 / (workers * SLOTS * LOAD));
  }
  const real = await realRun(workers, jobs);
  const seconds = at + 10;
  const found = simulateFleet(
    costs,
    {
      jobs,
      workers,
      slotsOfWorker: SLOTS,
      streamsOfLiveMachine: 0,
      changeRate: 0,
      databaseCores: 2,
      hasFeed: false,
      hasWebhooks: false,
      ...{ roundTrip: real.answer, statements: 1 },
    },
    { seconds, warmUp: 0 },
  );
  const simulatedMs = (1_000 * found.database.utilisation * 2 * seconds) / jobs.length;
  console.log(
    [
      ...[workers, jobs.length, ms(real.meanWait), ms(found.meanWait), ms(real.wait95), ms(found.wait95)],
      ...[real.databaseMs.toFixed(1), simulatedMs.toFixed(1), ms(real.answer)],
    ].join(' | '),
  );
}

function ms(seconds) {
  return `${Math.round(1_000 * seconds)} ms`;
}

/** Each job is added when its time has come; what it waited counts from when it should have been added. */
async function realRun(workers, jobs) {
  const cluster = await startCluster();
  const store = await openPostgresStore(cluster.url, storeLimits);
  const lengths = JSON.stringify(jobs.map(([, seconds]) => 1_000 * seconds));
  const env = { ...process.env, CHECK_DATABASE: cluster.url, CHECK_SLOTS: String(SLOTS), CHECK_LENGTHS: lengths };
  const children = Array.from({ length: workers }, () => fork(new URL('./sleepWorker.mjs', import.meta.url), { env }));
  try {
    const started = new Map();
    for (const child of children) {
      child.on('message', ({ requestId, startedAtMs }) => {
        if (requestId !== undefined) started.set(Number(requestId), startedAtMs);
      });
    }
    await Promise.all(children.map((child) => once(child, 'message')));
    const server = postgresCpu(cluster.url);
    const cpuBefore = server.seconds();
    const beganMs = Date.now();
    const answersMs = [];
    const asking = setInterval(async () => {
      const askedAt = performance.now();
      await store.queue.nextDueMs(Date.now());
      answersMs.push(performance.now() - askedAt);
    }, ASK_MS);
    await Promise.all(
      jobs.map(async ([at], i) => {
        await delay(1_000 * at);
        await store.queue.add({
          ...{ tenantId: 't', requestId: String(i), call: '/v1/jobs', task: { kind: 'vad', minNonSpeechMs: 0 } },
          ...{ audio: { kind: 'stored', audioId: String(i), bytes: 1 }, digest: String(i) },
        });
      }),
    );
    while (started.size < jobs.length) await delay(50);
    await delay(5_000);
    clearInterval(asking);
    const answer = answersMs.reduce((sum, one) => sum + one, 0) / answersMs.length / 1_000;
    const databaseMs = (1_000 * (server.seconds() - cpuBefore)) / jobs.length;
    const waits = jobs.map(([at], i) => (started.get(i) - beganMs) / 1_000 - at).sort((a, b) => a - b);
    const meanWait = waits.reduce((sum, wait) => sum + wait, 0) / waits.length;
    return { answer, databaseMs, meanWait, wait95: waits[Math.floor(0.95 * waits.length)] };
  } finally {
    for (const child of children) child.send('stop');
    await Promise.all(children.map((child) => once(child, 'exit')));
    await store[Symbol.asyncDispose]();
    await cluster.end();
  }
}
