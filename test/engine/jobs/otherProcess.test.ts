import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AsyncJobs, type AsyncJobsOptions } from '../../../src/api/asyncJobs.js';
import { VoicePrintsError } from '../../../src/core/errors.js';
import type { Identification } from '../../../src/core/identification.js';
import type { StorePlace } from '../../../src/core/storePlace.js';
import { Database } from '../../../src/database/database.js';
import { ALL_TENANTS } from '../../../src/database/sql.js';
import type { Engine } from '../../../src/engine/engine.js';
import { noteErasure } from '../../../src/engine/jobs/eraseFromJobs.js';
import { webhookReceiver } from '../../jobs/webhookReceiver.js';
import { freshDatabase, type TestDatabase, whyNoPostgres } from '../../support/postgres.js';
import { scriptedEngine } from '../../support/scriptedEngine.js';
import { temporaryFolder } from '../../support/temporaryFolder.js';
import { until } from '../../support/until.js';

const ANNA = 'anna_amsel';
const KEY = 'a key of tests';

const HEARD: Identification = {
  durationSeconds: 3,
  model: 'scripted',
  segments: [
    {
      ...{ start: 0, end: 1, speakerId: ANNA, name: 'Anna Amsel', cluster: null, score: 0.9, margin: 0.5, cosine: 0.7 },
      ...{ decision: 'identified', overlap: false },
      candidates: [{ speakerId: ANNA, name: 'Anna Amsel', score: 0.9, cosine: 0.7 }],
    },
  ],
  warnings: [],
};

/** Work that ends when the test says so. */
class Work {
  readonly begun: (() => void)[] = [];
  stopped = 0;

  readonly identify: Engine['identify'] = (_request, { signal, onProgress } = {}) =>
    new Promise((resolve, reject) => {
      signal?.addEventListener('abort', () => {
        this.stopped += 1;
        reject(new VoicePrintsError('ABORTED', 'stopped'));
      });
      onProgress?.({ stage: 'analyse', doneMs: 1_500, totalMs: 3_000 });
      this.begun.push(() => resolve(HEARD));
    });
}

describe.skipIf(whyNoPostgres)('jobs that another process works on', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await freshDatabase();
  });
  afterAll(() => database[Symbol.asyncDispose]());

  /** A process with the database, and a folder of audio that all share. */
  const opened = (place: StorePlace, identify: Engine['identify'], options: Partial<AsyncJobsOptions> = {}) => {
    const engine = { ...scriptedEngine({ identify, storeDirectory: place.storeDirectory }), place };
    return new AsyncJobs({ engine, encryptionKey: KEY, ...options });
  };
  const unused: Engine['identify'] = () => Promise.reject(new Error('this process does not work'));
  const source = { kind: 'bytes', bytes: Buffer.from('sound') } as const;
  const submit = { call: '/v1/jobs', source, task: { kind: 'identify' } } as const;

  test('are seen, with their progress, and cancelled', async () => {
    const place = { storeDirectory: await temporaryFolder(), databaseUrl: database.url };
    const work = new Work();
    await using front = opened(place, unused, { works: false });
    await using worker = opened(place, work.identify);
    const [jobs] = await Promise.all([front.open(), worker.open()]);
    const settled: string[] = [];
    jobs.onSettled(({ requestId, status }) => settled.push(`${requestId} ${status}`));
    await jobs.submit({ ...submit, requestId: 'one' });
    await until(async () => (await jobs.get('one'))?.progress?.doneMs === 1_500);
    expect(await jobs.get('one')).toMatchObject({ status: 'running', progress: { doneMs: 1_500, totalMs: 3_000 } });
    await jobs.cancel('one');
    await until(() => work.stopped === 1);
    expect(await jobs.get('one')).toMatchObject({ status: 'cancelled' });

    await jobs.submit({ ...submit, requestId: 'two' });
    await until(() => work.begun.length === 2);
    work.begun[1]!();
    await until(async () => (await jobs.get('two'))?.status === 'done');
    await until(() => settled.includes('two done'));
  });

  test('no longer name a person who was erased meanwhile, nor do their webhooks and rows', async () => {
    const place = { storeDirectory: await temporaryFolder(), databaseUrl: database.url };
    const work = new Work();
    await using receiver = await webhookReceiver(({ body }, response) => {
      // The receiver of the first is slow: its webhook is on its way while she is erased.
      if (body.request_id !== 'ended' || isErased) response.end();
    });
    let isErased = false;
    const settings = { concurrency: 1, webhookRetryMs: 1 };
    await using worker = opened(place, work.identify, { settings, allowHosts: [receiver.host] });
    const jobs = await worker.open();
    await jobs.submit({ ...submit, requestId: 'ended', webhookUrl: receiver.url });
    await until(() => work.begun.length === 1);
    work.begun[0]!();
    await until(() => receiver.received.length === 1);
    expect(receiver.received[0]!.text).toContain(ANNA);
    await jobs.submit({ ...submit, requestId: 'running', webhookUrl: receiver.url });
    await until(() => work.begun.length === 2);

    // As an engine of another process does that erases her.
    const erasure = (await noteErasure(place, KEY, { tenantId: 'local', speakerId: ANNA }))!;
    isErased = true;
    await erasure.confirm();
    await erasure.finish();
    expect(JSON.stringify(await jobs.get('ended'))).not.toContain(ANNA);

    work.begun[1]!();
    await until(async () => (await jobs.get('running'))?.status === 'done');
    expect(JSON.stringify(await jobs.get('running'))).not.toMatch(/anna/i);
    await until(() => receiver.received.some(({ body }) => body.request_id === 'running'));
    await until(() => receiver.received.filter(({ body }) => body.request_id === 'ended').length === 2);
    for (const { text } of receiver.received.slice(1)) expect(text).not.toMatch(/anna/i);
    // One webhook-id for each job, the one that was sent twice included.
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(2);
  });

  test('leave nothing readable in a database that is sealed', async () => {
    await using shared = await Database.open(database.url);
    for (const table of ['jobs', 'webhook_messages', 'webhook_secrets', 'job_erasures']) {
      const rows = await shared.query<{ text: string }>(
        ALL_TENANTS,
        `SELECT t::text AS text FROM voice_prints.${table} t`,
      );
      for (const { text } of rows) {
        for (const word of [ANNA, 'Anna', '127.0.0.1', '/v1/jobs', '"result"']) {
          expect(text).not.toContain(word);
          expect(text).not.toContain(Buffer.from(word).toString('hex'));
        }
      }
    }
    const opening = opened({ storeDirectory: await temporaryFolder(), databaseUrl: database.url }, unused, {
      encryptionKey: 'another key',
    });
    await expect(opening.open()).rejects.toMatchObject({ code: 'REGISTRY_KEY_WRONG' });
  });
});
