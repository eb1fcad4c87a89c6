import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Database } from '../../src/database/database.js';
import type { LeaseClaim } from '../../src/database/leases/leaseClaim.js';
import { LeaseKeeper } from '../../src/database/leases/leaseKeeper.js';
import { freshDatabase, type TestDatabase, whyNoPostgres } from '../support/postgres.js';
import { until } from '../support/until.js';
import { failures, VoiceFlow } from './voiceFlow.js';

const on = VoiceFlow.use();

const source = {
  ...{ id: 'source', type: 'audio-source', mode: 'liveFile', isAutostart: false, isShared: true },
  ...{ outputs: 2, wires: [['out'], ['state']] },
};
const nodes = [{ id: 'out', type: 'helper' }, { id: 'state', type: 'helper' }, ...failures];

test.each([
  ['without a store', { name: 'Hall', store: '' }, /no speaker store/],
  ['with a store that has no database', { name: 'Hall', store: 'store' }, /store is a database/],
])('a shared source %s says so', async (_name, about, message) => {
  await on.flow.load([{ ...source, file: on.audio.long, ...about }, ...nodes]);
  const failure = await on.failureOf(() => on.flow.node('source').receive({ payload: 'start' }));
  expect(failure).toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringMatching(message) });
});

describe.skipIf(whyNoPostgres)('a shared source with a database', () => {
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
  const loaded = (about: object) =>
    on.flow.load([{ ...source, file: on.audio.long, store: 'store', ...about }, ...nodes], {
      store: { databaseUrl: place.url },
    });

  test('is listened to by one of several, and by the next once that one stops', async () => {
    // In place of another Node-RED.
    await using keeper = new LeaseKeeper({ database, roles: ['node-red'], load: () => 0, onFault: () => undefined });
    const other: LeaseClaim = keeper.claim({ name: 'node-red/Hall', group: 'Hall' }, () => {
      if (other.token === undefined) other.giveBack(); // as whoever listens does, once it has stopped
    });
    other.want(true);
    await until(() => other.token !== undefined);

    await loaded({ name: 'Hall' });
    const out = on.flow.collect('out');
    const badges = on.flow.badges('source');
    const shown = () => badges.map(({ text }) => text);
    on.flow.node('source').receive({ payload: 'start' });
    await until(() => shown().includes('audio-source.status.elsewhere'));
    expect(out).toEqual([]);

    const before = other.token!;
    other.want(false);
    other.giveBack();
    await until(() => out.length > 2);
    expect(shown().at(-1)).toBe('audio-source.status.open');
    other.want(true);
    await until(() => other.isElsewhere);

    on.flow.node('source').receive({ payload: 'stop' });
    await until(() => other.token !== undefined);
    expect(other.token).toBeGreaterThan(before + 1);
    expect(out.at(-1)?.audio).toMatchObject({ isEnd: true });

    on.flow.node('source').receive({ payload: 'start' });
    await until(() => shown().at(-1) === 'audio-source.status.elsewhere');
    other.want(false);
    other.giveBack();
    const heard = out.length;
    await until(() => out.length > heard);
    other.want(true);
    await on.flow.stop();
    await until(() => other.token !== undefined);
  });

  test('needs a name, and one of its own in each Node-RED', async () => {
    await loaded({ name: ' ' });
    const nameless = await on.failureOf(() => on.flow.node('source').receive({ payload: 'start' }));
    expect(nameless).toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringMatching(/needs a name/) });
    await on.flow.stop();
    await on.flow.load(
      [
        { ...source, file: on.audio.long, store: 'store', name: 'Yard' },
        { ...source, id: 'twin', file: on.audio.long, store: 'store', name: 'Yard' },
        ...nodes,
      ],
      { store: { databaseUrl: place.url } },
    );
    const out = on.flow.collect('out');
    on.flow.node('source').receive({ payload: 'start' });
    await until(() => out.length > 0);
    const twin = await on.failureOf(() => on.flow.node('twin').receive({ payload: 'start' }));
    expect(twin).toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringMatching(/two shared/) });
  });
});
