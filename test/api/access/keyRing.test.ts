import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { ApiKeys } from '../../../src/api/access/apiKeys.js';
import { KeyRing } from '../../../src/api/access/keyRing.js';
import { readAuditLog } from '../../../src/index.js';

const folder = mkdtempSync(join(tmpdir(), 'voice-prints-keys-'));
const store = join(folder, 'store');
const path = join(store, 'api-keys.json');
afterEach(() => rmSync(store, { recursive: true, force: true }));

const key = { tenantId: 'home', scopes: ['admin'] } as const;
const callerOf = (ring: KeyRing, text: string) => new ApiKeys(() => ring.current()).callerOf(text);

test('a key is known by what it may do, and what is kept holds nothing of it', async () => {
  using ring = await KeyRing.open(store);
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
  using ring = await KeyRing.open(store, { nowMs: () => nowMs });
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

test('what was revoked, or has ended, stays so when the clock is set back, for those who read it later too', async () => {
  let nowMs = Date.UTC(2026, 0, 2);
  using ring = await KeyRing.open(store, { nowMs: () => nowMs });
  const revoked = await ring.create({ tenantId: 'home', scopes: ['identify'] });
  const old = await ring.create({ tenantId: 'home', scopes: ['identify'] });
  await ring.revoke(revoked.record.keyId);
  const successor = await ring.rotate(old.record.keyId, 3_600_000);
  nowMs += 3_600_001;
  expect(callerOf(ring, old.key)).toBeUndefined();
  nowMs -= 86_400_000;
  expect([revoked.key, old.key].map((key) => callerOf(ring, key))).toEqual([undefined, undefined]);
  await ring.limit('home', {}); // any change writes what has ended
  using later = await KeyRing.open(store, { nowMs: () => nowMs });
  expect([revoked.key, old.key].map((key) => callerOf(later, key))).toEqual([undefined, undefined]);
  expect(callerOf(later, successor.key)).toMatchObject({ tenantId: 'home', ownerId: old.record.keyId });
});

test('a server follows what another process changes', async () => {
  using other = await KeyRing.open(store);
  await other.create({ tenantId: 'home', scopes: ['admin'] });
  using served = await KeyRing.open(store);
  const onChange = vi.fn();
  served.follow({
    onChange,
    onFailure: (error) => {
      throw error;
    },
  });
  const { record, key } = await other.create({ tenantId: 'shop', scopes: ['admin'] });
  await other.limit('shop', { callsPerMinute: 5 });
  await vi.waitFor(() => expect(served.limitsOf('shop')).toEqual({ callsPerMinute: 5 }), { timeout: 60_000 });
  expect(callerOf(served, key)?.tenantId).toBe('shop');
  expect(onChange).toHaveBeenCalled();
  await other.revoke(record.keyId);
  await vi.waitFor(() => expect(callerOf(served, key)).toBeUndefined(), { timeout: 60_000 });
});

test.each(['no JSON', '{"version":2,"keys":[]}', '{"version":1,"keys":[{"keyId":"a"}]}'])(
  'a file that says %s is CONFIG_INVALID and stays as it is',
  async (content) => {
    mkdirSync(store);
    writeFileSync(path, content);
    await expect(KeyRing.open(store)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await expect(new KeyRing(store).create(key)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    expect(readFileSync(path, 'utf8')).toBe(content);
  },
);

test('what could not be read again is never written', async () => {
  using ring = await KeyRing.open(store);
  const invalid = { code: 'CONFIG_INVALID' };
  await expect(ring.create({ ...key, tenantId: '../x' })).rejects.toMatchObject(invalid);
  await expect(ring.create({ ...key, label: 'x'.repeat(201) })).rejects.toMatchObject(invalid);
  await expect(ring.limit('../x', { callsPerMinute: 1 })).rejects.toMatchObject(invalid);
  expect(existsSync(path)).toBe(false);
});

test('changes by several at once are all kept', async () => {
  const rings = [1, 2, 3].map(() => new KeyRing(store));
  const made = await Promise.all(rings.flatMap((ring) => [ring.create(key), ring.create(key), ring.create(key)]));
  await Promise.all(made.slice(0, 5).map(({ record }, i) => rings[i % 3]!.revoke(record.keyId)));
  using ring = await KeyRing.open(store);
  expect(made.map((one) => callerOf(ring, one.key) !== undefined)).toEqual(made.map((_, i) => i >= 5));
});

test('every change is noted with who made it, and nothing of the key', async () => {
  using ring = await KeyRing.open(store, { actor: 'somebody', nowMs: () => Date.UTC(2026, 0, 1) });
  const first = await ring.create({ ...key, label: 'of Anna' });
  const second = await ring.rotate(first.record.keyId, 0);
  await ring.revoke(second.record.keyId);
  await ring.limit('home', { callsPerMinute: 5 });
  const entries = [];
  for await (const entry of readAuditLog(store)) entries.push(entry);
  const who = { time: '2026-01-01T00:00:00.000Z', tenantId: 'home', actor: 'somebody', speakerId: null };
  expect(entries).toEqual([
    { ...who, action: 'create key', keyId: first.record.keyId, outcome: 'done' },
    { ...who, action: 'rotate key', keyId: first.record.keyId, outcome: 'done' },
    { ...who, action: 'revoke key', keyId: second.record.keyId, outcome: 'done' },
    { ...who, action: 'limit tenant', outcome: 'done' },
  ]);
});

test('a key that was revoked or has ended has no successor', async () => {
  let nowMs = Date.UTC(2026, 0, 1);
  using ring = await KeyRing.open(store, { nowMs: () => nowMs });
  const revoked = await ring.create(key);
  await ring.revoke(revoked.record.keyId);
  await expect(ring.rotate(revoked.record.keyId, 0)).rejects.toMatchObject({ code: 'KEY_NOT_FOUND' });
  const old = await ring.create(key);
  const successor = await ring.rotate(old.record.keyId, 3_600_000);
  nowMs += 3_600_000;
  await expect(ring.rotate(old.record.keyId, 0)).rejects.toMatchObject({ code: 'KEY_NOT_FOUND' });
  nowMs -= 7_200_000; // a clock that is set back changes nothing
  await expect(ring.rotate(old.record.keyId, 0)).rejects.toMatchObject({ code: 'KEY_NOT_FOUND' });
  expect(ring.list()).toHaveLength(3);
  expect(callerOf(ring, successor.key)).toBeDefined();
});
