import { randomBytes } from 'node:crypto';
import { unwatchFile, watchFile } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { present } from '../../core/present.js';
import { replaceFile } from '../../files/atomicFile.js';
import { type AuditAction, AuditLog, StoreLock, VoicePrintsError } from '../../index.js';
import { type HashedKey, TENANT } from './apiKeys.js';
import { SCOPES, type Scope } from './caller.js';
import { digestOf, newKey } from './keyDigest.js';
import { EMPTY_RING, type KeyRow, keyFileOf, LONGEST_LABEL, readKeyFile, type StoredRing } from './keyFile.js';
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
  /** The file cannot be read; the keys are unchanged. */
  onFailure(error: unknown): void;
}

/** Polling interval for changes by other processes. */
const POLL_MS = 1_000;
const LOCK_WAIT_MS = 10_000;

/**
 * The keys of a store: a file of digests that the command line and the editor change while servers read it.
 * A key itself is shown once, when it is created. Every change is recorded in the audit log of the store.
 */
export class KeyRing implements Disposable {
  readonly #folder: string;
  readonly #actor: string;
  readonly #nowMs: () => number;
  readonly #lock: StoreLock;
  readonly #log: AuditLog;
  #ring = EMPTY_RING;
  /** Keys of the ring, except revoked ones. */
  #held: readonly (HashedKey & { readonly endsAtMs: number })[] = [];
  /** Latest time seen: a key that has ended stays ended when the clock is set back. */
  #latestMs = 0;
  /** Version of the state: a read that was overtaken by a change is discarded. */
  #turn = 0;
  #followed: { readonly poll: () => void; readonly listener: RingListener } | undefined;

  /** Empty until it is read. */
  constructor(storeDirectory: string, { actor = 'program', nowMs = Date.now }: KeyRingOptions = {}) {
    this.#folder = storeDirectory;
    this.#actor = actor;
    this.#nowMs = nowMs;
    this.#lock = new StoreLock(join(storeDirectory, '.api-keys.lock'), LOCK_WAIT_MS);
    this.#log = new AuditLog(storeDirectory);
  }

  /** Opens and reads the ring of a store. Throws FILE_UNREADABLE, and CONFIG_INVALID where its file is not a key file. */
  static async open(storeDirectory: string, options?: KeyRingOptions): Promise<KeyRing> {
    const ring = new KeyRing(storeDirectory, options);
    await ring.read();
    return ring;
  }

  /** Throws FILE_UNREADABLE, and CONFIG_INVALID where the file is not a key file. Without a file the ring is empty. */
  async read(): Promise<void> {
    this.#turn += 1;
    const turn = this.#turn;
    const ring = await readKeyFile(keyFileOf(this.#folder));
    if (turn === this.#turn) this.#take(ring);
  }

  /** Watches the file for changes until disposed. */
  follow(listener: RingListener): void {
    if (this.#followed) return;
    const poll = () => {
      this.read().catch((error: unknown) => listener.onFailure(error));
    };
    this.#followed = { poll, listener };
    watchFile(keyFileOf(this.#folder), { interval: POLL_MS, persistent: false }, poll);
  }

  [Symbol.dispose](): void {
    if (this.#followed) unwatchFile(keyFileOf(this.#folder), this.#followed.poll);
    this.#followed = undefined;
  }

  /** Keys that are valid now. */
  current(): readonly HashedKey[] {
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

  /** Reads again before it writes, under the lock: no revocation is lost to a concurrent change. */
  async #change(change: (ring: StoredRing) => StoredRing): Promise<StoredRing> {
    const path = keyFileOf(this.#folder);
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      return await this.#lock.holding(async (stillMine) => {
        const next = this.#withEnds(change(await readKeyFile(path)));
        await replaceFile(path, `${JSON.stringify(next, null, 2)}\n`, { beforeRename: stillMine });
        this.#turn += 1;
        this.#take(next);
        return next;
      });
    } catch (cause) {
      throw cause instanceof VoicePrintsError ? cause : unwritable(path, cause);
    }
  }

  #take(ring: StoredRing): void {
    this.#ring = ring;
    this.#held = ring.keys.filter(({ isRevoked }) => !isRevoked).map(hashedKey);
    this.#followed?.listener.onChange?.();
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

const unwritable = (path: string, cause: unknown): VoicePrintsError =>
  new VoicePrintsError(
    'FILE_UNWRITABLE',
    `${path} cannot be written (${(cause as NodeJS.ErrnoException).code}); check the rights of the folder`,
    { cause },
  );

const invalid = (message: string) => new VoicePrintsError('CONFIG_INVALID', message);
