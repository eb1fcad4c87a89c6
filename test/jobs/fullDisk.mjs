// Fills a store of jobs until it can write no more, as on a full disk, then goes on; prints what it did, and ends without
// a word, as if it were killed. FOLDER
import { spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { JobRunner } from '../../dist/src/jobs/jobRunner.js';
import { openLevelStore } from '../../dist/src/jobs/level/openLevelStore.js';

const [, , folder] = process.argv;
process.on('SIGXFSZ', () => {}); // the write fails instead
/** No file may grow beyond this: a partition that is full, without one. */
const limitFiles = (bytes) => {
  const { status } = spawnSync('prlimit', [`--pid=${process.pid}`, `--fsize=${bytes}:unlimited`]);
  if (status !== 0) throw new Error('prlimit (util-linux) is needed');
};
const order = (requestId) => ({
  ...{ tenantId: 't', requestId, call: '/v1/jobs', task: { kind: 'vad', minNonSpeechMs: 0 }, digest: requestId },
  audio: { kind: 'url', url: `https://example.org/${'x'.repeat(3_000)}` },
});
const limits = {
  ...{ maxJobs: 1_000, maxJobsOfTenant: 1_000, maxAudioBytes: 1_000, retryMs: 10 },
  ...{ maxEndedJobsOfTenant: 1_000, maxOutcomeBytesOfTenant: 2 ** 30 },
};
const store = await openLevelStore(folder, { encryptionKey: undefined, limits, nowMs: Date.now });
const accepted = [];
const refused = [];
const add = (requestId) =>
  store.queue.add(order(requestId)).then(
    () => accepted.push(requestId),
    ({ code }) => refused.push(code),
  );

await add('in-work');
let finish;
const finished = new Promise((resolve) => {
  finish = resolve;
});
const performed = [];
const runner = new JobRunner({
  ...{ queue: store.queue, isHeld: () => false, concurrency: 1, maxTries: 3, retryMs: 10, nowMs: Date.now },
  perform: async ({ requestId }) => {
    performed.push(requestId);
    await finished;
    return 'y'.repeat(20_000);
  },
  onSettled: () => undefined,
  onFault: ({ code }) => {
    if (code === 'REGISTRY_UNAVAILABLE') isAway = true;
  },
});
let isAway = false;
runner.wake();
while (performed.length === 0) await sleep(10);

limitFiles(16_384);
// Many at once: none that comes after the failed one may be acknowledged behind it.
await Promise.all(Array.from({ length: 30 }, (_, i) => add(`during-${i}`)));
finish();
while (!isAway) await sleep(10);
limitFiles('unlimited');
for (let i = 0; i < 20; ) {
  const before = accepted.length;
  await add(`after-${i}`);
  if (accepted.length > before) i += 1;
  else await sleep(50);
}
// What hung goes on by itself: nobody restarts the process.
while ((await store.queue.get('t', 'in-work'))?.status !== 'done') await sleep(10);
const timesPerformed = performed.filter((id) => id === 'in-work').length;
process.stdout.write(JSON.stringify({ accepted, refused, timesPerformed }), () => process.kill(process.pid, 'SIGKILL'));
