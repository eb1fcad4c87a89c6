import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { VoicePrintsError } from '../core/errors.js';
import { LOCAL_TENANT } from '../engine/engine.js';

interface HashedKey {
  readonly tenantId: string;
  /** SHA-256 of the key, 32 bytes. */
  readonly digest: Buffer;
}

const TENANT = /^[a-zA-Z0-9_.-]{1,64}$/;
const HASHED = /^sha256:([0-9a-f]{64})$/i;

const digestOf = (key: string): Buffer => createHash('sha256').update(key, 'utf8').digest();

/** The API keys of a server: only their SHA-256 digests stay in memory. A tenant may have several. */
export class ApiKeys {
  readonly #keys: readonly HashedKey[];

  private constructor(keys: readonly HashedKey[]) {
    this.#keys = keys;
  }

  /**
   * Reads `tenant:key` pairs, one an array item or separated by commas or line ends; `tenant:sha256:HEX` gives the
   * digest instead of the key. Empty lines and lines that begin with `#` are skipped.
   * Throws CONFIG_INVALID, naming the place and never the key, and when there is no pair at all.
   */
  static fromPairs(pairs: string | readonly string[]): ApiKeys {
    const texts = (typeof pairs === 'string' ? [pairs] : pairs).flatMap((text) => text.split(/[,\r\n]+/));
    const filled = texts.map((text) => text.trim()).filter((text) => text !== '' && !text.startsWith('#'));
    if (filled.length === 0) {
      throw new VoicePrintsError('CONFIG_INVALID', 'there is no API key; give pairs of tenant:key');
    }
    return new ApiKeys(filled.map(parsePair));
  }

  /** Makes a key of 192 random bits. It is returned once; what stays is its digest. */
  static generate(tenantId: string = LOCAL_TENANT): { readonly keys: ApiKeys; readonly key: string } {
    const key = `vp_${randomBytes(24).toString('base64url')}`;
    return { keys: ApiKeys.fromPairs([`${tenantId}:${key}`]), key };
  }

  /** The tenant a key belongs to, or undefined. Takes the same time whichever key it is compared with. */
  tenantOf(key: string): string | undefined {
    const digest = digestOf(key);
    let tenantId: string | undefined;
    for (const known of this.#keys) {
      if (timingSafeEqual(known.digest, digest)) tenantId = known.tenantId;
    }
    return tenantId;
  }

  /** `tenant:sha256:HEX` lines, to be kept in a key file instead of the keys. */
  toHashedPairs(): readonly string[] {
    return this.#keys.map(({ tenantId, digest }) => `${tenantId}:sha256:${digest.toString('hex')}`);
  }
}

function parsePair(pair: string, index: number): HashedKey {
  const colon = pair.indexOf(':');
  const tenantId = pair.slice(0, Math.max(colon, 0)).trim();
  const key = pair.slice(colon + 1).trim();
  if (colon < 0 || key === '' || !TENANT.test(tenantId)) {
    throw new VoicePrintsError(
      'CONFIG_INVALID',
      `API key ${index + 1} is not a pair of tenant:key; a tenant is 1 to 64 of a-z, A-Z, 0-9, dot, dash, underscore`,
    );
  }
  const hashed = HASHED.exec(key);
  return { tenantId, digest: hashed ? Buffer.from(hashed[1]!, 'hex') : digestOf(key) };
}
