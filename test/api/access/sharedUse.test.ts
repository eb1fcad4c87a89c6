import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { KeyThrottle } from '../../../src/api/access/keyThrottle.js';
import { SharedUse } from '../../../src/api/access/postgres/sharedUse.js';
import { TenantGate, type TenantLimits } from '../../../src/api/access/tenantGate.js';
import { freshDatabase, type TestDatabase, whyNoPostgres } from '../../support/postgres.js';

const DAY_MS = 86_400_000;
/** Of today: what is old is erased. */
const NOON_MS = Math.floor(Date.now() / DAY_MS) * DAY_MS + DAY_MS / 2;
const SOON = { timeout: 60_000 };

describe.skipIf(whyNoPostgres)('limits of several processes', () => {
  let database: TestDatabase;
  let nowMs = NOON_MS;
  const opened: SharedUse[] = [];
  /** A busy machine may be late: waited for, where nothing else is said. */
  const newUse = async (url = database.url, lateMs = 60_000) => {
    const use = new SharedUse(url, { clock: () => nowMs, lateMs });
    opened.push(use);
    await use.start();
    return use;
  };
  const uses = (count: number) => Promise.all(Array.from({ length: count }, () => newUse()));
  beforeAll(async () => {
    database = await freshDatabase();
  });
  afterEach(async () => {
    nowMs += DAY_MS; // each test has a day of its own
    for (const use of opened.splice(0)) await use[Symbol.asyncDispose]();
  });
  afterAll(() => database[Symbol.asyncDispose]());

  const letIn = async (calls: readonly (boolean | Promise<boolean>)[]): Promise<number> =>
    (await Promise.all(calls)).filter((isIn) => isIn).length;

  test('no call more than the limit is let in, however many come at once, and none less', async () => {
    const three = await uses(3);
    const burst = () => letIn(Array.from({ length: 180 }, (_, i) => three[i % 3]!.countCall('acme', 60)));
    expect(await burst()).toBe(60);
    expect(await burst()).toBe(0);
    expect(three[0]!.calls('acme')).toBe(60);
    nowMs += 60_000;
    expect(await burst()).toBe(60);
  });

  test('a process that alone gets all calls may use all of the limit', async () => {
    const [busy] = await uses(3);
    let count = 0;
    for (let i = 0; i < 80; i += 1) if (await busy!.countCall('acme', 60)) count += 1;
    expect(count).toBe(60);
  });

  test('a busy tenant is not asked for call by call, at the price of one call in a hundred', async () => {
    const [one, other] = await uses(2);
    let waits = 0;
    let count = 0;
    for (let i = 0; i < 1_000; i += 1) {
      const answer = one!.countCall('acme', 1_500);
      if (typeof answer !== 'boolean') waits += 1;
      if (await answer) count += 1;
    }
    expect(count).toBe(1_000);
    expect(waits).toBeLessThan(300);
    for (let i = 0; i < 1_000; i += 1) if (await other!.countCall('acme', 1_500)) count += 1;
    expect(count).toBeLessThanOrEqual(1_500);
    expect(count).toBeGreaterThanOrEqual(1_490);
  });

  test('calls of tenants without a limit wait for nothing, and count once there is one', async () => {
    const [one, other] = await uses(2);
    expect(Array.from({ length: 10 }, () => one!.countCall('free', undefined))).toEqual(Array(10).fill(true));
    await opened.shift()![Symbol.asyncDispose]();
    expect(await other!.countCall('free', 10)).toBe(false);
    expect(other!.calls('free')).toBe(10);
  });

  test('a limit that is raised lets more in at once', async () => {
    const [one, other] = await uses(2);
    expect(await letIn([1, 2, 3].map(() => one!.countCall('acme', 2)))).toBe(2);
    expect(await letIn([1, 2, 3].map(() => other!.countCall('acme', 3)))).toBe(1);
    expect(await letIn([1, 2, 3].map(() => one!.countCall('acme', 5)))).toBe(2);
  });

  test('audio of one process is known to the others, and to those that start later', async () => {
    const limits: TenantLimits = { audioMinutesPerDay: 1 };
    const [one, other] = (await uses(2)).map((use) => new TenantGate(() => limits, use));
    await other!.knowAudio('acme');
    other!.assertAudioLeft('acme');
    one!.used('acme', 45_000);
    one!.used('acme', 15_000);
    expect(one!.hasAudioLeft('acme')).toBe(false);
    await vi.waitFor(() => expect(other!.hasAudioLeft('acme')).toBe(false), SOON);
    expect(() => other!.assertAudioLeft('acme')).toThrow(
      expect.objectContaining({ refusal: expect.objectContaining({ code: 'QUOTA_USED_UP' }) }),
    );
    await opened.shift()![Symbol.asyncDispose]();
    const later = new TenantGate(() => limits, await newUse());
    await later.knowAudio('acme');
    expect(later.audioMinutesToday('acme')).toBe(1);
    expect(later.usage('acme')).toMatchObject({ audioMinutesToday: 1, audioMinutesPerDay: 1, callsThisMinute: 0 });
    nowMs += DAY_MS;
    expect(later.hasAudioLeft('acme')).toBe(true);
  });

  test('what a process counted last is stored when it ends', async () => {
    const use = await newUse();
    use.addAudio('acme', 1_000);
    await opened.pop()![Symbol.asyncDispose]();
    const next = await newUse();
    await next.knowAudio('acme');
    expect(next.audioMs('acme')).toBe(1_000);
  });

  test('wrong keys of one process slow their network down in the others, and only it', async () => {
    const [one, other] = (await uses(2)).map((use) => new KeyThrottle(5, use.nowMs, use.wrongKeys));
    for (let i = 0; i < 5; i += 1) one!.failed('2001:db8::1');
    expect(one!.waitSeconds('2001:db8::2')).toBe(60);
    await vi.waitFor(() => {
      other!.failed('2001:db8::3');
      expect(other!.waitSeconds('2001:db8::4')).toBe(60);
    }, SOON);
    expect(other!.waitSeconds('2001:db9::1')).toBe(0);
    nowMs += 60_000;
    expect([one!, other!].map((throttle) => throttle.waitSeconds('2001:db8::1'))).toEqual([0, 0]);
  });

  test('a database that is gone lets each process go on with the limit for itself, without waiting each time', async () => {
    const gone = await freshDatabase();
    const [one, other] = [await newUse(gone.url, 1_000), await newUse(gone.url, 1_000)];
    expect(await one.countCall('acme', 3)).toBe(true);
    one.addAudio('acme', 500);
    await gone[Symbol.asyncDispose]();
    expect(await letIn(Array.from({ length: 5 }, () => one.countCall('acme', 3)))).toBe(2);
    expect(await letIn(Array.from({ length: 5 }, () => other.countCall('acme', 3)))).toBe(3);
    expect(one.countCall('other', 3)).toBe(true);
    expect(one.knowAudio('acme')).toBeUndefined();
    expect(one.audioMs('acme')).toBe(500);
  });
});
