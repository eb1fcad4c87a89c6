import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import S3rver from 's3rver';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { audioPlaceOf, type BucketPlace } from '../../src/jobs/audioPlace.js';
import { S3AudioStore } from '../../src/jobs/s3/s3AudioStore.js';
import { newSealingKey, type SealingKey } from '../../src/sealing/sealing.js';
import { allBytes } from '../support/temporaryFolder.js';

/** The credentials that the server of these tests accepts. */
const KEYS = { AWS_ACCESS_KEY_ID: 'S3RVER', AWS_SECRET_ACCESS_KEY: 'S3RVER' };
const WORDS = 'what is said here is nobody else’s business';
const MOST = 2 ** 30;

let server: S3rver;
let folder: string;
let address: string;
let key: SealingKey;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'voice-prints-s3-'));
  const options = { port: 0, address: '127.0.0.1', silent: true, directory: folder };
  server = new S3rver({ ...options, configureBuckets: [{ name: 'recordings', configs: [] }] });
  const { port } = await server.run();
  address = `http://127.0.0.1:${port}`;
  key = await newSealingKey('a key of tests', 1);
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

const placeOf = (audioUrl: string, env: NodeJS.ProcessEnv = KEYS): BucketPlace =>
  audioPlaceOf({ storeDirectory: '/store', audioUrl }, env) as unknown as BucketPlace;
const open = (prefix: string, sealing?: SealingKey) =>
  S3AudioStore.open(placeOf(`s3://recordings/${prefix}?endpoint=${address}`), sealing);

async function* pieces(...all: readonly Uint8Array[]) {
  yield* all;
}

async function read(store: S3AudioStore, audioId: string): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of store.read(audioId)) parts.push(part);
  return Buffer.concat(parts);
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

describe('audio in an S3-compatible store', () => {
  test.each([
    { name: 'plain', sealed: false },
    { name: 'sealed', sealed: true },
  ])('comes back as it was, however large: $name', async ({ name, sealed }) => {
    const store = await open(name, sealed ? key : undefined);
    // One part, exactly a part, and several.
    for (const size of [0, 1_000, 8 * 2 ** 20, 20 * 2 ** 20 + 1]) {
      const audio = Buffer.alloc(size, WORDS);
      const stored = await store.put(pieces(audio.subarray(0, size >> 1), audio.subarray(size >> 1)), MOST);
      expect(stored).toMatchObject({ bytes: size, sha256: sha256(audio) });
      expect(sha256(await read(store, stored.audioId))).toBe(sha256(audio));
      await store.delete(stored.audioId);
      await store.delete(stored.audioId); // there is none
      await expect(read(store, stored.audioId)).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
    }
  });

  test('is not readable in the store where it is sealed, nor under another name', async () => {
    const store = await open('secret', key);
    const { audioId } = await store.put(pieces(Buffer.from(WORDS)), MOST);
    expect((await allBytes(folder)).includes(WORDS)).toBe(false);
    const other = await open('secret', await newSealingKey('another key', 1));
    await expect(read(other, audioId)).rejects.toMatchObject({ code: 'REGISTRY_CORRUPT' });
  });

  test('that is too large, or whose sender breaks off, leaves nothing', async () => {
    const store = await open('broken');
    await expect(store.put(pieces(Buffer.alloc(11 * 2 ** 20)), 10 * 2 ** 20)).rejects.toMatchObject({
      code: 'AUDIO_TOO_LARGE',
    });
    const breaking = async function* () {
      yield Buffer.alloc(9 * 2 ** 20, 'half of it');
      throw new Error('hung up');
    };
    await expect(store.put(breaking(), MOST)).rejects.toThrow('hung up');
    const { audioId } = await store.put(pieces(Buffer.from('whole')), MOST);
    await store.retain(new Set([audioId]), 0);
    expect(String(await read(store, audioId))).toBe('whole');
  });

  test('that no job needs is erased by its age, and what belongs to others is not', async () => {
    const store = await open('swept');
    const neighbour = await open('swept-not');
    const ids = [];
    for (const word of ['needed', 'orphan']) ids.push((await store.put(pieces(Buffer.from(word)), MOST)).audioId);
    const [needed, orphan] = ids as [string, string];
    const { audioId: others } = await neighbour.put(pieces(Buffer.from('others')), MOST);
    await store.retain(new Set([needed]), 60_000); // another process may be adding its job
    expect(String(await read(store, orphan))).toBe('orphan');
    await store.retain(new Set([needed]), 0);
    expect(String(await read(store, needed))).toBe('needed');
    await expect(read(store, orphan)).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
    expect(String(await read(neighbour, others))).toBe('others');
  });

  test.each([
    { name: 'wrong credentials', bucket: 'recordings', env: { ...KEYS, AWS_SECRET_ACCESS_KEY: 'wrong' } },
    { name: 'no such bucket', bucket: 'elsewhere', env: KEYS },
  ])('is refused when it is opened: $name', async ({ bucket, env }) => {
    const opening = S3AudioStore.open(placeOf(`s3://${bucket}?endpoint=${address}`, env), undefined);
    await expect(opening).rejects.toMatchObject({ code: 'REGISTRY_UNAVAILABLE' });
    await expect(opening).rejects.not.toThrow(/wrong|127\.0\.0\.1/);
  });
});

test.each([
  { name: 'no address', audioUrl: 'recordings' },
  { name: 'another protocol', audioUrl: 'https://bucket/prefix' },
  { name: 'a relative file', audioUrl: 'file://folder' },
  { name: 'no bucket', audioUrl: 's3://' },
  { name: 'credentials in it', audioUrl: 's3://me:secret@bucket/prefix' },
  { name: 'an unknown part', audioUrl: 's3://bucket/prefix?zone=1' },
  { name: 'an endpoint that is none', audioUrl: 's3://bucket/prefix?endpoint=ftp://host' },
  { name: 'no credentials', audioUrl: 's3://bucket/prefix', env: {} },
])('an address of audio is refused: $name', ({ audioUrl, env = KEYS }) => {
  expect(() => placeOf(audioUrl, env)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  expect(() => placeOf(audioUrl, env)).not.toThrow(/secret/);
});

test('an address of audio is a folder, a bucket, or the folder of the store', () => {
  expect(audioPlaceOf({ storeDirectory: '/store' }, {})).toEqual({ kind: 'folder', path: '/store/jobs/audio' });
  expect(placeOf('file:///shared/audio')).toEqual({ kind: 'folder', path: '/shared/audio' });
  expect(placeOf('s3://bucket/a/b/?region=eu-central-1')).toMatchObject({
    url: 'https://s3.eu-central-1.amazonaws.com/bucket',
    prefix: 'a/b/',
    region: 'eu-central-1',
  });
});
