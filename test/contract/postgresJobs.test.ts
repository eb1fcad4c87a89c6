import { afterAll, beforeAll, describe } from 'vitest';
import { Database, type SharedDatabase } from '../../src/database/database.js';
import { ALL_TENANTS } from '../../src/database/sql.js';
import { openPostgresStore, type PostgresStore } from '../../src/jobs/postgres/openPostgresStore.js';
import { asOwner } from '../support/ownerRole.js';
import { freshDatabase, type TestDatabase, whyNoPostgres } from '../support/postgres.js';
import { CONTRACT_LIMITS, jobQueueContract, type QueuePlace } from './jobQueue.js';

describe.skipIf(whyNoPostgres).each([
  { name: 'plain', encryptionKey: undefined },
  { name: 'sealed, by a user for whom row-level security holds', encryptionKey: 'a key of tests' },
])('$name', ({ encryptionKey }) => {
  let fresh: TestDatabase;
  let place: TestDatabase;
  /** Keeps the database open between the processes of a test, as other processes do. */
  let other: SharedDatabase;
  beforeAll(async () => {
    fresh = await freshDatabase();
    place = encryptionKey === undefined ? fresh : await asOwner(fresh);
    other = await Database.share(place.url);
  });
  afterAll(async () => {
    await other[Symbol.asyncDispose]();
    await place[Symbol.asyncDispose]();
    if (place !== fresh) await fresh[Symbol.asyncDispose]();
  });

  const newPlace = (): QueuePlace => {
    const clock = { nowMs: 1_800_000_000_000 };
    let opened: PostgresStore | undefined;
    let isNew = true;
    return {
      clock,
      open: async () => {
        const { database } = other;
        if (isNew) await database.query(ALL_TENANTS, 'TRUNCATE voice_prints.jobs, voice_prints.job_loads CASCADE');
        if (isNew) await database.query(ALL_TENANTS, 'TRUNCATE voice_prints.job_audio_used');
        isNew = false;
        opened = await openPostgresStore(place.url, {
          encryptionKey,
          limits: CONTRACT_LIMITS,
          nowMs: () => clock.nowMs,
          withoutPerson: () => undefined,
        });
        return opened;
      },
      // Claims are not handed back; what is left is found as some seconds later, when nobody has renewed them.
      crash: async () => {
        await opened?.[Symbol.asyncDispose]();
        opened = undefined;
        for (const table of ['jobs', 'webhook_messages']) {
          const lapse = `UPDATE voice_prints.${table} SET lease_until = '-infinity' WHERE lease_until IS NOT NULL`;
          await other.database.query(ALL_TENANTS, lapse);
        }
      },
    };
  };

  jobQueueContract('PostgresJobQueue', newPlace);
});
