import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { VoicePrintsError } from '../../src/core/errors.js';
import { Database } from '../../src/database/database.js';
import type { LeaseClaim } from '../../src/database/leases/leaseClaim.js';
import { LeaseKeeper } from '../../src/database/leases/leaseKeeper.js';
import { ALL_TENANTS } from '../../src/database/sql.js';
import { freshDatabase, type TestDatabase, whyNoPostgres } from '../support/postgres.js';
import { until } from '../support/until.js';

/** A database whose connections can be cut, as by a network that fails. */
function cuttable(database: Database) {
  let isCut = false;
  const clients: { end(): Promise<void> }[] = [];
  return {
    database: {
      connect: async () => {
        if (isCut) return new Promise(() => undefined);
        const client = await database.connect();
        clients.push(client);
        return client;
      },
    } as unknown as Database,
    cut: () => {
      isCut = true;
      for (const client of clients.splice(0)) void client.end();
    },
    mend: () => {
      isCut = false;
    },
  };
}

describe.skipIf(whyNoPostgres)('leases', () => {
  let place: TestDatabase;
  let database: Database;
  beforeAll(async () => {
    place = await freshDatabase();
    database = await Database.open(place.url);
  });
  afterAll(async () => {
    await database[Symbol.asyncDispose]();
    await place[Symbol.asyncDispose]();
  });

  const keeperOf = (over: Database = database, faults: (VoicePrintsError | undefined)[] = []) =>
    new LeaseKeeper({ database: over, roles: ['live'], load: () => 0, onFault: (fault) => faults.push(fault) });
  const wantedOf = (keeper: LeaseKeeper, name: string): LeaseClaim => {
    const claim: LeaseClaim = keeper.claim({ name, group: name }, () => undefined);
    claim.want(true);
    return claim;
  };
  const holders = (claims: readonly LeaseClaim[]) => claims.filter(({ token }) => token !== undefined);

  test('one of several holds it; given back, another has it, with a greater token', async () => {
    await using one = keeperOf();
    await using other = keeperOf();
    const claims = [wantedOf(one, 'hall'), wantedOf(other, 'hall')];
    const [holder] = await until(
      () => holders(claims),
      (all) => all.length > 0,
    );
    const waiting = claims.find((claim) => claim !== holder)!;
    await until(() => waiting.isElsewhere);
    await delay(1_000);
    expect(holders(claims), 'renewed, and nobody else').toEqual([holder]);
    const before = holder!.token!;
    holder!.want(false);
    expect(holder!.token, 'until it is given back').toBe(before);
    holder!.giveBack();
    await until(() => waiting.token !== undefined);
    expect(waiting.token).toBeGreaterThan(before);
  });

  test('who is cut off from the database gives up before another can have it', async () => {
    const faults: (VoicePrintsError | undefined)[] = [];
    const { database: fragile, cut, mend } = cuttable(database);
    await using one = keeperOf(fragile, faults);
    const first = wantedOf(one, 'yard');
    await until(() => first.token !== undefined);
    await using other = keeperOf();
    const second = wantedOf(other, 'yard');
    const token = first.token!;
    cut();
    await until(() => first.token === undefined);
    expect(second.token, 'a margin between the two').toBeUndefined();
    await until(() => second.token !== undefined);
    expect(first.token).toBeUndefined();
    expect(second.token).toBeGreaterThan(token);
    mend();
    await until(() => first.isElsewhere);
    expect(faults).toMatchObject([{ code: 'REGISTRY_UNAVAILABLE' }, undefined]);
  });

  test('a keeper that was held up in between has lost its lease, and is told', async () => {
    await using one = keeperOf();
    let changes = 0;
    const claim: LeaseClaim = one.claim({ name: 'lost', group: 'lost' }, () => {
      changes += 1;
    });
    claim.want(true);
    await until(() => claim.token !== undefined);
    const [before, seen] = [claim.token!, changes];
    await database.query(ALL_TENANTS, `UPDATE voice_prints.leases SET expires_at = now() WHERE name = 'lost'`);
    await until(() => changes > seen);
    await until(() => claim.token !== undefined);
    expect(claim.token, 'taken anew, never renewed').toBeGreaterThan(before);
  });

  test('a keeper that ends is gone from the tables, with all that it held', async () => {
    const one = keeperOf();
    const claim = wantedOf(one, 'end');
    await until(() => claim.token !== undefined);
    await one[Symbol.asyncDispose]();
    const held = await database.query(ALL_TENANTS, 'SELECT 1 FROM voice_prints.leases WHERE holder = $1', [
      one.processId,
    ]);
    const known = await database.query(ALL_TENANTS, 'SELECT 1 FROM voice_prints.processes WHERE process_id = $1', [
      one.processId,
    ]);
    expect([held, known]).toEqual([[], []]);
  });
});
