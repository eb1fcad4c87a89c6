import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Voiceprint } from '../../src/core/voiceprint.js';
import { LowdbRegistry } from '../../src/registry/lowdbRegistry.js';
import { leavesOf, pathOfId } from '../../src/registry/sharded/shardNames.js';
import { toRow } from '../../src/registry/stored/row.js';
import { parseStore } from '../../src/registry/stored/storedForm.js';
import { VOICEPRINT_FORM } from '../../src/registry/stored/voiceprintForm.js';
import { allBytes, temporaryFolder } from '../support/temporaryFolder.js';
import { writeEarlierStore } from './earlierStore.js';
import { randomVoiceprint } from './randomVoiceprint.js';

const KEY = 'eight or more';
const AUDIO_ID = 'a'.repeat(32);
const people = (count: number, different: Parameters<typeof randomVoiceprint>[0] = {}): Voiceprint[] =>
  Array.from({ length: count }, (_, i) => randomVoiceprint({ id: `p${String(i).padStart(5, '0')}`, ...different }));
const shardsOf = (folder: string, tenant = 't') => readdir(join(folder, 'voiceprints', tenant));

/** Every file of a folder with what tells one version of it from the next, and its size. */
async function filesOf(folder: string): Promise<Map<string, { readonly version: string; readonly size: number }>> {
  const entries = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const files = entries.map(async (entry) => {
    const path = join(entry.parentPath, entry.name);
    const { ino, mtimeNs, size } = await stat(path, { bigint: true });
    return [path, { version: `${ino} ${mtimeNs}`, size: Number(size) }] as const;
  });
  return new Map(await Promise.all(files));
}

async function writtenBy(folder: string, work: () => Promise<unknown>): Promise<{ files: number; bytes: number }> {
  const before = await filesOf(folder);
  await work();
  const changed = [...(await filesOf(folder))].filter(([path, { version }]) => before.get(path)?.version !== version);
  return { files: changed.length, bytes: changed.reduce((sum, [, { size }]) => sum + size, 0) };
}

test('an enrolment writes as much with 2,000 people as with forty', async () => {
  const folder = await temporaryFolder();
  await using registry = await LowdbRegistry.open(folder);
  const enrol = (id: string) => writtenBy(folder, () => registry.update('t', id, () => randomVoiceprint({ id })));
  await registry.putAll('t', people(40, { exemplars: 1 }), { replace: false });
  const few = [await enrol('anna'), await enrol('ben'), await enrol('carla')];
  await registry.putAll('t', people(2_000, { exemplars: 1 }), { replace: true });
  const many = [await enrol('dora'), await enrol('emil'), await enrol('fritz')];
  const most = (writes: { bytes: number }[]) => Math.max(...writes.map(({ bytes }) => bytes));
  // A shard that is split is three files instead of one, and its halves together what it was.
  for (const { files } of [...few, ...many]) expect(files).toBeLessThanOrEqual(3);
  expect(most(many)).toBeLessThan(1.5 * Math.max(most(few), 96 * 1024));
  expect((await shardsOf(folder)).length).toBeGreaterThan(25);
});

test('shards are split as they grow, and nobody is lost or seen to leave', async () => {
  const folder = await temporaryFolder();
  await using registry = await LowdbRegistry.open(folder);
  await using other = await LowdbRegistry.open(folder);
  const follower = other.follow('t');
  const put: string[] = [];
  const all = people(100, { exemplars: 12 });
  for (let at = 0; at < all.length; at += 20) {
    const some = all.slice(at, at + 20);
    await Promise.all(some.map((one) => registry.update('t', one.id, () => one)));
    for await (const change of follower.changes()) {
      put.push(...change.put.map(({ id }) => id));
      expect(change.gone).toEqual([]);
    }
  }
  expect(put.sort()).toEqual(all.map(({ id }) => id));
  expect((await shardsOf(folder)).length).toBeGreaterThan(8);
  expect(await registry.list('t')).toEqual(all);
  expect(await other.get('t', 'p00023')).toEqual(all[23]);
  for (const { id } of all) await registry.delete('t', id);
  expect(await other.list('t')).toEqual([]);
  expect((await allBytes(folder)).includes('p00023')).toBe(false);
});

test.each([
  { name: 'version 1, plain', version: 1 as const, before: undefined, after: undefined },
  { name: 'version 2, plain', version: 2 as const, before: undefined, after: undefined },
  { name: 'version 2, encrypted', version: 2 as const, before: KEY, after: KEY },
  { name: 'version 2, plain, now given a key', version: 2 as const, before: undefined, after: KEY },
])(
  'a store of an earlier release is moved, and nothing of its file is left: $name',
  async ({ version, before, after }) => {
    const folder = await temporaryFolder();
    const all = people(150, { exemplars: 4 });
    const elsewhere = randomVoiceprint({ id: 'p00001', tenantId: 'Other GmbH', name: 'Otto Nirgendwo' });
    const kept = { samples: Int16Array.from({ length: 999 }, (_, i) => i * 31), stretches: [999] };
    if (version === 2) {
      all[7] = {
        ...all[7]!,
        exemplars: all[7]!.exemplars.map((one, i) => (i === 0 ? { ...one, audioId: AUDIO_ID } : one)),
      };
    }
    await writeEarlierStore(folder, [...all, elsewhere], { version, encryptionKey: before });
    await writeFile(join(folder, '.voiceprints.json.tmp-1.a'), await readFile(join(folder, 'voiceprints.json')));
    const old = await readFile(join(folder, 'voiceprints.json'), 'utf8');
    {
      await using registry = await LowdbRegistry.open(folder, { encryptionKey: after });
      expect(await registry.list('t')).toEqual(all);
      expect(await registry.list('Other GmbH')).toEqual([elsewhere]);
      if (version === 2) expect(await registry.keepSpeech('t', 'p00007', AUDIO_ID, kept)).toBe(true);
      expect(await registry.delete('t', 'p00003')).toBe(true);
    }
    const left = await allBytes(folder);
    expect(left.includes(old.slice(200, 400))).toBe(false);
    expect(left.includes('p00003')).toBe(false);
    expect(left.includes('Otto Nirgendwo')).toBe(after === undefined);
    expect((await readdir(folder)).filter((name) => name.startsWith('.'))).toEqual([]);
    // What an earlier release says of it.
    const head = await readFile(join(folder, 'voiceprints.json'), 'utf8');
    expect(() => parseStore(VOICEPRINT_FORM, head)).toThrow(
      expect.objectContaining({ code: 'REGISTRY_VERSION_NEWER' }),
    );
    await using again = await LowdbRegistry.open(folder, { encryptionKey: after });
    expect(await again.list('t')).toEqual(all.filter(({ id }) => id !== 'p00003'));
    if (version === 2) expect(await again.speech('t', AUDIO_ID)).toEqual(kept);
  },
);

test('what an interrupted move left is not taken for people', async () => {
  const folder = await temporaryFolder();
  const all = people(20);
  await writeEarlierStore(folder, all);
  await mkdir(join(folder, 'voiceprints', 't'), { recursive: true });
  const half = JSON.stringify({ format: 'voice-prints-shard', version: 1, voiceprints: [] });
  await writeFile(join(folder, 'voiceprints', 't', 'r0.json'), half);
  await writeFile(join(folder, 'voiceprints', 't', 'r1.json'), '{"format"');
  await using registry = await LowdbRegistry.open(folder);
  expect(await registry.list('t')).toEqual(all);
});

test('a damaged earlier store is refused and left as it is', async () => {
  const folder = await temporaryFolder();
  await writeEarlierStore(folder, people(3), { encryptionKey: KEY });
  const before = await allBytes(folder);
  await expect(LowdbRegistry.open(folder, { encryptionKey: 'another key' })).rejects.toMatchObject({
    code: 'REGISTRY_KEY_WRONG',
  });
  await expect(LowdbRegistry.open(folder)).rejects.toMatchObject({ code: 'REGISTRY_KEY_MISSING' });
  expect(await allBytes(folder)).toEqual(before);
});

test('a damaged shard is named and left as it is; everybody else can still be read, enrolled and erased', async () => {
  const folder = await temporaryFolder();
  const all = people(200, { exemplars: 3, name: 'Secret' });
  {
    await using registry = await LowdbRegistry.open(folder);
    await registry.putAll('t', all, { replace: false });
  }
  const [shard] = await shardsOf(folder);
  const path = join(folder, 'voiceprints', 't', shard!);
  const text = await readFile(path, 'utf8');
  const damaged = text.slice(0, text.length - 900);
  await writeFile(path, damaged);
  await using registry = await LowdbRegistry.open(folder);
  const corrupt = { code: 'REGISTRY_CORRUPT', details: { file: shard } };
  const answers = await Promise.allSettled(all.map(({ id }) => registry.get('t', id)));
  const lost = all.filter((_, i) => answers[i]!.status === 'rejected');
  expect(lost.length).toBeGreaterThan(0);
  expect(lost.length).toBeLessThan(60);
  for (const answer of answers) if (answer.status === 'rejected') expect(answer.reason).toMatchObject(corrupt);
  const failure: Error = await registry.list('t').then(
    () => new Error('none'),
    (error) => error,
  );
  expect(failure).toMatchObject(corrupt);
  expect(`${failure.stack} ${failure.cause}`).not.toContain('Secret');
  const [bad, good] = [lost[0]!, all.find((one) => !lost.includes(one))!];
  const [refused, erased] = await Promise.allSettled([registry.delete('t', bad.id), registry.delete('t', good.id)]);
  expect(refused).toMatchObject({ status: 'rejected', reason: corrupt });
  expect(erased).toEqual({ status: 'fulfilled', value: true });
  expect(await readFile(path, 'utf8')).toBe(damaged);
  await writeFile(path, text);
  expect(await registry.list('t')).toEqual(all.filter(({ id }) => id !== good.id));
});

test('a shard that is missing is missed alone: whoever is enrolled in its place takes nobody else’s', async () => {
  const folder = await temporaryFolder();
  const all = people(120, { exemplars: 3 });
  await using early = await LowdbRegistry.open(folder);
  await early.putAll('t', all, { replace: false });
  const [shard] = (await shardsOf(folder)).sort();
  expect((await shardsOf(folder)).length).toBeGreaterThan(3);
  const path = join(folder, 'voiceprints', 't', shard!);
  const text = await readFile(path, 'utf8');
  await rm(path);
  await using registry = await LowdbRegistry.open(folder);
  const left = await registry.list('t');
  expect(left.length).toBeLessThan(all.length);
  const lost = all.filter(({ id }) => !left.some((one) => one.id === id));
  for (const one of lost) await registry.update('t', one.id, () => one);
  expect(await registry.list('t')).toEqual(all);
  expect(await shardsOf(folder)).toContain(shard);
  await writeFile(path, text); // and the backup fits
  expect(await registry.list('t')).toEqual(all);
});

test('a change of several files that a killed process had decided is completed by whoever comes next', async () => {
  const folder = await temporaryFolder();
  const [anna, ben] = ['anna', 'ben'].map((id) => randomVoiceprint({ id }));
  await using early = await LowdbRegistry.open(folder);
  await early.putAll('t', [anna!], { replace: false });
  const head = JSON.parse(await readFile(join(folder, 'voiceprints.json'), 'utf8'));
  const shard = await readFile(join(folder, 'voiceprints', 't', 'r.json'), 'utf8');
  const temporary = '.voiceprints.json.tmp-1.ab';
  await writeFile(join(folder, temporary), shard.replaceAll('"anna"', '"ben"'));
  await mkdir(join(folder, 'speech'));
  await writeFile(join(folder, 'speech', `${AUDIO_ID}.json`), 'to be erased');
  const intent = { moves: [{ from: temporary, to: 't/r' }], gone: [], speech: [AUDIO_ID] };
  await writeFile(join(folder, 'voiceprints.json'), JSON.stringify({ ...head, intent }));
  expect((await early.list('t')).map(({ id }) => id)).toEqual([ben!.id]);
  expect(await readdir(join(folder, 'speech'))).toEqual([]);
  expect((await readdir(folder)).sort()).toEqual(['speech', 'voiceprints', 'voiceprints.json']);
});

test.each([
  { name: 'a whole and all its parts', copied: ['r', 'r0', 'r1'], counts: ['r0', 'r1'] },
  { name: 'a whole and one of its parts', copied: ['r', 'r0'], counts: ['r'] },
  { name: 'parts of parts', copied: ['r', 'r0', 'r10', 'r11'], counts: ['r0', 'r10', 'r11'] },
  { name: 'parts of parts, one missing', copied: ['r', 'r0', 'r10'], counts: ['r'] },
])('a copy made while a shard was split has everybody once: $name', async ({ copied, counts }) => {
  expect([...leavesOf(copied).names].sort()).toEqual(counts);
  const folder = await temporaryFolder();
  const all = people(20);
  const place = (shard: string) => join(folder, 'voiceprints', 't', `${shard}.json`);
  await mkdir(join(folder, 'voiceprints', 't'), { recursive: true });
  for (const shard of copied) {
    const rows = all.filter(({ id }) => `r${pathOfId('t', id)}`.startsWith(shard)).map(toRow);
    await writeFile(place(shard), JSON.stringify({ format: 'voice-prints-shard', version: 1, voiceprints: rows }));
  }
  await using registry = await LowdbRegistry.open(folder);
  expect(await registry.list('t')).toEqual(all);
  expect(await registry.delete('t', 'p00007')).toBe(true);
  expect((await shardsOf(folder)).sort()).toEqual(counts.map((name) => `${name}.json`));
  expect((await allBytes(folder)).includes('p00007')).toBe(false);
  expect(await registry.list('t')).toEqual(all.filter(({ id }) => id !== 'p00007'));
  await registry.putAll('t', people(120), { replace: true }); // what is split anew may have the names of what was left over
  expect((await registry.list('t')).map(({ id }) => id)).toEqual(people(120).map(({ id }) => id));
});

test.each(['../outside', 't/../../outside', 't/r0/../../../outside', '/etc/passwd'])(
  'a head that names a place outside of the shards is refused: %s',
  async (to) => {
    const folder = await temporaryFolder();
    const intent = { moves: [{ from: '.voiceprints.json.tmp-1.ab', to }], gone: [], speech: [] };
    const head = { format: 'voice-prints-store', version: 3, recent: [], intent };
    await writeFile(join(folder, 'voiceprints.json'), JSON.stringify(head));
    await expect(LowdbRegistry.open(folder)).rejects.toMatchObject({ code: 'REGISTRY_CORRUPT' });
  },
);

test('what else lies in the folder of the shards is nobody’s', async () => {
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'voiceprints', 'not a tenant'), { recursive: true });
  await writeFile(join(folder, 'voiceprints', '.DS_Store'), 'left by a file manager');
  await mkdir(join(folder, 'voiceprints', 't'));
  await writeFile(join(folder, 'voiceprints', 't', 'notes.txt'), 'of the owner');
  await using registry = await LowdbRegistry.open(folder, { encryptionKey: KEY });
  await registry.update('t', 'anna', () => randomVoiceprint({ id: 'anna' }));
  expect((await registry.list('t')).map(({ id }) => id)).toEqual(['anna']);
});

test('tenants are apart: one’s people are neither read nor written for another’s', async () => {
  const folder = await temporaryFolder();
  await using registry = await LowdbRegistry.open(folder);
  await registry.putAll('big', people(300, { tenantId: 'big', exemplars: 3 }), { replace: false });
  const small = randomVoiceprint({ id: 'anna', tenantId: '../sly' });
  const { files } = await writtenBy(folder, () => registry.update('../sly', 'anna', () => small));
  expect(files).toBe(2); // the shard and the head
  expect((await readdir(join(folder, 'voiceprints'))).sort()).toEqual(['%2E%2E%2Fsly', 'big']);
  expect(await registry.list('../sly')).toEqual([small]);
});
