import { createHash } from 'node:crypto';
import { type HashedKey, keysOfPairs } from '../../src/api/access/apiKeys.js';
import { KeyRing } from '../../src/api/access/keyRing.js';
import { SharedUse } from '../../src/api/access/postgres/sharedUse.js';
import { type RingCheck, ringCheck } from '../../src/api/access/ringCheck.js';
import { TenantGate } from '../../src/api/access/tenantGate.js';
import { lazy } from '../../src/core/lazy.js';
import type { StorePlace } from '../../src/core/storePlace.js';
import { answering } from '../../src/files/answering.js';
import { asVoicePrintsError, LOCAL_TENANT, VoicePrintsError } from '../../src/index.js';

const SHORTEST_KEY = 8;

interface StoreKeysOptions {
  readonly place: StorePlace;
  /** The key of the credentials: it may do everything. */
  readonly apiKey: string | undefined;
  /** See TrustedProxies. */
  readonly trustedProxies: string;
  /** Message for the user. */
  readonly onFailure: (message: string) => void;
}

/**
 * Access to a store, the same on all of its surfaces: callers with a key made in its dialog or on the command line, or the
 * one of its credentials.
 */
export class StoreKeys implements AsyncDisposable {
  readonly check: RingCheck;
  readonly #ring: KeyRing;
  readonly #use: SharedUse | undefined;
  readonly #place: StorePlace;
  readonly #given: readonly HashedKey[];
  readonly #isTooShort: boolean;
  readonly #onFailure: (message: string) => void;
  readonly #reading = lazy(() => this.#read());
  /** Opens the store to other programs, once there is a key. */
  #open: (() => void) | undefined;
  #isClosed = false;

  /** Throws CONFIG_INVALID for proxies that are no addresses. */
  constructor({ place, apiKey = '', trustedProxies, onFailure }: StoreKeysOptions) {
    this.#place = place;
    this.#ring = new KeyRing(place, { actor: 'node-red' });
    this.#isTooShort = apiKey !== '' && apiKey.length < SHORTEST_KEY;
    this.#given = apiKey === '' || this.#isTooShort ? [] : [keyOfCredentials(apiKey)];
    this.#onFailure = onFailure;
    this.#use = place.databaseUrl === undefined ? undefined : new SharedUse(place.databaseUrl);
    const gate = this.#use ? undefined : gateOf(place.storeDirectory, this.#ring);
    this.check = ringCheck({ ring: this.#ring, given: this.#given, use: this.#use, gate, trustedProxies });
  }

  /**
   * The keys kept in the store, read and followed: what another process changes counts within a second.
   * Throws FILE_UNREADABLE, CONFIG_INVALID; the next call tries again.
   */
  async ring(): Promise<KeyRing> {
    await this.#reading.get();
    return this.#ring;
  }

  /** Calls `open` once there is a key: now, or as soon as one is made. Throws CONFIG_INVALID for a key of the credentials that is too short. */
  onceHeld(open: () => void): void {
    if (this.#isTooShort) throw new VoicePrintsError('CONFIG_INVALID', NO_KEY);
    if (this.#given.length > 0) {
      open();
      return;
    }
    this.#open = open;
    this.ring().then(
      () => {
        if (this.#open) this.#onFailure(NO_KEY);
      },
      (error: unknown) => this.#onFailure(asVoicePrintsError(error).message),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#open = undefined;
    await this.#use?.[Symbol.asyncDispose]();
    await this.#ring[Symbol.asyncDispose]();
  }

  async #read(): Promise<void> {
    if (!this.#isClosed) {
      this.#ring.follow({
        onChange: () => this.#openWhereHeld(),
        onFailure: (error) => this.#onFailure(asVoicePrintsError(error).message),
      });
    }
    const read = () => this.#ring.read();
    await (this.#place.databaseUrl === undefined ? answering(this.#place.storeDirectory, read) : read());
    await this.#use?.start();
  }

  #openWhereHeld(): void {
    if (this.#ring.current().length === 0) return;
    const open = this.#open;
    this.#open = undefined;
    try {
      open?.();
    } catch (thrown) {
      this.#onFailure(asVoicePrintsError(thrown).message);
    }
  }
}

const NO_KEY = `a speaker store serves other programs only with an API key; create one in its dialog, or enter an API key of ${SHORTEST_KEY} characters or more`;

/** As a digest: a key may hold any character, and none of it stays in memory. */
function keyOfCredentials(apiKey: string): HashedKey {
  const digest = createHash('sha256').update(apiKey, 'utf8').digest('hex');
  return keysOfPairs([`${LOCAL_TENANT}:sha256:${digest}`])[0]!;
}

interface Counted {
  /** The key ring whose limits apply: that of the store as it was last deployed. */
  ring: KeyRing;
  readonly gate: TenantGate;
}

/** By folder: what tenants have used today outlives a deploy. */
const countedIn = new Map<string, Counted>();

function gateOf(storeDirectory: string, ring: KeyRing): TenantGate {
  const known = countedIn.get(storeDirectory);
  if (known) {
    known.ring = ring;
    return known.gate;
  }
  const counted: Counted = { ring, gate: new TenantGate((tenantId) => counted.ring.limitsOf(tenantId)) };
  countedIn.set(storeDirectory, counted);
  return counted.gate;
}
