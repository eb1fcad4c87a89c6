import { createHash, randomBytes } from 'node:crypto';

/** 192 random bits: as a key cannot be guessed, a fast digest of it is as safe as a slow one. */
export const newKey = (): string => `vp_${randomBytes(24).toString('base64url')}`;

export const digestOf = (key: string): Buffer => createHash('sha256').update(key, 'utf8').digest();

/** Short, stable id of a key that has none; reveals nothing about the key. */
export const keyIdOf = (digest: Buffer): string =>
  `key-${createHash('sha256').update(digest).digest('hex').slice(0, 8)}`;
