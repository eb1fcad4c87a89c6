import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Database } from '../../src/database/database.js';
import type { LeaseClaim } from '../../src/database/leases/leaseClaim.js';
import { LeaseKeeper } from '../../src/database/leases/leaseKeeper.js';
import { ALL_TENANTS, type Sql } from '../../src/database/sql.js';
import { databaseRelay } from '../support/databaseRelay.js';
import { type OwnCluster, ownCluster, whyNoOwnCluster } from '../support/ownCluster.js';
import { until } from '../support/until.js';

/** The number that the server gave to this transaction. */
async function numberOf(sql: Sql): Promise<bigint> {
  const [row] = await sql<{ id: string }>('SELECT pg_current_xact_id()::text AS id');
  return BigInt(row!.id);
}

describe.skipIf(whyNoOwnCluster)('a server that goes away', () => {
  let cluster: OwnCluster;
  beforeAll(async () => {
    cluster = await ownCluster();
  });
  afterAll(() => cluster[Symbol.asyncDispose]());

  test.each(['restarted', 'killed'] as const)('and is %s loses nothing and does nothing twice', async (how) => {
    await using database = await Database.open(cluster.url, { patienceMs: 60_000 });
    await database.query(ALL_TENANTS, `CREATE TABLE ${how} (n int)`);
    const numbers = Array.from({ length: 200 }, (_, index) => index);
    let done = 0;
    const work = Promise.all(
      [0, 1, 2, 3].map(async (first) => {
        for (const n of numbers.filter((one) => one % 4 === first)) {
          await database.query(ALL_TENANTS, `INSERT INTO ${how} SELECT $1 FROM pg_sleep(0.01)`, [n]);
          done += 1;
        }
      }),
    );
    await expect.poll(() => done).toBeGreaterThan(20);
    if (how === 'restarted') await cluster.restart();
    else {
      await cluster.kill();
      await cluster.start();
    }
    await work;
    const rows = await database.query<{ n: number }>(ALL_TENANTS, `SELECT n FROM ${how} ORDER BY n`);
    expect(rows.map(({ n }) => n)).toEqual(numbers);
  });

  test('and gives its numbers of transactions anew does not let work pass for done whose commit never arrived', async () => {
    await using relay = await databaseRelay(cluster.url);
    await using database = await Database.open(relay.url, { patienceMs: 60_000 });
    // Unlogged: a server that is killed has no record of the transaction, nor of its number.
    await database.query(ALL_TENANTS, 'CREATE UNLOGGED TABLE notes (n int)');
    const ids: bigint[] = [];
    const sent = relay.keepCommit();
    const work = database.transaction(ALL_TENANTS, async (sql) => {
      await sql('INSERT INTO notes VALUES (1)');
      ids.push(await numberOf(sql));
    });
    await sent;
    relay.close();
    await cluster.kill();
    await cluster.start();
    await using others = await Database.open(cluster.url);
    while ((await others.transaction(ALL_TENANTS, numberOf)) < ids[0]!);
    relay.open();
    await work;
    expect(await database.query(ALL_TENANTS, 'SELECT n FROM notes')).toEqual([{ n: 1 }]);
    expect(ids).toHaveLength(2);
  });

  test('is asked whether work was committed whose confirmation was lost', async () => {
    await using relay = await databaseRelay(cluster.url);
    await using database = await Database.open(relay.url, { patienceMs: 60_000 });
    await database.query(ALL_TENANTS, 'CREATE TABLE once (n int)');
    let tries = 0;
    const confirmed = relay.keepConfirmation();
    const work = database.transaction(ALL_TENANTS, async (sql) => {
      tries += 1;
      await sql('INSERT INTO once VALUES (1)');
    });
    await confirmed;
    relay.close();
    relay.open();
    await work;
    expect(tries).toBe(1);
    expect(await database.query(ALL_TENANTS, 'SELECT n FROM once')).toEqual([{ n: 1 }]);
  });

  test('for longer than the patience is reported, and found again', async () => {
    await using database = await Database.open(cluster.url, { patienceMs: 100 });
    await cluster.stop();
    await expect(database.query(ALL_TENANTS, 'SELECT 1')).rejects.toMatchObject({ code: 'REGISTRY_UNAVAILABLE' });
    await cluster.start();
    expect(await database.query(ALL_TENANTS, 'SELECT 1 AS n')).toEqual([{ n: 1 }]);
  });

  test('leaves the leases: their holder has them again, or for ever', async () => {
    await using database = await Database.open(cluster.url, { patienceMs: 60_000 });
    await using keeper = new LeaseKeeper({ database, roles: ['live'], load: () => 0, onFault: () => undefined });
    const claim: LeaseClaim = keeper.claim({ name: 'hall', group: 'hall' }, () => {
      if (claim.token === undefined) claim.giveBack();
    });
    claim.want(true);
    await until(() => claim.token !== undefined);
    const before = claim.token!;
    await cluster.kill();
    await cluster.start();
    await until(async () => {
      const [row] = await database.query<{ isHeld: boolean }>(
        ALL_TENANTS,
        `SELECT expires_at > clock_timestamp() + interval '2 seconds' AS "isHeld" FROM voice_prints.leases`,
      );
      return row!.isHeld && claim.token !== undefined;
    });
    expect(claim.token).toBeGreaterThanOrEqual(before);
  });
});
