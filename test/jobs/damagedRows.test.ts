import { afterEach, describe, expect, test } from 'vitest';
import { Database } from '../../src/database/database.js';
import { ALL_TENANTS } from '../../src/database/sql.js';
import { openPostgresStore } from '../../src/jobs/postgres/openPostgresStore.js';
import { CONTRACT_LIMITS, order } from '../contract/jobQueue.js';
import { freshDatabase, whyNoPostgres } from '../support/postgres.js';

const opened: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one[Symbol.asyncDispose]();
});

function held<T extends AsyncDisposable>(one: T): T {
  opened.push(one);
  return one;
}

const NOW_MS = 1_800_000_000_000;
const CORRUPT = { code: 'REGISTRY_CORRUPT' };

async function openJobs() {
  const { url } = held(await freshDatabase());
  const options = { encryptionKey: 'a key of tests', limits: CONTRACT_LIMITS, withoutPerson: () => undefined };
  const store = held(await openPostgresStore(url, { ...options, nowMs: () => NOW_MS }));
  const database = held(await Database.open(url));
  const damage = () =>
    database.query(
      ALL_TENANTS,
      `UPDATE voice_prints.jobs SET request = 'x' WHERE id = (SELECT min(id) FROM voice_prints.jobs)`,
    );
  return { ...store, database, damage };
}

describe.skipIf(whyNoPostgres)('a job whose row is damaged', () => {
  test('is handed out no more, and others are listed, revised and worked on', async () => {
    const { queue, damage } = await openJobs();
    for (const id of ['bad', 'good']) await queue.add(order(id));
    await damage();
    await expect(queue.take()).rejects.toMatchObject(CORRUPT);
    const claim = (await queue.take())!;
    expect(claim.job.requestId).toBe('good');
    expect(await queue.take()).toBeUndefined();
    expect(await queue.isWork()).toBe(false);
    const { tenantId } = claim.job;
    expect((await queue.list(tenantId, { limit: 10 })).jobs.map(({ requestId }) => requestId)).toEqual(['good']);
    expect(await queue.revise(tenantId, (job) => job)).toHaveLength(1);
    await expect(queue.get(tenantId, 'bad')).rejects.toMatchObject(CORRUPT);
    expect(await queue.erase(tenantId, 'bad')).toBe(true);
    expect(await queue.get(tenantId, 'bad')).toBeUndefined();
  });

  test('is ended where it is overdue, and expires as others do', async () => {
    const { queue, damage } = await openJobs();
    await queue.add(order('bad'));
    await damage();
    await expect(queue.takeOverdue(NOW_MS + 1)).rejects.toMatchObject(CORRUPT);
    expect(await queue.takeOverdue(NOW_MS + 1)).toBeUndefined();
    expect(await queue.expire(NOW_MS + 1)).toBe(1);
  });

  test('keeps no webhook of another from being sent', async () => {
    const { queue, outbox, damage } = await openJobs();
    for (const id of ['bad', 'good']) {
      await queue.add(order(id, { webhookUrl: 'https://receiver.example/' }));
      await queue.settle((await queue.take())!, { result: {} });
    }
    await damage();
    const taken = [];
    for (let look = 0; look < 2; look += 1) taken.push(await outbox.take(NOW_MS, 5).catch((error) => error));
    expect(taken).toEqual(
      expect.arrayContaining([expect.objectContaining(CORRUPT), expect.objectContaining({ requestId: 'good' })]),
    );
    expect(await outbox.take(NOW_MS, 5)).toBeUndefined();
  });
});
