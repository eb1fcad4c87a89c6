import { timingSafeEqual } from 'node:crypto';
import { VoicePrintsError } from '../../core/errors.js';
import { LOCAL_TENANT } from '../../engine/requests/callOptions.js';
import { type Caller, SCOPES } from './caller.js';
import { digestOf, keyIdOf, newKey } from './keyDigest.js';

/** A key as a server stores it: its scopes, and its SHA-256 digest (32 bytes). */
export interface HashedKey extends Caller {
  readonly digest: Buffer;
}

export const TENANT = /^[a-zA-Z0-9_.-]{1,64}$/;
const HASHED = /^sha256:([0-9a-f]{64})$/i;

/** The API keys of a server: only their digests stay in memory. A tenant may have several. */
export class ApiKeys {
  /** Called for every request, so that keys may change while a server runs. */
  readonly #current: () => readonly HashedKey[];
  /** By key id. */
  readonly #lastUsedMs = new Map<string, number>();

  /** Throws where there may be keys that are not known at present. */
  readonly #assertCertain: () => void;

  constructor(current: () => readonly HashedKey[], assertCertain: () => void = () => undefined) {
    this.#current = current;
    this.#assertCertain = assertCertain;
  }

  /**
   * Reads `tenant:key` pairs, one per array item or separated by commas or line ends; `tenant:sha256:HEX` gives the
   * digest instead of the key. Empty lines and lines that begin with `#` are skipped. Such keys have all scopes.
   * Throws CONFIG_INVALID, naming the place and never the key, and when there is no pair at all.
   */
  static fromPairs(pairs: string | readonly string[]): ApiKeys {
    const keys = keysOfPairs(pairs);
    if (keys.length === 0) {
      throw new VoicePrintsError('CONFIG_INVALID', 'there is no API key; give pairs of tenant:key');
    }
    return new ApiKeys(() => keys);
  }

  /** Creates a key of 192 random bits. It is returned once; only its digest is stored. */
  static generate(tenantId: string = LOCAL_TENANT): { readonly keys: ApiKeys; readonly key: string } {
    const key = newKey();
    return { keys: ApiKeys.fromPairs([`${tenantId}:${key}`]), key };
  }

  /** Owner of a key, or undefined. Compares in constant time. Throws REGISTRY_UNAVAILABLE where it cannot be found out. */
  callerOf(key: string): Caller | undefined {
    const digest = digestOf(key);
    let caller: Caller | undefined;
    for (const known of this.#current()) {
      if (timingSafeEqual(known.digest, digest)) caller = known;
    }
    if (caller) this.#lastUsedMs.set(caller.keyId, Date.now());
    else this.#assertCertain();
    return caller;
  }

  /** Whether a key that was recognised before is still valid. Throws as `callerOf`. */
  isHeld(keyId: string): boolean {
    const isHeld = this.#current().some((known) => known.keyId === keyId);
    if (!isHeld) this.#assertCertain();
    return isHeld;
  }

  /** Whether keys of more than one tenant are valid now. */
  get hasSeveralTenants(): boolean {
    const [first, ...others] = this.#current();
    return others.some(({ tenantId }) => tenantId !== first!.tenantId);
  }

  /** When a key was last recognised; undefined where it was not since these keys were opened. */
  lastUsedMs(keyId: string): number | undefined {
    return this.#lastUsedMs.get(keyId);
  }

  /** `tenant:sha256:HEX` lines, to be stored in a key file instead of the keys. */
  toHashedPairs(): readonly string[] {
    return this.#current().map(({ tenantId, digest }) => `${tenantId}:sha256:${digest.toString('hex')}`);
  }
}

/** See ApiKeys.fromPairs; an empty list gives none. */
export function keysOfPairs(pairs: string | readonly string[]): readonly HashedKey[] {
  const texts = (typeof pairs === 'string' ? [pairs] : pairs).flatMap((text) => text.split(/[,\r\n]+/));
  return texts
    .map((text) => text.trim())
    .filter((text) => text !== '' && !text.startsWith('#'))
    .map(parsePair);
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
  const digest = hashed ? Buffer.from(hashed[1]!, 'hex') : digestOf(key);
  const keyId = keyIdOf(digest);
  return { tenantId, digest, keyId, ownerId: keyId, scopes: SCOPES };
}
