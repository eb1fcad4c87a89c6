import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { LowdbUnknownVoices, type LowdbUnknownVoicesOptions } from '../../src/registry/lowdbUnknownVoices.js';
import { allBytes, temporaryFolder } from '../support/temporaryFolder.js';
import { randomUnknownVoice } from './randomUnknownVoice.js';

const KEY = 'eight or more';
const open = (folder: string, options: Partial<LowdbUnknownVoicesOptions> = {}) =>
  LowdbUnknownVoices.open(folder, { keepMs: 1_000, mostVoices: 10, nowMs: () => 0, ...options });

async function folderWithOne(options: Partial<LowdbUnknownVoicesOptions> = {}) {
  const folder = await temporaryFolder();
  await using voices = await open(folder, options);
  const voice = randomUnknownVoice({ id: await voices.newId('tenant-of-somebody') });
  await voices.put('tenant-of-somebody', voice);
  return { folder, trace: base64Of(voice.exemplars[0]!.embedding.values), tenantId: 'tenant-of-somebody', voice };
}

const base64Of = (values: Float32Array) => Buffer.from(values.buffer).toString('base64');

test('putting is cheap: nothing is written until it is time, then all in one', async () => {
  const folder = await temporaryFolder();
  await using voices = await open(folder, { writeEveryMs: 3_600_000 });
  const voice = randomUnknownVoice({ id: await voices.newId('t') });
  const empty = await allBytes(folder);
  for (let i = 1; i <= 20; i += 1) await voices.put('t', { ...voice, speechMs: i });
  expect(await allBytes(folder)).toEqual(empty);
  await voices.flush();
  await using other = await open(folder);
  expect((await other.list('t'))[0]?.speechMs).toBe(20);
});

test('a put voice is written in the background', async () => {
  const folder = await temporaryFolder();
  await using voices = await open(folder, { writeEveryMs: 10 });
  await voices.put('t', randomUnknownVoice({ id: await voices.newId('t') }));
  await using other = await open(folder);
  await expect.poll(async () => (await other.list('t')).length).toBe(1);
});

test('erasing leaves no byte of a voice in any file', async () => {
  const { folder, trace, tenantId, voice } = await folderWithOne();
  expect((await allBytes(folder)).includes(trace)).toBe(true);
  await using voices = await open(folder);
  expect(await voices.delete(tenantId, voice.id)).toBe(true);
  expect((await allBytes(folder)).includes(trace)).toBe(false);
  expect(await readdir(folder)).toEqual(['unknown-voices.json']);
});

test('with a key nothing can be read, and another key is refused', async () => {
  const { folder, trace } = await folderWithOne({ encryptionKey: KEY });
  const bytes = await allBytes(folder);
  expect(bytes.includes(trace)).toBe(false);
  expect(bytes.includes('tenant-of-somebody')).toBe(false);
  await expect(open(folder, { encryptionKey: 'another key' })).rejects.toMatchObject({ code: 'REGISTRY_KEY_WRONG' });
  await expect(open(folder)).rejects.toMatchObject({ code: 'REGISTRY_KEY_MISSING' });
});

test('a plain file given a key is encrypted on opening', async () => {
  const { folder, trace, tenantId, voice } = await folderWithOne();
  await using voices = await open(folder, { encryptionKey: KEY });
  expect((await allBytes(folder)).includes(trace)).toBe(false);
  expect(await voices.list(tenantId)).toEqual([{ ...voice, expiresAtMs: 1_000 }]);
});

test('kept for no time, nothing is written, and what was kept before is erased on opening', async () => {
  const { folder, trace, tenantId, voice } = await folderWithOne();
  await using voices = await open(folder, { keepMs: 0 });
  expect((await allBytes(folder)).includes(trace)).toBe(false);
  expect(await voices.put(tenantId, { ...voice, id: await voices.newId(tenantId) })).toBe(true);
  await voices.flush();
  expect(await voices.list(tenantId)).toEqual([]);
  expect((await allBytes(folder)).includes(base64Of(voice.exemplars[0]!.embedding.values))).toBe(false);
});

test('a failed write is reported to the next caller, and nothing is lost', async () => {
  const folder = await temporaryFolder();
  await using voices = await open(folder, { writeEveryMs: 1, lockWaitMs: 1 });
  const voice = randomUnknownVoice({ id: await voices.newId('t') });
  const lock = join(folder, '.unknown-voices.lock');
  await writeFile(lock, JSON.stringify({ pid: process.ppid, host: 'another-machine', processStart: '', token: 'x' }));
  await voices.put('t', voice);
  await expect
    .poll(() => voices.put('t', voice).then(String, (error: { code: string }) => error.code))
    .toBe('REGISTRY_LOCKED');
  await rm(lock);
  // A write that waits for the lock already may still be refused.
  await expect.poll(() => voices.flush().then(() => 'written', String)).toBe('written');
  await using other = await open(folder);
  expect(await other.list('t')).toEqual([{ ...voice, expiresAtMs: 1_000 }]);
});

test.each([
  { name: 'cut off', text: '{"format":"voice-prints-unknown-voices","version":1,"voi', code: 'REGISTRY_CORRUPT' },
  { name: 'a store of voiceprints', text: '{"format":"voice-prints-store","version":1}', code: 'REGISTRY_CORRUPT' },
  { name: 'newer', text: '{"format":"voice-prints-unknown-voices","version":9}', code: 'REGISTRY_VERSION_NEWER' },
])('a file that is $name is reported and left as it is', async ({ text, code }) => {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'unknown-voices.json'), text);
  await expect(open(folder)).rejects.toMatchObject({ code });
  expect(String(await allBytes(folder))).toBe(text);
});
