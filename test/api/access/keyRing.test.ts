import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { KeyRing } from '../../../src/api/access/keyRing.js';
import { readAuditLog } from '../../../src/index.js';

const folder = mkdtempSync(join(tmpdir(), 'voice-prints-keys-'));
const store = join(folder, 'store');
const path = join(store, 'api-keys.json');
afterEach(() => rmSync(store, { recursive: true, force: true }));

const key = { tenantId: 'home', scopes: ['admin'] } as const;

test.each(['no JSON', '{"version":2,"keys":[]}', '{"version":1,"keys":[{"keyId":"a"}]}'])(
  'a file that says %s is CONFIG_INVALID and stays as it is',
  async (content) => {
    mkdirSync(store);
    writeFileSync(path, content);
    await expect(KeyRing.open({ storeDirectory: store })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await expect(new KeyRing({ storeDirectory: store }).create(key)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    expect(readFileSync(path, 'utf8')).toBe(content);
  },
);

test('the file is for its owner alone, and not made in vain', async () => {
  await using ring = await KeyRing.open({ storeDirectory: store });
  const invalid = { code: 'CONFIG_INVALID' };
  await expect(ring.create({ ...key, tenantId: '../x' })).rejects.toMatchObject(invalid);
  await expect(ring.create({ ...key, label: 'x'.repeat(201) })).rejects.toMatchObject(invalid);
  await expect(ring.limit('../x', { callsPerMinute: 1 })).rejects.toMatchObject(invalid);
  expect(existsSync(path)).toBe(false);
  await ring.create(key);
  expect(statSync(path).mode & 0o077).toBe(0);
});

test('every change is noted with who made it, and nothing of the key', async () => {
  await using ring = await KeyRing.open(
    { storeDirectory: store },
    { actor: 'somebody', nowMs: () => Date.UTC(2026, 0, 1) },
  );
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
