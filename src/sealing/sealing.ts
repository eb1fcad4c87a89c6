import { createCipheriv, createDecipheriv, hkdfSync, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { VoicePrintsError } from '../core/errors.js';

/** scrypt cost: 32 MiB. N and r as OWASP advises. */
const SCRYPT_N = 2 ** 15;
const SCRYPT_R = 8;
/** OWASP's p for passwords people choose; some 0.2 s. */
export const EXPORT_ROUNDS = 3;
/** A store's key comes from a credential or the environment, and every start of the command line pays for it. */
export const STORE_ROUNDS = 1;
/** 32 MiB for the work plus headroom; Node refuses more than `maxmem`. */
const SCRYPT_MAX_MEMORY = 96 * 2 ** 20;

const base64 = z.string().regex(/^[A-Za-z0-9+/]*={0,2}$/);

/** AES-256-GCM under a key from a passphrase by scrypt; everything needed to decrypt it except the passphrase. */
export const sealedBox = z.object({
  cipher: z.literal('aes-256-gcm'),
  kdf: z.literal('scrypt'),
  n: z
    .number()
    .int()
    .min(2)
    .max(2 ** 20),
  r: z.number().int().min(1).max(32),
  p: z.number().int().min(1).max(16),
  salt: base64,
  /** Distinguishes a wrong passphrase from damaged bytes without decrypting the box. */
  keyCheck: base64,
  iv: base64,
  tag: base64,
  bytes: base64,
});
export type SealedBox = z.output<typeof sealedBox>;

/** A derived key with the salt and cost it came from. Deriving is slow by design: keep it, and seal often. */
export interface SealingKey {
  readonly n: number;
  readonly r: number;
  readonly p: number;
  readonly salt: string;
  readonly key: Buffer;
  readonly keyCheck: Buffer;
}

type KeyParameters = Pick<SealedBox, 'n' | 'r' | 'p' | 'salt'>;

/** A key for a new box; `rounds` is scrypt's p. */
export function newSealingKey(passphrase: string, rounds: number): Promise<SealingKey> {
  const salt = randomBytes(16).toString('base64');
  return deriveSealingKey(passphrase, { n: SCRYPT_N, r: SCRYPT_R, p: rounds, salt });
}

/** The key of an existing box. Throws REGISTRY_KEY_WRONG where the passphrase is not the one it was sealed under. */
export async function keyOfBox(passphrase: string, box: SealedBox): Promise<SealingKey> {
  const key = await deriveSealingKey(passphrase, box);
  assertKeyFits(key, box);
  return key;
}

/** True when the box was sealed with this derivation, so that the key need not be derived again. */
export const isKeyOfBox = (key: SealingKey, box: SealedBox): boolean =>
  key.salt === box.salt && key.n === box.n && key.r === box.r && key.p === box.p;

/** Encrypts; `purpose` is authenticated with it, so that a box cannot be substituted for one of another kind. */
export function seal(plain: Uint8Array, key: SealingKey, purpose: string): SealedBox {
  const iv = randomBytes(12); // NIST SP 800-38D: 96 bits; random is safe for 2^32 writes under one key
  const cipher = createCipheriv('aes-256-gcm', key.key, iv).setAAD(Buffer.from(purpose));
  const bytes = Buffer.concat([cipher.update(plain), cipher.final()]);
  return {
    cipher: 'aes-256-gcm',
    kdf: 'scrypt',
    n: key.n,
    r: key.r,
    p: key.p,
    salt: key.salt,
    keyCheck: key.keyCheck.toString('base64'),
    iv: iv.toString('base64'),
    tag: cipher.getAuthTag().toString('base64'),
    bytes: bytes.toString('base64'),
  };
}

/** Decrypts. Throws REGISTRY_KEY_WRONG, or REGISTRY_CORRUPT where a byte was changed. */
export function unseal(box: SealedBox, key: SealingKey, purpose: string): Buffer {
  assertKeyFits(key, box);
  try {
    const decipher = createDecipheriv('aes-256-gcm', key.key, Buffer.from(box.iv, 'base64'), { authTagLength: 16 })
      .setAAD(Buffer.from(purpose))
      .setAuthTag(Buffer.from(box.tag, 'base64'));
    return Buffer.concat([decipher.update(Buffer.from(box.bytes, 'base64')), decipher.final()]);
  } catch (cause) {
    throw new VoicePrintsError(
      'REGISTRY_CORRUPT',
      'the encrypted data was changed or damaged; restore it from a backup',
      {
        cause,
      },
    );
  }
}

function assertKeyFits(key: SealingKey, box: SealedBox): void {
  const stored = Buffer.from(box.keyCheck, 'base64');
  if (stored.length === key.keyCheck.length && timingSafeEqual(stored, key.keyCheck)) return;
  throw new VoicePrintsError(
    'REGISTRY_KEY_WRONG',
    'the key does not open this data; give the key it was encrypted with',
  );
}

async function deriveSealingKey(passphrase: string, { n, r, p, salt }: KeyParameters): Promise<SealingKey> {
  const master = await new Promise<Buffer>((resolve, reject) => {
    const options = { N: n, r, p, maxmem: Math.max(SCRYPT_MAX_MEMORY, 256 * n * r) };
    // NFC: the same passphrase typed on two systems must be the same bytes.
    scrypt(passphrase.normalize('NFC'), Buffer.from(salt, 'base64'), 32, options, (error, key) =>
      error ? reject(error) : resolve(key),
    );
  });
  const part = (name: string, bytes: number) => Buffer.from(hkdfSync('sha256', master, '', name, bytes));
  return { n, r, p, salt, key: part('voice-prints encrypt', 32), keyCheck: part('voice-prints check', 16) };
}
