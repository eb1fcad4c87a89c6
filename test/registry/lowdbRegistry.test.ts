import { chmod, cp, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { LowdbRegistry } from '../../src/registry/lowdbRegistry.js';
import { allBytes, temporaryFolder } from '../support/temporaryFolder.js';
import { randomVoiceprint } from './randomVoiceprint.js';

const KEY = 'eight or more';
const headOf = (folder: string) => join(folder, 'voiceprints.json');
const shardOf = (folder: string) => join(folder, 'voiceprints', 't', 'r.json');

async function storeWith(folder: string, id: string, name: string, encryptionKey?: string): Promise<void> {
  await using registry = await LowdbRegistry.open(folder, { encryptionKey });
  await registry.update('t', id, () => randomVoiceprint({ id, name }));
}

test('the folder and the file are their owner’s alone', async () => {
  const folder = join(await temporaryFolder(), 'made', 'here');
  await storeWith(folder, 'anna', 'Anna');
  expect((await stat(folder)).mode & 0o777).toBe(0o700);
  expect((await stat(headOf(folder))).mode & 0o777).toBe(0o600);
  expect((await stat(join(folder, 'voiceprints'))).mode & 0o777).toBe(0o700);
  expect((await stat(shardOf(folder))).mode & 0o777).toBe(0o600);
});

test('deleting erases every byte of a person from every file', async () => {
  const folder = await temporaryFolder();
  await using registry = await LowdbRegistry.open(folder);
  const anna = randomVoiceprint({ id: 'anna', name: 'Anna Nirgendwo' });
  await registry.update('t', 'anna', () => anna);
  await registry.update('t', 'ben', () => randomVoiceprint({ id: 'ben', name: 'Ben' }));
  // What a writer killed in the middle would have left: a whole copy.
  await writeFile(join(folder, '.voiceprints.json.tmp-123.abc'), await readFile(shardOf(folder)));
  const values = anna.exemplars[0]!.embedding.values;
  const traces = [
    Buffer.from('Anna Nirgendwo'),
    Buffer.from(Buffer.from(values.buffer).toString('base64')),
    Buffer.from(values.buffer),
  ];
  expect((await allBytes(folder)).includes(traces[0]!)).toBe(true);
  expect((await allBytes(folder)).includes(traces[1]!)).toBe(true);
  expect(await registry.delete('t', 'anna')).toBe(true);
  const left = await allBytes(folder);
  expect(traces.map((trace) => left.includes(trace))).toEqual([false, false, false]);
  expect(left.includes(Buffer.from('"anna"'))).toBe(false);
  expect((await readdir(folder)).sort()).toEqual(['voiceprints', 'voiceprints.json']);
  expect((await registry.list('t')).map(({ id }) => id)).toEqual(['ben']);
});

test('an encrypted store shows nothing of anybody', async () => {
  const folder = await temporaryFolder();
  await storeWith(folder, 'anna', 'Anna Nirgendwo', KEY);
  const bytes = await allBytes(folder);
  expect(bytes.includes('Anna')).toBe(false);
  expect(bytes.includes('anna')).toBe(false);
  expect(bytes.includes('aes-256-gcm')).toBe(true);
});

test('a plain store given a key is encrypted at once, and no plain copy stays', async () => {
  const folder = await temporaryFolder();
  await storeWith(folder, 'anna', 'Anna Nirgendwo');
  await using registry = await LowdbRegistry.open(folder, { encryptionKey: KEY });
  expect((await allBytes(folder)).includes('Anna Nirgendwo')).toBe(false);
  expect((await registry.get('t', 'anna'))?.name).toBe('Anna Nirgendwo');
  await registry.update('t', 'ben', () => randomVoiceprint({ id: 'ben' }));
  expect((await registry.list('t')).map(({ id }) => id)).toEqual(['anna', 'ben']);
  await expect(LowdbRegistry.open(folder)).rejects.toMatchObject({ code: 'REGISTRY_KEY_MISSING' });
});

test('a registry without key that is open while another encrypts the store refuses to write', async () => {
  const folder = await temporaryFolder();
  await storeWith(folder, 'anna', 'Anna');
  await using plain = await LowdbRegistry.open(folder);
  await storeWith(folder, 'ben', 'Ben', KEY);
  const put = plain.update('t', 'carla', () => randomVoiceprint({ id: 'carla' }));
  await expect(put).rejects.toMatchObject({ code: 'REGISTRY_KEY_MISSING' });
  await using sealed = await LowdbRegistry.open(folder, { encryptionKey: KEY });
  expect((await sealed.list('t')).map(({ id }) => id)).toEqual(['anna', 'ben']);
});

test('the wrong key is refused and changes nothing', async () => {
  const folder = await temporaryFolder();
  await storeWith(folder, 'anna', 'Anna', KEY);
  const before = await allBytes(folder);
  await expect(LowdbRegistry.open(folder, { encryptionKey: 'another key' })).rejects.toMatchObject({
    code: 'REGISTRY_KEY_WRONG',
  });
  expect(await allBytes(folder)).toEqual(before);
});

test('a changed byte in an encrypted store is noticed', async () => {
  const folder = await temporaryFolder();
  await storeWith(folder, 'anna', 'Anna', KEY);
  const shard = JSON.parse(await readFile(shardOf(folder), 'utf8'));
  const bytes = Buffer.from(shard.sealed.bytes, 'base64');
  bytes[100]! ^= 1;
  shard.sealed.bytes = bytes.toString('base64');
  await writeFile(shardOf(folder), JSON.stringify(shard));
  await using registry = await LowdbRegistry.open(folder, { encryptionKey: KEY });
  await expect(registry.get('t', 'anna')).rejects.toMatchObject({ code: 'REGISTRY_CORRUPT' });
});

test.each([
  { name: 'empty', text: '', code: 'REGISTRY_CORRUPT' },
  { name: 'cut off', text: '{"format":"voice-prints-store","version":1,"voicepr', code: 'REGISTRY_CORRUPT' },
  { name: 'not ours', text: '{"speakers":[]}', code: 'REGISTRY_CORRUPT' },
  { name: 'a list', text: '[]', code: 'REGISTRY_CORRUPT' },
  {
    name: 'with a damaged row',
    text: '{"format":"voice-prints-store","version":1,"voiceprints":[{"id":"secret_anna","name":"Secret Anna"}]}',
    code: 'REGISTRY_CORRUPT',
  },
  {
    name: 'newer',
    text: '{"format":"voice-prints-store","version":99,"people":{}}',
    code: 'REGISTRY_VERSION_NEWER',
  },
  {
    name: 'newer and sealed',
    text: '{"format":"voice-prints-store","version":99,"sealed":{"how":"?"}}',
    code: 'REGISTRY_VERSION_NEWER',
  },
])('a store file that is $name is reported without its content and left as it is', async ({ text, code }) => {
  const folder = await temporaryFolder();
  await using early = await LowdbRegistry.open(folder);
  await writeFile(headOf(folder), text);
  const failure = await LowdbRegistry.open(folder).catch((error: Error) => error);
  expect(failure).toMatchObject({ code });
  expect(String((failure as Error).stack) + String((failure as Error).cause)).not.toMatch(/secret/i);
  await expect(early.list('t')).rejects.toMatchObject({ code });
  await expect(early.list('t')).rejects.toMatchObject({ code }); // and again: it is not forgotten
  const put = early.update('t', 'anna', () => randomVoiceprint({ id: 'anna' }));
  await expect(put).rejects.toMatchObject({ code });
  expect(await readFile(headOf(folder), 'utf8')).toBe(text);
});

test('a folder that cannot be made is REGISTRY_UNAVAILABLE', async () => {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'file'), '');
  await expect(LowdbRegistry.open(join(folder, 'file', 'store'))).rejects.toMatchObject({
    code: 'REGISTRY_UNAVAILABLE',
    details: { systemCode: 'ENOTDIR' },
  });
});

test.skipIf(process.getuid?.() === 0)(
  'a folder that cannot be written is REGISTRY_UNAVAILABLE, and can be read',
  async () => {
    const folder = join(await temporaryFolder(), 'store');
    await storeWith(folder, 'anna', 'Anna');
    await chmod(folder, 0o500);
    await using registry = await LowdbRegistry.open(folder);
    expect(await registry.list('t')).toHaveLength(1);
    await expect(registry.delete('t', 'anna')).rejects.toMatchObject({ code: 'REGISTRY_UNAVAILABLE' });
    await chmod(folder, 0o700);
  },
);

test('a failed write is not seen by later reads', async () => {
  const folder = await temporaryFolder();
  await using registry = await LowdbRegistry.open(folder);
  const anna = randomVoiceprint({ id: 'anna' });
  await registry.update('t', 'anna', () => anna);
  // A folder that cannot be deleted as a left-over file: the write fails before it begins.
  await mkdir(join(folder, '.voiceprints.json.tmp-1.a', 'x'), { recursive: true });
  await expect(registry.delete('t', 'anna')).rejects.toThrow();
  expect(await registry.get('t', 'anna')).toEqual(anna);
  expect(await readdir(folder)).not.toContain('.voiceprints.lock');
});

test.each([
  { name: 'deleted', lose: (path: string) => rm(path) },
  { name: 'empty after a power cut', lose: (path: string) => writeFile(path, '') },
  { name: 'without its bytes after a power cut', lose: (path: string) => writeFile(path, Buffer.alloc(300)) },
])('a lost head costs nothing, the shards are what counts: $name', async ({ lose }) => {
  const folder = await temporaryFolder();
  await storeWith(folder, 'anna', 'Anna');
  await using registry = await LowdbRegistry.open(folder);
  await lose(headOf(folder));
  expect(await registry.list('t')).toHaveLength(1);
  await registry.update('t', 'ben', () => randomVoiceprint({ id: 'ben' }));
  await using again = await LowdbRegistry.open(folder);
  expect((await again.list('t')).map(({ id }) => id)).toEqual(['anna', 'ben']);
});

test('an empty file of an earlier release is not taken for a new store', async () => {
  const folder = await temporaryFolder();
  await writeFile(headOf(folder), '');
  await expect(LowdbRegistry.open(folder)).rejects.toMatchObject({ code: 'REGISTRY_CORRUPT' });
});

test('a backup that is put back is what counts, for those who follow, too', async () => {
  const folder = await temporaryFolder();
  const backup = join(await temporaryFolder(), 'backup');
  await storeWith(folder, 'anna', 'Anna');
  await cp(folder, backup, { recursive: true });
  await using registry = await LowdbRegistry.open(folder);
  await registry.update('t', 'ben', () => randomVoiceprint({ id: 'ben' }));
  const follower = registry.follow('t');
  for await (const _ of follower.changes());
  await rm(folder, { recursive: true });
  await cp(backup, folder, { recursive: true });
  const gone: string[] = [];
  for await (const change of follower.changes()) gone.push(...change.gone);
  expect(gone).toEqual(['ben']);
  expect((await registry.list('t')).map(({ id }) => id)).toEqual(['anna']);
});
