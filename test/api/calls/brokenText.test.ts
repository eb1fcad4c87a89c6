import { afterEach, expect, test } from 'vitest';
import { type AsyncServer, asyncServer } from '../../support/asyncServer.js';
import { scriptedEngine } from '../../support/scriptedEngine.js';
import { temporaryFolder } from '../../support/temporaryFolder.js';

let server: AsyncServer | undefined;
afterEach(async () => {
  await server?.[Symbol.asyncDispose]();
  server = undefined;
});

const BROKEN = ['a\0b', 'a\udfff', '\ud800b'];
const CALLS = [
  { method: 'POST', path: '/v1/jobs', field: 'requestId', body: { content: 'AAAA' } },
  { method: 'POST', path: '/v1/keys', field: 'label', body: { scopes: ['identify'] } },
  { method: 'POST', path: '/v1/feedback', field: 'turnId', body: { verdict: 'confirm' } },
  { method: 'PATCH', path: '/v1/speakers/alice', field: 'name', body: {} },
];

test.each(CALLS)(
  '$method $path refuses $field with a NUL or half of a surrogate pair',
  async ({ method, path, field, body }) => {
    server = await asyncServer(scriptedEngine({ storeDirectory: await temporaryFolder() }), {});
    for (const text of BROKEN) {
      const answer = await server.call(method, path, { ...body, [field]: text });
      expect([answer.status, answer.body.code], JSON.stringify(text)).toEqual([400, 'INPUT_INVALID']);
      expect(answer.body.detail).toContain(field);
    }
  },
);
