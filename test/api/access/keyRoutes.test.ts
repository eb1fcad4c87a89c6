import { afterEach, beforeEach, expect, test } from 'vitest';
import { KeyRing } from '../../../src/api/access/keyRing.js';
import { ringCheck } from '../../../src/api/access/ringCheck.js';
import { type RunningServer, serve } from '../../../src/api/serve.js';
import { scriptedEngine } from '../../support/scriptedEngine.js';
import { allBytes, temporaryFolder } from '../../support/temporaryFolder.js';

/** Keys over REST: an admin manages the keys of the own tenant, and nobody else's. */
let folder: string;
let ring: KeyRing;
let server: RunningServer;
let admin: string;
let foreignId: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  ring = await KeyRing.open({ storeDirectory: folder });
  admin = (await ring.create({ tenantId: 'acme', scopes: ['admin'], label: 'office' })).key;
  foreignId = (await ring.create({ tenantId: 'globex', scopes: ['identify'] })).record.keyId;
  server = await serve({ engine: scriptedEngine({}), ...ringCheck({ ring, given: [] }), port: 0, graceMs: 100 });
});
afterEach(() => server.close());

async function call(method: string, path: string, key: string, body?: unknown) {
  const response = await fetch(`${server.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
}

test('a key is created, works, is listed without itself, and ends when it is revoked', async () => {
  const made = await call('POST', '/v1/keys', admin, { label: 'door', scopes: ['identify'] });
  expect(made.status).toBe(201);
  const { key, record } = made.body;
  expect((await call('GET', '/v1/usage', key)).body).toMatchObject({ callsThisMinute: 1, callsPerMinute: null });
  const listed = await call('GET', '/v1/keys', admin);
  expect(listed.body.keys.map(({ label, isOwn }: { label: string; isOwn: boolean }) => [label, isOwn])).toEqual([
    ['office', true],
    ['door', false],
  ]);
  expect(JSON.stringify(listed.body)).not.toContain(key);
  expect((await call('DELETE', `/v1/keys/${record.keyId}`, admin)).status).toBe(204);
  expect((await call('GET', '/v1/usage', key)).status).toBe(401);
  const noted = (await allBytes(folder)).toString('utf8');
  expect(noted).toMatch(/"actor":"key:key-[0-9a-f]{8}","action":"revoke key"/);
});

test('the keys of other tenants are neither seen nor revoked, and only admins may', async () => {
  const listed = await call('GET', '/v1/keys', admin);
  expect(JSON.stringify(listed.body)).not.toContain(foreignId);
  const revoked = await call('DELETE', `/v1/keys/${foreignId}`, admin);
  expect([revoked.status, revoked.body.code]).toEqual([404, 'KEY_NOT_FOUND']);
  const { body } = await call('POST', '/v1/keys', admin, { scopes: ['enrol', 'identify'] });
  for (const [method, path] of [
    ['GET', '/v1/keys'],
    ['POST', '/v1/keys'],
    ['DELETE', '/v1/keys/x'],
  ]) {
    expect((await call(method!, path!, body.key)).status).toBe(403);
  }
  expect((await call('GET', '/v1/usage', body.key)).status).toBe(200);
});

test.each([{ scopes: [] }, { scopes: ['owner'] }, { scopes: ['identify'], label: 'x'.repeat(201) }, {}])(
  'what is no key is refused: %j',
  async (body) => {
    expect((await call('POST', '/v1/keys', admin, body)).status).toBe(400);
  },
);
