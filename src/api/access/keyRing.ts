import { randomBytes } from 'node:crypto';
import { present } from '../../core/present.js';
import type { StorePlace } from '../../core/storePlace.js';
import { type AuditAction, type AuditTrail, auditTrailOf, VoicePrintsError } from '../../index.js';
import { type HashedKey, TENANT } from './apiKeys.js';
import { SCOPES, type Scope } from './caller.js';
import { FileRing } from './fileRing.js';
import { digestOf, newKey } from './keyDigest.js';
import { EMPTY_RING, type KeyRow, LONGEST_LABEL, type StoredRing } from './keyFile.js';
import { PostgresRing } from './postgres/postgresRing.js';
import type { RingStore } from './ringStore.js';
import type { TenantLimits } from './tenantGate.js';

/** A key as lists show it: never the key, nor its digest. */
export type KeyRecord = Omit<KeyRow, 'sha256'>;

export interface NewKeyRequest {
  readonly tenantId: string;
  readonly scopes: readonly Scope[];
  readonly label?: string | undefined;
}

/** `key` is shown only once. */
export interface MadeKey {
  readonly record: KeyRecord;
  readonly key: string;
}

export interface KeyRingOptions {
  /** Who changes keys, as recorded in the audit log. */
  readonly actor?: string;
  readonly nowMs?: () => number;
}

/** Omitted members are unchanged. */
export type LimitChanges = { readonly [Limit in keyof TenantLimits]?: TenantLimits[Limit] | null };

/** Listeners of a ring that is followed. */
export interface RingListener {
  /** Called after every change by any process. */
  onChange?(): void;
  /** They cannot be read; the keys are unchanged. */
  onFailure(error: unknown): void;
}

/**
 * The keys of a store: digests that the command line and the editor change while servers read them.
 * A key itself is shown once, when it is created. Every change is recorded in the audit log of the store.
 */
export class KeyRing implements AsyncDisposable {
  readonly #store: RingStore;
  readonly #actor: string;
  readonly #nowMs: () => number;
  readonly #log: AuditTrail;
  #ring = EMPTY_RING;
  /** Keys of the ring, except revoked ones. */
  #held: readonly (HashedKey & { readonly endsAtMs: number })[] = [];
  /** Latest time seen: a key that has ended stays ended when the clock is set back. */
  #latestMs = 0;
  /** Version of the state: a read that was overtaken by a change is discarded. */
  #turn = 0;
  #listener: RingListener | undefined;

  /** Empty until it is read. */
  constructor(place: StorePlace, { actor = 'program', nowMs = Date.now }: KeyRingOptions = {}) {
    this.#store = ringStoreOf(place);
    this.#actor = actor;
    this.#nowMs = nowMs;
    this.#log = auditTrailOf(place);
  }

  /** Opens and reads the ring of a store; throws as `read`. */
  static async open(place: StorePlace, options?: KeyRingOptions): Promise<KeyRing> {
    const ring = new KeyRing(place, options);
    try {
      await ring.read();
      return ring;
    } catch (error) {
      await ring[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Throws FILE_UNREADABLE, REGISTRY_UNAVAILABLE, and CONFIG_INVALID where what is stored is no ring. Empty where none is stored. */
  async read(): Promise<void> {
    this.#turn += 1;
    const turn = this.#turn;
    const ring = await this.#store.read();
    if (turn === this.#turn) this.#take(ring);
  }

  /** Follows what any process changes until disposed. */
  follow(listener: RingListener): void {
    if (this.#listener) return;
    this.#listener = listener;
    this.#store.follow(async () => {
      try {
        await this.read();
      } catch (error) {
        this.#listener?.onFailure(error);
        throw error;
      }
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener = undefined;
    await this.#store[Symbol.asyncDispose]();
  }

  /**
   * Throws REGISTRY_UNAVAILABLE where the store has been out of reach for so long that a key may have been revoked, or made, without its
   * being known here.
   */
  assertCertain(): void {
    if (!this.#store.isCertain) throw uncertain();
  }

  /** Keys that are valid now: none while the store has been out of reach for too long. */
  current(): readonly HashedKey[] {
    if (!this.#store.isCertain) return [];
    const nowMs = this.#latest();
    return this.#held.filter(({ endsAtMs }) => endsAtMs > nowMs);
  }

  limitsOf(tenantId: string): TenantLimits {
    return this.#ring.tenants[tenantId] ?? {};
  }

  list(): readonly KeyRecord[] {
    return this.#ring.keys.map(recordOf);
  }

  /** Creates a key, shown only once; `actor` is who did, for the audit log. Throws CONFIG_INVALID for an invalid tenant id, or a label that is too long. */
  async create(request: NewKeyRequest, actor: string = this.#actor): Promise<MadeKey> {
    const { row, key } = this.#make(request);
    await this.#change((ring) => ({ ...ring, keys: [...ring.keys, row] }));
    await this.#note('create key', row, actor);
    return { record: recordOf(row), key };
  }

  /** The same where no key is valid, in any process; undefined where one is. */
  async createFirst(request: NewKeyRequest): Promise<MadeKey | undefined> {
    if (this.current().length > 0) return undefined;
    const { row, key } = this.#make(request);
    const { keys } = await this.#change((ring) => {
      const isFirst = !ring.keys.some((known) => known.isRevoked !== true && endsAtMsOf(known) > this.#latest());
      return isFirst ? { ...ring, keys: [...ring.keys, row] } : ring;
    });
    if (!keys.some(({ keyId }) => keyId === row.keyId)) return undefined;
    await this.#note('create key', row);
    return { record: recordOf(row), key };
  }

  /**
   * A new key of the same tenant, scopes and label; the old one stays valid for `graceMs`.
   * Throws KEY_NOT_FOUND, also for a key that has ended.
   */
  async rotate(keyId: string, graceMs: number): Promise<MadeKey> {
    await this.read();
    const before = rowOf(this.#ring, keyId);
    const { row, key } = this.#make({ ...before, ownerId: before.ownerId ?? before.keyId });
    const ended = await this.#end(keyId, { graceMs, successors: [row] });
    await this.#note('rotate key', ended);
    return { record: recordOf(row), key };
  }

  /** Revokes a key at once. Throws KEY_NOT_FOUND. */
  async revoke(keyId: string, actor: string = this.#actor): Promise<KeyRecord> {
    const ended = await this.#end(keyId, { graceMs: 0, isRevoked: true });
    await this.#note('revoke key', ended, actor);
    return recordOf(ended);
  }

  /** Limits by tenant, of tenants that have any. */
  limits(): readonly (TenantLimits & { readonly tenantId: string })[] {
    const limited = Object.entries(this.#ring.tenants).filter(([, limits]) => Object.keys(limits).length > 0);
    return limited
      .map(([tenantId, limits]) => ({ tenantId, ...limits }))
      .sort((a, b) => (a.tenantId < b.tenantId ? -1 : 1));
  }

  /** Changes the given limits of a tenant; null removes one. Throws CONFIG_INVALID for an invalid tenant id. */
  async limit(tenantId: string, changes: LimitChanges): Promise<TenantLimits> {
    assertTenant(tenantId);
    const { tenants } = await this.#change((ring) => {
      const all = { ...ring.tenants[tenantId], ...changes };
      const kept = Object.fromEntries(Object.entries(all).filter(([, value]) => value != null));
      return { ...ring, tenants: { ...ring.tenants, [tenantId]: kept } };
    });
    await this.#note('limit tenant', { tenantId });
    return tenants[tenantId]!;
  }

  #make({ tenantId, scopes, label = '', ownerId }: NewKeyRequest & Pick<KeyRow, 'ownerId'>): {
    readonly row: KeyRow;
    readonly key: string;
  } {
    assertTenant(tenantId);
    if (label.length > LONGEST_LABEL) throw invalid(`a label has at most ${LONGEST_LABEL} characters; shorten it`);
    const key = newKey();
    const row: KeyRow = {
      keyId: `key-${randomBytes(4).toString('hex')}`,
      ...present({ ownerId }),
      tenantId,
      label,
      scopes: SCOPES.filter((scope) => scopes.includes(scope)),
      sha256: digestOf(key).toString('hex'),
      createdAt: new Date(this.#nowMs()).toISOString(),
    };
    return { row, key };
  }

  /** Ends a key, unless it ends earlier already, and adds its replacements. */
  async #end(
    keyId: string,
    { graceMs, successors = [], isRevoked }: { graceMs: number; successors?: readonly KeyRow[]; isRevoked?: true },
  ): Promise<KeyRow> {
    const endsAt = new Date(this.#nowMs() + graceMs).toISOString();
    const changed = await this.#change((ring) => {
      const row = rowOf(ring, keyId);
      const isOver = row.isRevoked === true || endsAtMsOf(row) <= this.#latest();
      if (isOver && successors.length > 0) throw hasEnded(keyId);
      const earlier = row.endsAt !== undefined && row.endsAt < endsAt ? row : { ...row, endsAt };
      const ended = isRevoked ? { ...earlier, isRevoked } : earlier;
      return { ...ring, keys: [...ring.keys.map((key) => (key === row ? ended : key)), ...successors] };
    });
    return rowOf(changed, keyId);
  }

  #latest(): number {
    this.#latestMs = Math.max(this.#latestMs, this.#nowMs());
    return this.#latestMs;
  }

  /** Keys that have expired are written as revoked with the next change, so that no change of the clock revives them. */
  #withEnds(ring: StoredRing): StoredRing {
    const nowMs = this.#latest();
    const keys = ring.keys.map((key): KeyRow => (endsAtMsOf(key) <= nowMs ? { ...key, isRevoked: true } : key));
    return { ...ring, keys };
  }

  async #change(change: (ring: StoredRing) => StoredRing): Promise<StoredRing> {
    let changed = this.#ring;
    await this.#store.change(
      (ring) => this.#withEnds(change(ring)),
      (next) => {
        this.#turn += 1;
        this.#take(next);
        changed = next;
      },
    );
    return changed;
  }

  #take(ring: StoredRing): void {
    this.#ring = ring;
    this.#held = ring.keys.filter(({ isRevoked }) => !isRevoked).map(hashedKey);
    this.#listener?.onChange?.();
  }

  #note(
    action: AuditAction,
    { tenantId, keyId }: Pick<KeyRow, 'tenantId'> & Partial<KeyRow>,
    actor: string = this.#actor,
  ): Promise<void> {
    const time = new Date(this.#nowMs()).toISOString();
    const named = keyId === undefined ? {} : { keyId };
    const entry = { time, tenantId, actor, action, speakerId: null, ...named, outcome: 'done' } as const;
    return this.#log.append([entry]);
  }
}

const endsAtMsOf = ({ endsAt }: Pick<KeyRow, 'endsAt'>): number =>
  endsAt === undefined ? Number.POSITIVE_INFINITY : Date.parse(endsAt);

const hashedKey = ({ keyId, ownerId = keyId, tenantId, scopes, sha256, endsAt }: KeyRow) => ({
  keyId,
  ownerId,
  tenantId,
  scopes,
  digest: Buffer.from(sha256, 'hex'),
  endsAtMs: endsAtMsOf({ endsAt }),
});

const recordOf = ({ sha256: _, ...record }: KeyRow): KeyRecord => record;

function rowOf({ keys }: StoredRing, keyId: string): KeyRow {
  const row = keys.find((key) => key.keyId === keyId);
  if (!row) throw new VoicePrintsError('KEY_NOT_FOUND', `there is no API key ${keyId}; see "voice-prints keys list"`);
  return row;
}

const hasEnded = (keyId: string) =>
  new VoicePrintsError('KEY_NOT_FOUND', `API key ${keyId} has ended and cannot be replaced; create a new one`);

function assertTenant(tenantId: string): void {
  if (!TENANT.test(tenantId)) throw invalid('a tenant is 1 to 64 of a-z, A-Z, 0-9, dot, dash, underscore; rename it');
}

/** Where the keys of a store are. */
export const ringStoreOf = ({ storeDirectory, databaseUrl }: StorePlace): RingStore =>
  databaseUrl === undefined ? new FileRing(storeDirectory) : new PostgresRing(databaseUrl);

const uncertain = (): VoicePrintsError =>
  new VoicePrintsError(
    'REGISTRY_UNAVAILABLE',
    'the API keys could not be looked up for five minutes; check that the database runs and can be reached from here',
  );

const invalid = (message: string) => new VoicePrintsError('CONFIG_INVALID', message);
