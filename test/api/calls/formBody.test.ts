import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ReadableStream } from 'node:stream/web';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { ApiKeys } from '../../../src/api/access/apiKeys.js';
import { type RunningServer, serve } from '../../../src/api/serve.js';
import { listeningEngine } from '../../support/scriptedEngine.js';

/** Forms as curl and others send them; the engine only tells what reached it. */
const MAX_BYTES = 20_000;
const { engine, heard } = listeningEngine();
const recording = Buffer.from(Array.from({ length: 9_000 }, (_, i) => (i * 7) % 256));
let server: RunningServer;
let folder: string;
let file: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'voice-prints-form-'));
  file = join(folder, 'talk.wav');
  writeFileSync(file, recording);
  const options = { limits: { maxBodyBytes: MAX_BYTES, bodyTimeoutMs: 1_500 } };
  server = await serve({ engine, keys: ApiKeys.fromPairs('acme:acme-key'), port: 0, options });
});
afterAll(async () => {
  await server?.close();
  rmSync(folder, { recursive: true, force: true });
});
afterEach(() => {
  heard.length = 0;
});

const ENROLL = '/audio/generic/api/v1/sync/diarization/enroll';

/** What curl prints, parsed. */
async function curl(path: string, ...args: string[]) {
  const all = ['-sS', '-w', '\n%{http_code}', '-H', 'x-api-key: acme-key', ...args, `${server.url}${path}`];
  const { stdout } = await promisify(execFile)('curl', all);
  const at = stdout.lastIndexOf('\n');
  return { status: Number(stdout.slice(at + 1)), body: JSON.parse(stdout.slice(0, at)) };
}

/** A body written by hand, for what no client of repute would send. */
async function sent(body: string, contentType = 'multipart/form-data; boundary=x') {
  const headers = { 'x-api-key': 'acme-key', 'content-type': contentType };
  const response = await fetch(`${server.url}/v1/identify`, { method: 'POST', headers, body });
  return { status: response.status, code: (await response.json()).code };
}

const part = (disposition: string, content: string, type = '') =>
  `--x\r\nContent-Disposition: form-data; ${disposition}\r\n${type && `Content-Type: ${type}\r\n`}\r\n${content}\r\n`;

test('curl -F on a drop-in call: a file under any name, fields before and after it', async () => {
  const { status, body } = await curl(
    ENROLL,
    ...['-F', 'speakerId=ann', '-F', `whatever=@${file};type=audio/wav`, '-F', 'name=Ann Ö', '-F', 'encoding='],
  );
  expect([status, body.speaker_id]).toEqual([200, 'ann']);
  expect(heard).toHaveLength(1);
  expect(heard[0]!.bytes.equals(recording)).toBe(true);
  expect(heard[0]!.request).toMatchObject({ tenantId: 'acme', speakerId: 'ann', name: 'Ann Ö' });
});

test('curl -F on the modern calls, with what headerless audio is', async () => {
  const form = ['-F', `audio=@${file}`, '-F', 'speakerIds=ann,bob', '-F', 'falseAcceptPercent=5'];
  const raw = ['-F', 'encoding=pcm', '-F', 'sampleRate=8000'];
  expect((await curl('/v1/identify', ...form, ...raw)).status).toBe(200);
  expect((await curl('/v1/speakers/cy/samples?name=Cy', '-F', `content=@${file}`)).status).toBe(200);
  const [identified, enrolled] = heard;
  expect(identified!.bytes.equals(recording)).toBe(true);
  const source = { rawFormat: { encoding: 's16le', sampleRateHz: 8000, channels: 1 } };
  expect(identified!.request).toMatchObject({ speakerIds: ['ann', 'bob'], falseAcceptPercent: 5, source });
  expect(enrolled!.request).toMatchObject({ speakerId: 'cy', name: 'Cy' });
});

test('a form without a file carries content as text; a part with an audio content type needs no file name', async () => {
  const content = recording.toString('base64');
  expect((await curl('/v1/identify', '-F', `content=${content}`)).status).toBe(200);
  const bare = `${part('name="a"', 'RIFF', 'audio/wav')}--x--\r\n`;
  expect((await sent(bare)).status).toBe(200);
  expect(heard.map(({ bytes }) => bytes.length)).toEqual([recording.length, 4]);
});

test('a list may be one field, with commas, or the same field several times', async () => {
  const audio = part('name="a"; filename="a"', '1');
  const [ann, bob, both] = ['ann', 'bob', 'ann, bob'].map((ids) => part('name="speakerIds"', ids));
  expect((await sent(`${ann}${audio}${bob}--x--\r\n`)).status).toBe(200);
  expect((await sent(`${audio}${both}--x--\r\n`)).status).toBe(200);
  const query = '?speakerIds=ann&speakerIds=bob&maxSpeakers=2';
  const headers = { 'x-api-key': 'acme-key', 'content-type': 'audio/wav' };
  const asBody = await fetch(`${server.url}/v1/identify${query}`, { method: 'POST', headers, body: '1' });
  expect(asBody.status).toBe(200);
  expect(heard.map(({ request }) => request)).toMatchObject(Array(3).fill({ speakerIds: ['ann', 'bob'] }));
});

test.each([
  ['two files', part('name="a"; filename="a"', '1') + part('name="b"; filename="b"', '2')],
  ['neither file nor content', part('name="speakerIds"', 'ann')],
  ['a file and a url', part('name="a"; filename="a"', '1') + part('name="url"', 'https://example.org/a.wav')],
  ['a field twice', part('name="a"; filename="a"', '1') + part('name="name"', 'A') + part('name="name"', 'B')],
  ['too many fields', Array.from({ length: 70 }, (_, i) => part(`name="f${i}"`, '1')).join('')],
  ['a wrong field', part('name="a"; filename="a"', '1') + part('name="falseAcceptPercent"', '7')],
])('%s is refused', async (_name, parts) => {
  expect(await sent(`${parts}--x--\r\n`)).toEqual({ status: 400, code: 'INPUT_INVALID' });
  expect(heard).toEqual([]);
});

test.each([
  ['cut off in the file', part('name="a"; filename="a"', '1').trimEnd(), undefined],
  ['without a boundary in its header', '--x--\r\n', 'multipart/form-data'],
  ['empty', '', undefined],
])('a form %s is refused', async (_name, body, contentType) => {
  expect(await sent(body, contentType)).toEqual({ status: 400, code: 'INPUT_INVALID' });
  expect(heard).toEqual([]);
});

test('other multipart bodies, and forms on calls without audio, are of a kind that is not read', async () => {
  expect(await sent('--x--\r\n', 'multipart/mixed; boundary=x')).toEqual({
    status: 415,
    code: 'BODY_TYPE_UNSUPPORTED',
  });
  const { status, body } = await curl('/audio/generic/api/v1/sync/diarization/delete', '-F', 'speakerId=ann');
  expect([status, body.fault.detail.code]).toEqual([415, 'BODY_TYPE_UNSUPPORTED']);
});

test('a form larger than a body may be is refused, with and without a declared length', async () => {
  const large = join(folder, 'large.wav');
  writeFileSync(large, Buffer.alloc(MAX_BYTES + 1));
  for (const header of ['x-declared: yes', 'transfer-encoding: chunked']) {
    const { status, body } = await curl('/v1/identify', '-H', header, '-F', `audio=@${large}`);
    expect([status, body.code]).toEqual([413, 'BODY_TOO_LARGE']);
  }
  expect(heard).toEqual([]);
});

test('a form that does not arrive whole in time is given up', async () => {
  async function* slow() {
    yield Buffer.from(part('name="a"; filename="a"', '1').trimEnd());
    await new Promise((resolve) => setTimeout(resolve, 20_000).unref());
  }
  const init = { method: 'POST', body: ReadableStream.from(slow()) as BodyInit, duplex: 'half' } as const;
  const headers = { 'x-api-key': 'acme-key', 'content-type': 'multipart/form-data; boundary=x' };
  const response = await fetch(`${server.url}/v1/identify`, { ...init, headers });
  expect([response.status, (await response.json()).code]).toEqual([408, 'BODY_TIMEOUT']);
});
