import { afterEach, describe, expect, test, vi } from 'vitest';
import { ApiKeys } from '../../../src/api/access/apiKeys.js';
import { KeyRing } from '../../../src/api/access/keyRing.js';
import { CERTAIN_MS } from '../../../src/api/access/postgres/postgresRing.js';
import { freshDatabase, whyNoPostgres } from '../../support/postgres.js';
import { temporaryFolder } from '../../support/temporaryFolder.js';

afterEach(() => vi.restoreAllMocks());

describe.skipIf(whyNoPostgres)('keys in a database that is gone', () => {
  test('count for some minutes, and then none does, without being called wrong', async () => {
    const database = await freshDatabase();
    await using ring = await KeyRing.open({ storeDirectory: await temporaryFolder(), databaseUrl: database.url });
    ring.follow({ onFailure: () => undefined });
    const { key, record } = await ring.create({ tenantId: 'home', scopes: ['admin'] });
    const keys = new ApiKeys(
      () => ring.current(),
      () => ring.assertCertain(),
    );
    await database[Symbol.asyncDispose]();
    expect(keys.callerOf(key)?.tenantId).toBe('home');
    expect(keys.callerOf('another')).toBeUndefined();
    const nowMs = performance.now();
    vi.spyOn(performance, 'now').mockReturnValue(nowMs + CERTAIN_MS - 5_000);
    expect(keys.callerOf(key)?.tenantId).toBe('home');
    vi.spyOn(performance, 'now').mockReturnValue(nowMs + CERTAIN_MS + 1);
    const unavailable = expect.objectContaining({ code: 'REGISTRY_UNAVAILABLE' });
    expect(() => keys.callerOf(key)).toThrow(unavailable);
    expect(() => keys.isHeld(record.keyId)).toThrow(unavailable);
  });
});
