import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { VoicePrintsError } from '../core/errors.js';
import type { SealingKey } from './sealing.js';

const IV_BYTES = 12;
const TAG_BYTES = 16;

/** AES-256-GCM over a small value: iv, tag, ciphertext. `purpose` is authenticated: it states what the value is and where it is stored. */
export function sealBytes(plain: Uint8Array, { key }: Pick<SealingKey, 'key'>, purpose: string): Buffer {
  const iv = randomBytes(IV_BYTES); // NIST SP 800-38D: 96 bits; random is safe for 2^32 writes under one key
  return encrypt(plain, { key, iv, purpose });
}

/** Throws REGISTRY_CORRUPT where a byte was changed or the value was moved. */
export const unsealBytes = (sealed: Uint8Array, { key }: Pick<SealingKey, 'key'>, purpose: string): Buffer =>
  decrypt(sealed, { key, purpose });

/** Plain bytes in one piece of a sealed stream. */
const PIECE_BYTES = 65_536;
const SEALED_PIECE_BYTES = IV_BYTES + TAG_BYTES + PIECE_BYTES;
const SALT_BYTES = 32;

/**
 * Seals a stream of any length in pieces of 64 KiB, each bound to its number and to being the last or not, so that
 * pieces cannot be changed, swapped, or cut off at the end. A key of its own for each stream, from a random salt, as in
 * Tink's AES-GCM-HKDF streaming.
 */
export async function* sealStream(
  plain: AsyncIterable<Uint8Array>,
  key: SealingKey,
  purpose: string,
): AsyncGenerator<Uint8Array> {
  const salt = randomBytes(SALT_BYTES);
  const streamKey = keyOfStream(key, salt, purpose);
  yield salt;
  let number = 0;
  for await (const { bytes, isLast } of pieces(plain, PIECE_BYTES)) {
    const place = placeOf(purpose, number, isLast);
    yield encrypt(bytes, { key: streamKey, iv: randomBytes(IV_BYTES), purpose: place });
    number += 1;
  }
}

/** The plain bytes of a sealed stream, however it is cut. Throws REGISTRY_CORRUPT where any part was changed. */
export async function* unsealStream(
  sealed: AsyncIterable<Uint8Array>,
  key: SealingKey,
  purpose: string,
): AsyncGenerator<Uint8Array> {
  let streamKey: Buffer | undefined;
  let number = 0;
  for await (const { bytes, isLast } of pieces(sealed, SEALED_PIECE_BYTES, SALT_BYTES)) {
    if (streamKey === undefined) streamKey = keyOfStream(key, bytes, purpose);
    else {
      yield decrypt(bytes, { key: streamKey, purpose: placeOf(purpose, number, isLast) });
      number += 1;
    }
  }
  if (number === 0) throw damaged();
}

const keyOfStream = ({ key }: SealingKey, salt: Uint8Array, purpose: string): Buffer =>
  Buffer.from(hkdfSync('sha256', key, salt, purpose, 32));

const placeOf = (purpose: string, number: number, isLast: boolean): string =>
  `${purpose} ${number} ${isLast ? 'last' : 'more'}`;

/** Re-cuts a stream into pieces of exactly `size` bytes, after a first one of `firstSize`; the last may be shorter, or empty. */
async function* pieces(
  stream: AsyncIterable<Uint8Array>,
  size: number,
  firstSize = size,
): AsyncGenerator<{ readonly bytes: Buffer; readonly isLast: boolean }> {
  let pieceSize = firstSize;
  let held: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream) {
    let rest = chunk;
    // A piece is emitted once a byte of the next has arrived: only the end of the stream shows which one is the last.
    while (length + rest.length > pieceSize) {
      const part = rest.subarray(0, pieceSize - length);
      yield { bytes: Buffer.concat([...held, part]), isLast: false };
      rest = rest.subarray(part.length);
      held = [];
      length = 0;
      pieceSize = size;
    }
    held.push(rest);
    length += rest.length;
  }
  yield { bytes: Buffer.concat(held), isLast: true };
}

interface Cipher {
  readonly key: Buffer;
  readonly purpose: string;
}

function encrypt(plain: Uint8Array, { key, iv, purpose }: Cipher & { readonly iv: Buffer }): Buffer {
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(purpose));
  const bytes = Buffer.concat([cipher.update(plain), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), bytes]);
}

function decrypt(sealed: Uint8Array, { key, purpose }: Cipher): Buffer {
  try {
    const iv = sealed.subarray(0, IV_BYTES);
    const tag = sealed.subarray(IV_BYTES, IV_BYTES + TAG_BYTES);
    const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: TAG_BYTES })
      .setAAD(Buffer.from(purpose))
      .setAuthTag(tag);
    return Buffer.concat([decipher.update(sealed.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]);
  } catch (cause) {
    throw damaged(cause);
  }
}

const damaged = (cause?: unknown) =>
  new VoicePrintsError(
    'REGISTRY_CORRUPT',
    'the encrypted data was changed or damaged; restore it from a backup',
    cause === undefined ? {} : { cause },
  );
