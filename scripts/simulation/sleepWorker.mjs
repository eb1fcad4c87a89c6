// One process that works on jobs by waiting: for check.mjs, which gives it everything in its environment.
import { setTimeout as delay } from 'node:timers/promises';
import { JobRunner } from '../../dist/src/jobs/jobRunner.js';
import { openPostgresStore } from '../../dist/src/jobs/postgres/openPostgresStore.js';
import { storeLimits } from './limits.mjs';

const store = await openPostgresStore(process.env.CHECK_DATABASE, storeLimits);
/** Lengths of the jobs in milliseconds, by their number. */
const lengths = JSON.parse(process.env.CHECK_LENGTHS);
const runner = new JobRunner({
  ...{ queue: store.queue, concurrency: Number(process.env.CHECK_SLOTS), maxTries: 3, retryMs: 1_000, nowMs: Date.now },
  perform: async ({ requestId }, { signal }) => {
    process.send({ requestId, startedAtMs: Date.now() });
    await delay(lengths[Number(requestId)], undefined, { signal });
    return { isDone: true };
  },
  onSettled: () => undefined,
  onFault: ({ error }) => console.error(error),
  isHeld: () => false,
});
await store.listen({
  onWork: () => runner.wake(),
  onMessages: () => undefined,
  onRevised: () => undefined,
  onSettled: () => undefined,
  onFault: console.error,
});
runner.wake();
process.send({ isReady: true });
process.once('message', async () => {
  await runner.stop();
  await store[Symbol.asyncDispose]();
  const { user, system } = process.cpuUsage();
  process.send({ cpuSeconds: (user + system) / 1e6 }, () => process.disconnect());
});
