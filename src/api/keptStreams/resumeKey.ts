import { hkdfSync, randomBytes } from 'node:crypto';
import { sealBytes, unsealBytes } from '../../sealing/sealedBytes.js';

/** What a client shows to go on with its stream. */
export const newResumeToken = (): string => randomBytes(24).toString('base64url');

/**
 * A stream is kept under a key that only its client has: the server stores what the token is checked with, and neither the token nor
 * the key.
 */
export class ResumeKey {
  /** Tells the right token, shape (32,). */
  readonly check: Buffer;
  readonly #key: Buffer;
  readonly #place: string;

  constructor(token: string, sessionId: string) {
    this.#place = `voice-prints stream ${sessionId}`;
    this.check = Buffer.from(hkdfSync('sha256', token, sessionId, 'check', 32));
    this.#key = Buffer.from(hkdfSync('sha256', token, sessionId, 'seal', 32));
  }

  seal(plain: Uint8Array, part: 'head' | 'learnt'): Buffer {
    return sealBytes(plain, { key: this.#key }, `${this.#place} ${part}`);
  }

  /** Throws REGISTRY_CORRUPT. */
  unseal(sealed: Uint8Array, part: 'head' | 'learnt'): Buffer {
    return unsealBytes(sealed, { key: this.#key }, `${this.#place} ${part}`);
  }
}
