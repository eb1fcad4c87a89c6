import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { ApiKeys } from '../../src/api/apiKeys.js';
import { KeyRing } from '../../src/api/keys/keyRing.js';

const folder = mkdtempSync(join(tmpdir(), 'voice-prints-keys-'));
const path = join(folder, 'store', 'api-keys.json');
afterEach(() => rmSync(join(folder, 'store'), { recursive: true, force: true }));

const callerOf = (ring: KeyRing, key: string) => new ApiKeys(() => ring.current()).callerOf(key);

test('a key is known by what it may do, and what is kept holds nothing of it', async () => {
  using ring = await KeyRing.open(path);
  const { record, key } = await ring.create({ tenantId: 'home', scopes: ['identify'], label: 'door' });
  expect(callerOf(ring, key)).toMatchObject({ tenantId: 'home', keyId: record.keyId, scopes: ['identify'] });
  expect(callerOf(ring, `${key}x`)).toBeUndefined();
  expect(ring.list()).toEqual([record]);
  expect(record).toMatchObject({ label: 'door', keyId: expect.stringMatching(/^key-[0-9a-f]{8}$/) });
  expect(readFileSync(path, 'utf8')).not.toContain(key);
  expect(statSync(path).mode & 0o077).toBe(0);
});

test('a rotated key holds for its grace, a revoked one not at all', async () => {
  let nowMs = Date.UTC(2026, 0, 1);
  using ring = await KeyRing.open(path, () => nowMs);
  const first = await ring.create({ tenantId: 'home', scopes: ['enrol', 'identify'], label: 'x' });
  const second = await ring.rotate(first.record.keyId, 3_600_000);
  expect(second.record).toMatchObject({ tenantId: 'home', scopes: ['enrol', 'identify'], label: 'x' });
  expect([first.key, second.key].map((key) => callerOf(ring, key)?.tenantId)).toEqual(['home', 'home']);
  nowMs += 3_600_001;
  expect([first.key, second.key].map((key) => callerOf(ring, key)?.tenantId)).toEqual([undefined, 'home']);
  await ring.revoke(second.record.keyId);
  expect(callerOf(ring, second.key)).toBeUndefined();
  expect(ring.list().map(({ endsAt }) => endsAt)).toEqual(['2026-01-01T01:00:00.000Z', '2026-01-01T01:00:00.001Z']);
  await expect(ring.revoke('key-00000000')).rejects.toMatchObject({ code: 'KEY_NOT_FOUND' });
});

test('a server follows what another process changes', async () => {
  using other = await KeyRing.open(path);
  await other.create({ tenantId: 'home', scopes: ['admin'] });
  using served = await KeyRing.open(path);
  served.follow((error) => {
    throw error;
  });
  const { record, key } = await other.create({ tenantId: 'shop', scopes: ['admin'] });
  await other.limit('shop', { callsPerMinute: 5 });
  await vi.waitFor(() => expect(served.limitsOf('shop')).toEqual({ callsPerMinute: 5 }), { timeout: 30_000 });
  expect(callerOf(served, key)?.tenantId).toBe('shop');
  await other.revoke(record.keyId);
  await vi.waitFor(() => expect(callerOf(served, key)).toBeUndefined(), { timeout: 30_000 });
});

test.each(['no JSON', '{"version":2,"keys":[]}', '{"version":1,"keys":[{"keyId":"a"}]}'])(
  'a file that says %s is CONFIG_INVALID and stays as it is',
  async (content) => {
    const odd = join(folder, 'odd.json');
    writeFileSync(odd, content);
    await expect(KeyRing.open(odd)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    expect(readFileSync(odd, 'utf8')).toBe(content);
  },
);

test('a tenant of other letters is refused', async () => {
  using ring = await KeyRing.open(path);
  await expect(ring.create({ tenantId: '../x', scopes: ['admin'] })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
});
