import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ApiKeys } from '../../../src/api/access/apiKeys.js';
import { type RunningServer, serve } from '../../../src/api/serve.js';
import { createEngine, type Engine } from '../../../src/index.js';
import { LowdbRegistry } from '../../../src/registry/lowdbRegistry.js';
import { ran } from '../../cli/program.js';
import { randomVoiceprint } from '../../registry/randomVoiceprint.js';

const folder = mkdtempSync(join(tmpdir(), 'voice-prints-pages-'));
let engine: Engine;
let server: RunningServer;

beforeAll(async () => {
  {
    await using registry = await LowdbRegistry.open(folder);
    for (const tenantId of ['acme', 'local']) {
      const people = ['e', 'c', 'a', 'd', 'b'].map((id) => randomVoiceprint({ id, tenantId }));
      await registry.putAll(tenantId, people, { replace: false });
    }
  }
  engine = await createEngine({ storeDirectory: folder });
  server = await serve({ engine, keys: ApiKeys.fromPairs('acme:key'), port: 0 });
});
afterAll(async () => {
  await server.close();
  await engine[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const get = async (query: string) => {
  const response = await fetch(`${server.url}/v1/speakers${query}`, { headers: { authorization: 'Bearer key' } });
  const { speakers, cursor, code } = (await response.json()) as {
    speakers?: { speakerId: string }[];
    cursor?: string | null;
    code?: string;
  };
  return { status: response.status, ids: speakers?.map(({ speakerId }) => speakerId).join(''), cursor, code };
};

test('GET /v1/speakers by pages', async () => {
  expect(await get('')).toMatchObject({ status: 200, ids: 'abcde', cursor: null });
  expect(await get('?limit=2')).toMatchObject({ status: 200, ids: 'ab', cursor: 'b' });
  expect(await get('?limit=2&cursor=b')).toMatchObject({ status: 200, ids: 'cd', cursor: 'd' });
  expect(await get('?limit=2&cursor=d')).toMatchObject({ status: 200, ids: 'e', cursor: null });
  expect(await get('?cursor=c')).toMatchObject({ status: 200, ids: 'de', cursor: null });
});

test.each([
  '?limit=0',
  '?limit=1001',
  '?limit=many',
  '?limit=1.5',
  '?limit=2&cursor=../b',
  `?cursor=${'a'.repeat(200)}`,
])('a page that cannot be is refused: %s', async (query) => {
  expect((await get(query)).status).toBe(400);
});

test.each([
  { query: '?limt=2', says: 'did you mean limit' },
  { query: '?curser=b&limit=2', says: 'did you mean cursor' },
  { query: '?colour=red', says: 'known are' },
])('a query parameter that is not known is refused, with the one that is near: $query', async ({ query, says }) => {
  const response = await fetch(`${server.url}/v1/speakers${query}`, { headers: { authorization: 'Bearer key' } });
  const { code, detail } = (await response.json()) as { code: string; detail: string };
  expect([response.status, code]).toEqual([400, 'INPUT_INVALID']);
  expect(detail).toContain(says);
  expect(detail).not.toMatch(/limt|curser|colour/);
});

test.each([
  { path: '/v1/identify?falseAcceptPercnt=1', says: 'did you mean falseAcceptPercent' },
  { path: '/v1/speakers/a/samples?conversatonId=x', says: 'a query parameter is not known' },
])('so do calls with audio, before it is read: $path', async ({ path, says }) => {
  const headers = { authorization: 'Bearer key', 'content-type': 'audio/wav' };
  const response = await fetch(server.url + path, { method: 'POST', headers, body: 'RIFF' });
  expect(response.status).toBe(400);
  expect(JSON.stringify(await response.json())).toContain(says);
});

test('speakers list by pages', async () => {
  const page = await ran(['speakers', 'list', '--store', folder, '--limit', '2', '--after', 'a', '--json']);
  expect(JSON.parse(page.stdout).map(({ speakerId }: { speakerId: string }) => speakerId)).toEqual(['b', 'c']);
  const said = await ran(['speakers', 'list', '--store', folder, '--limit', '2']);
  expect(said.stderr).toContain('--after b');
  expect((await ran(['speakers', 'list', '--store', folder, '--limit', '0'])).exitCode).toBe(2);
});
