import { randomBytes } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { sealBytes, sealStream, unsealBytes, unsealStream } from '../../src/sealing/sealedBytes.js';
import { newSealingKey, type SealingKey, STORE_ROUNDS } from '../../src/sealing/sealing.js';

let key: SealingKey;
beforeAll(async () => {
  key = await newSealingKey('eight or more', STORE_ROUNDS);
});

async function* cut(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function collect(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of stream) pieces.push(piece);
  return Buffer.concat(pieces);
}

const sealed = (plain: Uint8Array, size = 10_000) => collect(sealStream(cut(plain, size), key, 'a'));

test('a value comes back only in its own place', () => {
  const box = sealBytes(Buffer.from('hello'), key, 'row 1');
  expect(box.includes('hello')).toBe(false);
  expect(unsealBytes(box, key, 'row 1').toString()).toBe('hello');
  expect(() => unsealBytes(box, key, 'row 2')).toThrow(/changed or damaged/);
  box[box.length - 1]! ^= 1;
  expect(() => unsealBytes(box, key, 'row 1')).toThrow(expect.objectContaining({ code: 'REGISTRY_CORRUPT' }));
});

test.each([0, 1, 65_535, 65_536, 65_537, 131_072, 300_000])(
  'a stream of %i bytes comes back, however it is cut',
  async (length) => {
    const plain = randomBytes(length);
    const box = await sealed(plain, 7_777);
    expect(await collect(unsealStream(cut(box, 3_333), key, 'a'))).toEqual(plain);
  },
);

test('nothing of a long stream shows, and two seals of it differ', async () => {
  const plain = Buffer.alloc(100_000, 'voice');
  const [one, two] = [await sealed(plain), await sealed(plain)];
  expect(one.includes('voicevoice')).toBe(false);
  expect(one.equals(two)).toBe(false);
});

const SEALED_PIECE = 65_536 + 28;
test.each([
  { name: 'cut inside', damage: (box: Buffer) => box.subarray(0, -1) },
  { name: 'cut between two pieces', damage: (box: Buffer) => box.subarray(0, 32 + SEALED_PIECE) },
  { name: 'only its salt', damage: (box: Buffer) => box.subarray(0, 32) },
  { name: 'nothing', damage: () => Buffer.alloc(0) },
  {
    name: 'a changed byte',
    damage: (box: Buffer) => Buffer.concat([box.subarray(0, 100), Buffer.from([box[100]! ^ 1]), box.subarray(101)]),
  },
  {
    name: 'two pieces swapped',
    damage: (box: Buffer) => {
      const [a, b, c] = [32, 32 + SEALED_PIECE, 32 + 2 * SEALED_PIECE];
      return Buffer.concat([box.subarray(0, a), box.subarray(b, c), box.subarray(a, b), box.subarray(c)]);
    },
  },
])('a stream that is not as it was is refused: $name', async ({ damage }) => {
  const box = damage(await sealed(randomBytes(200_000)));
  await expect(collect(unsealStream(cut(box, 5_000), key, 'a'))).rejects.toMatchObject({ code: 'REGISTRY_CORRUPT' });
});
