import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openLevelStore } from '../../src/jobs/level/openLevelStore.js';
import { SealedLevel } from '../../src/jobs/level/sealedLevel.js';
import { order } from '../contract/jobQueue.js';
import { allBytes, temporaryFolder } from '../support/temporaryFolder.js';

const ENDED_LIMITS = { maxEndedJobsOfTenant: 100, maxOutcomeBytesOfTenant: 1_000_000 };
const LIMITS = { maxJobs: 10, maxJobsOfTenant: 10, maxAudioBytes: 1_000_000, retryMs: 1_000, ...ENDED_LIMITS };
const open = (folder: string, encryptionKey?: string) =>
  openLevelStore(folder, { encryptionKey, limits: LIMITS, nowMs: Date.now });

async function* once(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

async function textOf(stream: AsyncIterable<Uint8Array>): Promise<string> {
  let text = '';
  for await (const piece of stream) text += Buffer.from(piece).toString();
  return text;
}

const SECRET_URL = 'https://example.org/secret-hook';

test('with a key nothing readable is on disk; plain jobs are encrypted when opened with a key; no other key opens', async () => {
  const folder = await temporaryFolder();
  const plain = await open(folder);
  const old = await plain.audio.put(once('spoken before'), 1_000);
  await plain.queue.add(order('old', { audio: { kind: 'stored', ...old }, webhookUrl: SECRET_URL }));
  await plain[Symbol.asyncDispose]();
  expect((await allBytes(folder)).includes('secret-hook')).toBe(true);

  const sealed = await open(folder, 'eight or more');
  const { audioId, bytes } = await sealed.audio.put(once('spoken words'), 1_000);
  await sealed.queue.add(order('new', { audio: { kind: 'stored', audioId, bytes }, webhookUrl: SECRET_URL }));
  await sealed.queue.settle((await sealed.queue.take())!, { result: { name: 'Anna Amsel' } });
  await sealed.secrets.rotate('t', 'whsec_hidden', 0);
  // What waited before there was a key is sealed where it lies, and found under its old id.
  await sealed.audio.retain(new Set([old.audioId, audioId]), 0);
  expect(await textOf(sealed.audio.read(old.audioId))).toBe('spoken before');
  const disk = await allBytes(folder);
  for (const text of ['secret-hook', 'spoken', 'Anna', 'whsec']) expect(disk.includes(text), text).toBe(false);
  await sealed[Symbol.asyncDispose]();

  await expect(open(folder)).rejects.toMatchObject({ code: 'REGISTRY_KEY_MISSING' });
  await expect(open(folder, 'another key')).rejects.toMatchObject({ code: 'REGISTRY_KEY_WRONG' });
  const again = await open(folder, 'eight or more');
  expect(await again.queue.get('t', 'old')).toMatchObject({ outcome: { result: { name: 'Anna Amsel' } } });
  expect(await textOf(again.audio.read(audioId))).toBe('spoken words');
  expect(await textOf(again.audio.read(old.audioId))).toBe('spoken before');
  await again.audio.delete(old.audioId);
  await expect(textOf(again.audio.read(old.audioId))).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
  expect(await again.secrets.valid('t', Date.now())).toEqual(['whsec_hidden']);
  await again[Symbol.asyncDispose]();
});

test('a folder has one owner at a time', async () => {
  const folder = await temporaryFolder();
  const first = await open(folder);
  await expect(open(folder)).rejects.toMatchObject({ code: 'JOBS_LOCKED' });
  await first[Symbol.asyncDispose]();
  await (await open(folder))[Symbol.asyncDispose]();
});

test('audio is kept whole or not at all, and what no job needs goes', async () => {
  const store = await open(await temporaryFolder());
  const kept = await store.audio.put(once('kept'), 4);
  expect(kept).toMatchObject({ bytes: 4, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) });
  await expect(store.audio.put(once('too long'), 4)).rejects.toMatchObject({ code: 'AUDIO_TOO_LARGE' });
  const broken = async function* () {
    yield Buffer.from('half');
    throw new Error('the sender hung up');
  };
  await expect(store.audio.put(broken(), 100)).rejects.toThrow('hung up');
  const other = await store.audio.put(once('other'), 100);
  await store.audio.retain(new Set([kept.audioId]), 0);
  expect(await textOf(store.audio.read(kept.audioId))).toBe('kept');
  await expect(textOf(store.audio.read(other.audioId))).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
  await store[Symbol.asyncDispose]();
});

test('erased outcomes are gone from the files too', async () => {
  const folder = await temporaryFolder();
  const clock = { nowMs: 1_800_000_000_000 };
  const store = await openLevelStore(folder, { encryptionKey: undefined, limits: LIMITS, nowMs: () => clock.nowMs });
  for (const id of ['a', 'b']) {
    await store.queue.add(order(id));
    await store.queue.settle((await store.queue.take())!, { result: { name: id === 'a' ? 'Anna Amsel' : 'Bert' } });
  }
  expect((await allBytes(folder)).includes('Anna Amsel')).toBe(true);
  await store.queue.erase('t', 'a');
  clock.nowMs += 3_600_000;
  await store.queue.expire(0);
  const disk = await allBytes(folder);
  expect(disk.includes('Anna Amsel')).toBe(false);
  expect(await store.queue.get('t', 'b')).toMatchObject({ outcome: { result: { name: 'Bert' } } });
  await store[Symbol.asyncDispose]();
});

test('a message that release 0.1.0 kept with its body goes with whom it is about', async () => {
  const folder = await temporaryFolder();
  const level = await SealedLevel.open(join(folder, 'queue'), undefined);
  const old = { tenantId: 't', url: SECRET_URL, status: 'dead', tries: 5, nextAtMs: 0, createdAtMs: 0, endedAtMs: 1 };
  const row = (webhookId: string, speakerId: string) =>
    [
      `hook!${webhookId}`,
      { ...old, webhookId, requestId: webhookId, payload: JSON.stringify({ speaker_id: speakerId }) },
    ] as const;
  await level.write({ put: [row('a', 'anna_amsel'), row('b', 'bert')] }, true);
  await level[Symbol.asyncDispose]();
  await using store = await open(folder);
  await store.outbox.dropOld('t', (payload) => payload.includes('"anna_amsel"'));
  expect((await store.outbox.dead('t', 9)).map(({ webhookId }) => webhookId)).toEqual(['b']);
  await store.queue.revise('t', () => undefined);
  await store.queue.expire(0); // the sweep of every minute
  expect((await allBytes(folder)).includes('anna_amsel')).toBe(false);
});

test('only the last secret signs beside a new one, for its time', async () => {
  const store = await open(await temporaryFolder());
  expect(await store.secrets.valid('t', 0)).toEqual([]);
  await store.secrets.rotate('t', 'one', 0);
  await store.secrets.rotate('t', 'two', 100);
  await store.secrets.rotate('t', 'three', 200);
  expect(await store.secrets.valid('t', 150)).toEqual(['three', 'two']);
  expect(await store.secrets.valid('t', 250)).toEqual(['three']);
  expect(await store.secrets.valid('u', 150)).toEqual([]);
  await store[Symbol.asyncDispose]();
});
