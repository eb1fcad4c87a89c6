import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { brotliCompress, deflate, gzip } from 'node:zlib';
import { afterEach, expect, test } from 'vitest';
import { ApiKeys } from '../../../src/api/access/apiKeys.js';
import { assertFewValues } from '../../../src/api/calls/jsonShape.js';
import { type RunningServer, serve } from '../../../src/api/serve.js';
import { listeningEngine } from '../../support/scriptedEngine.js';

let server: RunningServer;
afterEach(() => server?.close());

/** Of a body, in this file. */
const MOST = 8 * 2 ** 20;
const { engine, heard } = listeningEngine();
async function identify(body: Buffer, headers: Record<string, string> = {}) {
  const options = { limits: { maxBodyBytes: MOST } };
  server = await serve({ engine, keys: ApiKeys.fromPairs('acme:right'), port: 0, options });
  heard.length = 0;
  const response = await fetch(`${server.url}/v1/identify`, {
    method: 'POST',
    headers: { 'x-api-key': 'right', 'content-type': 'application/json', ...headers },
    body: body as BodyInit,
  });
  return { status: response.status, body: (await response.json()) as { code?: string; detail?: string } };
}

const MANY = 1_000_000;
test.each([
  { name: 'empty lists', body: `[${'[],'.repeat(MANY)}[]]` },
  { name: 'opening brackets', body: '['.repeat(MANY) },
  { name: 'numbers', body: `{"content":[${'1,'.repeat(MANY)}1]}` },
  { name: 'short texts', body: `{"speakerIds":[${'"a",'.repeat(MANY)}"a"]}` },
  { name: 'fields', body: `{${'"a":1,'.repeat(MANY)}"b":2}` },
  { name: 'quotes inside a text', body: `{"content":"${'\\"'.repeat(MANY)}"}` },
  { name: 'blanks', body: `${' '.repeat(MANY)}{}` },
])('millions of $name are refused by their shape', async ({ body }) => {
  expect(() => assertFewValues(Buffer.from(body))).toThrowError(expect.objectContaining({ code: 'INPUT_INVALID' }));
  const answer = await identify(Buffer.from(body));
  expect([answer.status, answer.body.code, answer.body.detail]).toEqual([
    400,
    'INPUT_INVALID',
    expect.stringContaining('more values than any call takes'),
  ]);
});

test.each([
  { name: 'a long text', body: { content: 'A'.repeat(6_000_000) } },
  { name: 'backslashes and quotes', body: { content: 'QUFB', languageCode: 'a\\"b\\' } },
  {
    name: 'a thousand people',
    body: { content: 'QUFB', speakerIds: Array.from({ length: 1_000 }, (_, i) => `p${i}`) },
  },
])('$name: as calls have it', async ({ body }) => {
  expect(() => assertFewValues(Buffer.from(JSON.stringify(body)))).not.toThrow();
  expect((await identify(Buffer.from(JSON.stringify(body, null, 2)))).status).toBe(200);
});

test.each(['application/x-www-form-urlencoded', 'text/plain', ''])(
  'audio sent as "%s", as curl does it without being told, is refused with the content type to give',
  async (contentType) => {
    const audio = Buffer.concat([Buffer.from('OggS'), randomBytes(400_000)]);
    const { status, body } = await identify(audio, { 'content-type': contentType });
    expect([status, body.code]).toEqual([400, 'INPUT_INVALID']);
    expect(body.detail).toContain('audio with its content type, such as audio/wav');
  },
);

test('a byte order mark is no part of the JSON; a long form is no JSON, rather than JSON of many values', async () => {
  expect((await identify(Buffer.from('\ufeff{"content":"QUFB"}'))).status).toBe(200);
  const form = await identify(Buffer.from(`content=${'QUFB%0A'.repeat(20_000)}`));
  expect([form.status, form.body.detail]).toEqual([400, expect.stringContaining('the body is not JSON')]);
});

test('a call without audio says every way to give it', async () => {
  const { body } = await identify(Buffer.from('{}'));
  for (const way of ['content (base64)', 'url', 'form', 'body']) expect(body.detail).toContain(way);
});

test('text that ends in the middle is for the parser to refuse', async () => {
  for (const body of ['{"content":"AAA', '{"content":"AAA\\', '"', ''])
    expect(() => assertFewValues(Buffer.from(body))).not.toThrow();
  expect((await identify(Buffer.from('{"content":"AAA'))).body.detail).toContain('not JSON');
});

test.each([
  { encoding: 'gzip', pack: promisify(gzip) },
  { encoding: 'deflate', pack: promisify(deflate) },
  { encoding: 'br', pack: promisify(brotliCompress) },
])('a body packed with $encoding is unpacked, and no further than a body may be', async ({ encoding, pack }) => {
  const packed = (await pack(Buffer.from('{"content":"QUFB"}'))) as Buffer;
  expect((await identify(packed, { 'content-encoding': encoding })).status).toBe(200);
  expect(heard.map(({ bytes }) => bytes.toString())).toEqual(['AAA']);
  await server.close();
  const bomb = (await pack(Buffer.alloc(2 * MOST))) as Buffer;
  expect((await identify(bomb, { 'content-encoding': encoding })).body.code).toBe('BODY_TOO_LARGE');
});
