import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type KeptStream, KeptStreams } from '../../../src/api/keptStreams/keptStreams.js';
import { newResumeToken, ResumeKey } from '../../../src/api/keptStreams/resumeKey.js';
import { Database } from '../../../src/database/database.js';
import { ALL_TENANTS } from '../../../src/database/sql.js';
import { freshDatabase, type TestDatabase, whyNoPostgres } from '../../support/postgres.js';

const RESUME_MS = 30_000;

describe.skipIf(whyNoPostgres)('streams kept in a database', () => {
  let place: TestDatabase;
  let one: KeptStreams;
  let other: KeptStreams;
  beforeAll(async () => {
    place = await freshDatabase();
    one = await KeptStreams.open(place.url, RESUME_MS);
    other = await KeptStreams.open(place.url, RESUME_MS);
  });
  afterAll(async () => {
    await one[Symbol.asyncDispose]();
    await other[Symbol.asyncDispose]();
    await place[Symbol.asyncDispose]();
  });

  const stream = (more: Partial<KeptStream> = {}): KeptStream & { readonly key: ResumeKey } => {
    const sessionId = randomUUID();
    const key = new ResumeKey(newResumeToken(), sessionId);
    const head = key.seal(Buffer.from('head'), 'head');
    const learnt = key.seal(Buffer.from('learnt'), 'learnt');
    return { sessionId, tenantId: 'acme', check: key.check, epoch: 1, head, learnt, expiresInMs: 45_000, key, ...more };
  };

  test('are given to whoever has the token, who alone may write them from then on', async () => {
    const own = stream();
    expect(await one.write(own)).toBe('kept');
    expect(await one.write({ ...own, learnt: undefined })).toBe('kept');
    expect(await other.take({ ...own, tenantId: 'globex' })).toBeUndefined();
    expect(await other.take({ ...own, check: new ResumeKey(newResumeToken(), own.sessionId).check })).toBeUndefined();
    const taken = await other.take(own);
    expect(taken?.epoch).toBe(2);
    expect(own.key.unseal(taken!.head, 'head').toString()).toBe('head');
    expect(own.key.unseal(taken!.learnt!, 'learnt').toString()).toBe('learnt');
    expect(() => own.key.unseal(taken!.learnt!, 'head')).toThrow(/changed or damaged/);
    expect(await one.isHeld(own)).toBe(false);
    expect(await one.write(own)).toBe('lost');
    await one.delete(own);
    expect(await other.write({ ...own, epoch: 2 })).toBe('kept');
    await other.delete({ ...own, epoch: 2 });
    expect(await other.take(own)).toBeUndefined();
  });

  test('of many processes that ask at once each gets another number, and the last has it', async () => {
    const own = stream();
    await one.write(own);
    const taken = await Promise.all(Array.from({ length: 10 }, (_, i) => (i % 2 ? one : other).take(own)));
    const epochs = taken.map((row) => row!.epoch).sort((a, b) => a - b);
    expect(epochs).toEqual(Array.from({ length: 10 }, (_, i) => i + 2));
    const written = await Promise.all(epochs.map((epoch) => one.write({ ...own, epoch })));
    expect(written).toEqual([...epochs.slice(1).map(() => 'lost'), 'kept']);
  });

  test('are written together, each once', async () => {
    const many = Array.from({ length: 50 }, () => stream());
    const written = await Promise.all([...many, ...many].map((own) => one.write(own)));
    expect(new Set(written)).toEqual(new Set(['kept']));
  });

  test('that a crash of the server has emptied are written again, with what was learnt', async () => {
    const own = stream();
    await one.write(own);
    const database = await Database.open(place.url);
    await database.query(ALL_TENANTS, 'TRUNCATE voice_prints.live_streams');
    await database[Symbol.asyncDispose]();
    expect(await one.isHeld(own)).toBe(true);
    expect(await one.write({ ...own, learnt: undefined })).toBe('without learnt');
    expect(await one.write(own)).toBe('kept');
  });

  test('that wait for their clients are deleted when a person of the tenant is erased', async () => {
    const [held, waiting, ofOthers] = [
      stream(),
      stream({ expiresInMs: 20_000 }),
      stream({ expiresInMs: 20_000, tenantId: 'globex' }),
    ];
    for (const each of [held, waiting, ofOthers]) await one.write(each);
    await other.deleteWaiting('acme');
    expect(await other.take(waiting)).toBeUndefined();
    expect(await other.take(held)).toBeDefined();
    expect(await other.take(ofOthers)).toBeDefined();
  });
});
