import { randomBytes } from 'node:crypto';
import { unwatchFile, watchFile } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { VoicePrintsError } from '../../core/errors.js';
import { type HashedKey, TENANT } from '../apiKeys.js';
import { SCOPES, type Scope } from './caller.js';
import { digestOf, newKey } from './keyDigest.js';
import { replaceFile } from './replaceFile.js';
import type { TenantLimits } from './tenantGate.js';

const keyRow = z.object({
  keyId: z.string().min(1),
  tenantId: z.string().regex(TENANT),
  label: z.string().max(200),
  scopes: z.array(z.enum(SCOPES)).min(1),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  createdAt: z.iso.datetime(),
  /** Refused from then on: when it was revoked, or, after a rotation, when its grace is over. */
  endsAt: z.iso.datetime().optional(),
});

const tenantRow = z.object({
  callsPerMinute: z.number().int().positive().optional(),
  audioMinutesPerDay: z.number().positive().optional(),
});

const ringForm = z.object({
  version: z.literal(1),
  keys: z.array(keyRow),
  tenants: z.record(z.string().regex(TENANT), tenantRow).default({}),
});

type Ring = z.output<typeof ringForm>;

/** A key as lists show it: never the key, nor its digest. */
export type KeyRecord = Omit<z.output<typeof keyRow>, 'sha256'>;

export interface NewKeyRequest {
  readonly tenantId: string;
  readonly scopes: readonly Scope[];
  readonly label?: string | undefined;
}

/** Changes by another process are seen within this time. */
const POLL_MS = 1_000;
const EMPTY: Ring = { version: 1, keys: [], tenants: {} };

/**
 * The keys of a store: a file of digests that the command line and the editor change while a server reads it.
 * A key itself is seen once, by whoever made it.
 */
export class KeyRing implements Disposable {
  readonly #path: string;
  readonly #nowMs: () => number;
  #ring: Ring;
  #poll: (() => void) | undefined;

  private constructor(path: string, ring: Ring, nowMs: () => number) {
    this.#path = path;
    this.#ring = ring;
    this.#nowMs = nowMs;
  }

  /** Throws FILE_UNREADABLE, and CONFIG_INVALID where the file is none of ours. No file is an empty ring. */
  static async open(path: string, nowMs: () => number = Date.now): Promise<KeyRing> {
    return new KeyRing(path, await readRing(path), nowMs);
  }

  /** Looks for changes of the file from now on, until disposed. A file that cannot be read leaves the keys as they are. */
  follow(onFailure: (error: unknown) => void): void {
    if (this.#poll) return;
    this.#poll = () => {
      readRing(this.#path).then((ring) => {
        this.#ring = ring;
      }, onFailure);
    };
    watchFile(this.#path, { interval: POLL_MS, persistent: false }, this.#poll);
  }

  [Symbol.dispose](): void {
    if (this.#poll) unwatchFile(this.#path, this.#poll);
    this.#poll = undefined;
  }

  /** Keys that hold now. */
  current(): readonly HashedKey[] {
    return this.#ring.keys
      .filter((key) => this.#holds(key))
      .map(({ keyId, tenantId, scopes, sha256 }) => ({ keyId, tenantId, scopes, digest: Buffer.from(sha256, 'hex') }));
  }

  limitsOf(tenantId: string): TenantLimits {
    return this.#ring.tenants[tenantId] ?? {};
  }

  list(): readonly KeyRecord[] {
    return this.#ring.keys.map(recordOf);
  }

  /** Makes a key, shown this once. Throws CONFIG_INVALID for a tenant of other letters. */
  async create({ tenantId, scopes, label = '' }: NewKeyRequest): Promise<{ record: KeyRecord; key: string }> {
    if (!TENANT.test(tenantId)) {
      throw new VoicePrintsError(
        'CONFIG_INVALID',
        'a tenant is 1 to 64 of a-z, A-Z, 0-9, dot, dash, underscore; rename it',
      );
    }
    const key = newKey();
    const row = {
      keyId: `key-${randomBytes(4).toString('hex')}`,
      tenantId,
      label,
      scopes: [...scopes],
      sha256: digestOf(key).toString('hex'),
      createdAt: new Date(this.#nowMs()).toISOString(),
    };
    await this.#change((ring) => ({ ...ring, keys: [...ring.keys, row] }));
    return { record: recordOf(row), key };
  }

  /** A new key of the same tenant and scopes; the old one holds for `graceMs` longer. Throws KEY_NOT_FOUND. */
  async rotate(keyId: string, graceMs: number): Promise<{ record: KeyRecord; key: string }> {
    const { tenantId, scopes, label } = this.#rowOf(keyId);
    const made = await this.create({ tenantId, scopes, label });
    await this.#end(keyId, graceMs);
    return made;
  }

  /** Refused from now on. Throws KEY_NOT_FOUND. */
  async revoke(keyId: string): Promise<KeyRecord> {
    this.#rowOf(keyId);
    await this.#end(keyId, 0);
    return recordOf(this.#rowOf(keyId));
  }

  /** Replaces the limits of a tenant. */
  async limit(tenantId: string, limits: TenantLimits): Promise<void> {
    const given = tenantRow.parse(limits);
    await this.#change((ring) => ({ ...ring, tenants: { ...ring.tenants, [tenantId]: given } }));
  }

  #end(keyId: string, graceMs: number): Promise<void> {
    const endsAt = new Date(this.#nowMs() + graceMs).toISOString();
    const ended = (row: Ring['keys'][number]) =>
      row.keyId === keyId && !(row.endsAt !== undefined && row.endsAt < endsAt) ? { ...row, endsAt } : row;
    return this.#change((ring) => ({ ...ring, keys: ring.keys.map(ended) }));
  }

  #holds({ endsAt }: KeyRecord): boolean {
    return endsAt === undefined || Date.parse(endsAt) > this.#nowMs();
  }

  #rowOf(keyId: string): Ring['keys'][number] {
    const row = this.#ring.keys.find((key) => key.keyId === keyId);
    if (!row) throw new VoicePrintsError('KEY_NOT_FOUND', `there is no API key ${keyId}; see "voice-prints keys list"`);
    return row;
  }

  /** Reads again before it writes: somebody else may have changed the file. */
  async #change(change: (ring: Ring) => Ring): Promise<void> {
    const next = change(await readRing(this.#path));
    await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 });
    await replaceFile(this.#path, `${JSON.stringify(next, null, 2)}\n`);
    this.#ring = next;
  }
}

const recordOf = ({ sha256: _, ...record }: Ring['keys'][number]): KeyRecord => record;

async function readRing(path: string): Promise<Ring> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') return EMPTY;
    throw new VoicePrintsError(
      'FILE_UNREADABLE',
      `the API keys cannot be read (${code}); check the rights of ${path}`,
      {
        cause,
      },
    );
  }
  try {
    return ringForm.parse(JSON.parse(text));
  } catch (cause) {
    throw new VoicePrintsError('CONFIG_INVALID', `${path} is no file of API keys; mend it, or move it away`, { cause });
  }
}
