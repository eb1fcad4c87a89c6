import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { Database } from '../../src/database/database.js';
import { ALL_TENANTS } from '../../src/database/sql.js';
import { JobRunner } from '../../src/jobs/jobRunner.js';
import { openPostgresStore, type PostgresStore } from '../../src/jobs/postgres/openPostgresStore.js';
import { CONTRACT_LIMITS, order } from '../contract/jobQueue.js';
import { freshDatabase, whyNoPostgres } from '../support/postgres.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { until } from '../support/until.js';

const PLACES = 2;
const JOB_SERVER = fileURLToPath(new URL('jobServer.mjs', import.meta.url));
const unexpected = (error: unknown): never => {
  throw error;
};

const opened: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one[Symbol.asyncDispose]();
});

function held<T extends AsyncDisposable>(one: T): T {
  opened.push(one);
  return one;
}

/** A process that has the jobs open. */
const storeOf = async (url: string): Promise<PostgresStore> =>
  held(
    await openPostgresStore(url, {
      encryptionKey: undefined,
      limits: { ...CONTRACT_LIMITS, maxJobs: 100, maxJobsOfTenant: 100, maxAudioBytes: 10_000 },
      nowMs: Date.now,
      withoutPerson: () => undefined,
    }),
  );

const nothing = () => undefined;
const NO_LISTENER = {
  onWork: nothing,
  onMessages: nothing,
  onRevised: nothing,
  onSettled: nothing,
  onFault: unexpected,
};

/** A process that can be told of jobs, and takes them when the test does. */
async function toldStore(url: string): Promise<PostgresStore> {
  const store = await storeOf(url);
  await store.listen(NO_LISTENER);
  return store;
}

/** A process that works on jobs, each of which is done at once. */
async function worker(url: string, { onLook, onDone }: { onLook: () => void; onDone: (requestId: string) => void }) {
  const store = await storeOf(url);
  const { queue } = store;
  const take = queue.take.bind(queue);
  queue.take = (isHeld) => {
    onLook();
    return take(isHeld);
  };
  const runner = new JobRunner({
    ...{ queue, concurrency: PLACES, maxTries: 3, retryMs: 1_000, nowMs: Date.now, isHeld: () => false },
    perform: async () => ({ isDone: true }),
    onSettled: ({ requestId }) => onDone(requestId),
    onFault: ({ error }) => unexpected(error),
  });
  held({ [Symbol.asyncDispose]: () => runner.stop() });
  await store.listen({ ...NO_LISTENER, onWork: () => runner.wake() });
  runner.wake();
}

/** Ids of the workers that wait, the one that waits longest first. */
const waiting = async (database: Database): Promise<readonly string[]> => {
  const text =
    'SELECT holder FROM voice_prints.job_workers WHERE waits_since IS NOT NULL ORDER BY job_workers.waits_since';
  return (await database.query<{ holder: string }>(ALL_TENANTS, text)).map(({ holder }) => holder);
};

/** What processes are told, from now on. */
async function notices(database: Database): Promise<string[]> {
  const heard: string[] = [];
  const client = await database.connect();
  held({ [Symbol.asyncDispose]: () => client.end() });
  client.on('notification', ({ payload = '' }) => heard.push(payload));
  await client.query('LISTEN voice_prints_jobs');
  return heard;
}

const JOBS = 15;

describe.skipIf(whyNoPostgres)('workers that wait', () => {
  test('do not all look for a job that is added: one does, and then whether there is another', async () => {
    const place = held(await freshDatabase());
    const database = held(await Database.open(place.url));
    const adder = await storeOf(place.url);
    let looks = 0;
    const done = new Set<string>();
    const onLook = () => {
      looks += 1;
    };
    const onDone = (requestId: string) => done.add(requestId);
    const workers = Array.from({ length: 8 }, () => worker(place.url, { onLook, onDone }));
    await Promise.all(workers);
    await until(async () => (await waiting(database)).length === workers.length);
    looks = 0;
    const startedMs = performance.now();
    for (let job = 0; job < JOBS; job += 1) {
      await adder.queue.add(order(`job-${job}`));
      await until(async () => done.has(`job-${job}`) && (await waiting(database)).length === workers.length);
    }
    // Each worker also looks every ten seconds by itself. Were all woken by each job, there would be eight looks a job at least.
    const ownLooks = workers.length * (1 + (performance.now() - startedMs) / 10_000);
    expect(looks).toBeLessThan(4 * JOBS + ownLooks);
  });

  test('do all jobs that come at once, more than they have places', async () => {
    const place = held(await freshDatabase());
    const adder = await storeOf(place.url);
    const done = new Set<string>();
    const onDone = (requestId: string) => done.add(requestId);
    await Promise.all([0, 1, 2, 3].map(() => worker(place.url, { onLook: () => undefined, onDone })));
    const ids = Array.from({ length: 40 }, (_, index) => `job-${index}`);
    await Promise.all(ids.map((id, index) => adder.queue.add(order(id, { tenantId: `t${index % 5}` }))));
    await until(() => done.size === ids.length);
  });

  test('do a job whose worker was called and does not take it', async () => {
    const place = held(await freshDatabase());
    const database = held(await Database.open(place.url));
    const ended = await toldStore(place.url);
    expect(await ended.queue.take()).toBeUndefined();
    const [called] = await waiting(database);
    const done = new Set<string>();
    await worker(place.url, { onLook: () => undefined, onDone: (requestId) => done.add(requestId) });
    await until(async () => (await waiting(database)).length === 2);
    const heard = await notices(database);
    await (await storeOf(place.url)).queue.add(order('job'));
    await until(() => done.has('job'));
    expect(heard[0]).toBe(`work ${called}`);
  });

  test('are not called once they have ended without a word: the next one is, at once', async () => {
    const place = held(await freshDatabase());
    const database = held(await Database.open(place.url));
    const folder = await temporaryFolder();
    const servers = [1, 2].map(() => spawn(process.execPath, [JOB_SERVER, folder, '', place.url], { stdio: 'ignore' }));
    await until(async () => (await waiting(database)).length === servers.length);
    for (const server of servers) {
      server.kill('SIGKILL');
      await once(server, 'exit');
    }
    const there = await toldStore(place.url);
    await there.queue.take();
    const [, , last] = await waiting(database);
    const heard = await notices(database);
    await (await storeOf(place.url)).queue.add(order('job'));
    await until(() => heard.length > 0);
    expect(heard).toEqual([`work ${last}`]);
    expect(await waiting(database)).toEqual([]);
  }, 60_000);

  test('are called in turn, each for one job; without any, all are told', async () => {
    const place = held(await freshDatabase());
    const database = held(await Database.open(place.url));
    const stores = [await toldStore(place.url), await toldStore(place.url), await toldStore(place.url)];
    for (const { queue } of stores) await queue.take();
    const [first, second, third] = await waiting(database);
    const heard = await notices(database);
    const adder = await storeOf(place.url);
    for (const id of ['a', 'b']) await adder.queue.add(order(id));
    // It was called for one job; what it leaves is another's, whoever was called for that.
    const claim = (await stores[0]!.queue.take())!;
    await adder.queue.add(order('c'));
    await until(() => heard.length === 4);
    expect(heard).toEqual([`work ${first}`, `work ${second}`, `work ${third}`, 'work']);
    // Whoever has free places and waits again is called for what is given back.
    for (const id of ['b', 'c']) expect((await stores[1]!.queue.take())?.job.requestId).toBe(id);
    expect(await stores[1]!.queue.take()).toBeUndefined();
    await stores[0]!.queue.giveBack(claim);
    await until(() => heard.length === 5);
    expect(heard[4]).toBe(`work ${second}`);
  });
});
