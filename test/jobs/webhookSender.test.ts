import { expect, test } from 'vitest';
import { openLevelStore } from '../../src/jobs/level/openLevelStore.js';
import { WebhookSender } from '../../src/jobs/webhooks/webhookSender.js';
import { order } from '../contract/jobQueue.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { until } from '../support/until.js';

test('a message that becomes due while it is looked for is sent all the same', async () => {
  let nowMs = 1_800_000_000_000;
  const ended = { maxEndedJobsOfTenant: 9, maxOutcomeBytesOfTenant: 1_000 };
  const limits = { maxJobs: 9, maxJobsOfTenant: 9, maxAudioBytes: 1_000, retryMs: 1, ...ended };
  await using store = await openLevelStore(await temporaryFolder(), {
    encryptionKey: undefined,
    limits,
    nowMs: () => nowMs,
  });
  await store.queue.add(order('a', { webhookUrl: 'https://example.org/' }));
  await store.queue.settle((await store.queue.take())!, { result: 1 });
  const taken = (await store.outbox.take(nowMs, 1))!;
  await store.outbox.retryLater(taken.webhookId, { atMs: nowMs, httpStatus: 503 }, nowMs + 1);
  const sent: string[] = [];
  const sender = new WebhookSender({
    outbox: store.outbox,
    secrets: store.secrets,
    bodyOf: async () => '{}',
    post: async (url) => {
      sent.push(url);
      return 200;
    },
    maxTries: 5,
    retryMs: 1,
    concurrency: 1,
    perHost: 1,
    graceMs: 100,
    onFault: () => undefined,
    nowMs: () => nowMs++, // every look at the clock finds it a millisecond later
  });
  sender.wake();
  await until(() => sent.length === 1);
  await sender.stop();
  expect(sent).toEqual(['https://example.org/']);
});
