import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { VoicePrintsError } from '../../core/errors.js';
import { removeTemporaries } from '../../files/atomicFile.js';
import { StoreLock } from '../../files/storeLock.js';
import { guarded } from '../guarded.js';
import { LockedWrites, type PendingWrite } from '../lockedWrites.js';
import type { SealingKeys } from '../sealingKeys.js';
import type { SpeechFolder } from '../speechFolder.js';
import type { StoreHead } from '../stored/headForm.js';
import type { VoiceprintRow } from '../stored/row.js';
import { Commit, type RowsOf } from './commit.js';
import { EMPTY_HEAD, HeadFile, type HeadState } from './headFile.js';
import { carryOut } from './intents.js';
import { sealEverything, tenantsIn } from './sealEverything.js';
import { moveSingleFile, SingleFile } from './singleFile.js';
import { TenantShards } from './tenantShards.js';

/** Called now and then during long work, to show that the disk answers. */
export type OnAlive = () => void;

interface PendingChange extends PendingWrite {
  /** Changes rows within a commit; what it returns settles the caller, once the change is on disk. */
  readonly take: (commit: Commit) => Promise<() => void>;
}

export interface ShardedStoreOptions {
  readonly folder: string;
  readonly keys: SealingKeys;
  readonly speech: SpeechFolder;
  readonly lockWaitMs: number;
  readonly onAlive: OnAlive;
}

/**
 * Voiceprints of one folder in shards of bounded size, shared by several processes of one machine: reads need no lock and
 * see the last complete write; a write holds a lock just long enough to read the shards concerned, change them and replace
 * their files. `voiceprints.json` says what changed last.
 */
export class ShardedStore {
  readonly #folder: string;
  readonly #keys: SealingKeys;
  readonly #speech: SpeechFolder;
  readonly #head: HeadFile;
  #single: SingleFile;
  readonly #lock: StoreLock;
  readonly onAlive: OnAlive;
  readonly #writes: LockedWrites<PendingChange>;
  readonly #tenants = new Map<string, TenantShards>();
  #isClosed = false;

  constructor({ folder, keys, speech, lockWaitMs, onAlive }: ShardedStoreOptions) {
    this.onAlive = onAlive;
    this.#folder = folder;
    this.#keys = keys;
    this.#speech = speech;
    this.#head = new HeadFile(join(folder, 'voiceprints.json'));
    this.#single = new SingleFile(this.#head.path, keys);
    this.#lock = new StoreLock(join(folder, '.voiceprints.lock'), lockWaitMs, onAlive);
    this.#writes = new LockedWrites(this.#lock, (take, stillMine) => this.#apply(take, stillMine));
  }

  /** Creates the folder, moves what an earlier release stored, and seals what is plain where there is a key. */
  async open(): Promise<void> {
    await guarded(async () => {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      const state = await this.#head.read();
      if (state.kind === 'single') await this.#single.rows(); // damage is reported before anything is tried
      const isNew = state.kind === 'absent' && (await tenantsIn(this.#folder)).length === 0;
      const isReady = isNew || (state.kind !== 'single' && (await this.#isReady(headOf(state))));
      if (!isReady) await this.#lock.holding((stillMine) => this.#prepare(stillMine)).catch(unlessNotWritable);
    });
  }

  /** The head, after a change that another process has begun is complete. */
  async settled(): Promise<HeadState> {
    const state = await this.#read(() => this.#head.read());
    if (state.kind !== 'sharded' || !state.head.intent) return state;
    // Its writer is about to finish it, or was killed: with the lock it is known which.
    await this.#read(() => this.#lock.holding((stillMine) => this.#prepare(stillMine)).catch(unlessNotWritable));
    return this.#read(() => this.#head.read());
  }

  async get(tenantId: string, id: string): Promise<VoiceprintRow | undefined> {
    const state = await this.settled();
    if (state.kind === 'single') return (await this.singleRows(tenantId)).find((row) => row.id === id);
    return this.#read(async () => (await this.tenant(tenantId).shardWith(id)).rows?.get(id));
  }

  /** Rows of a tenant in the single file of an earlier release, in a folder that cannot be written. */
  async singleRows(tenantId: string): Promise<VoiceprintRow[]> {
    const rows = await this.#read(() => this.#single.rows());
    return [...rows.values()].filter((row) => row.tenantId === tenantId);
  }

  tenant(tenantId: string): TenantShards {
    const known = this.#tenants.get(tenantId) ?? new TenantShards(this.#folder, tenantId, this.#keys);
    this.#tenants.set(tenantId, known);
    return known;
  }

  /** Changes the rows of some people; resolves with the step's result once that is on disk. A step that throws changes nothing. */
  change<T>(tenantId: string, ids: readonly string[], step: (rows: RowsOf) => T): Promise<T> {
    if (this.#isClosed) return Promise.reject(closed());
    return new Promise((resolve, reject) => {
      const take = async (commit: Commit) => {
        try {
          const answer = step(await guarded(() => commit.rowsOf(this.tenant(tenantId), ids)));
          return () => resolve(answer);
        } catch (error) {
          return () => reject(error);
        }
      };
      this.#writes.add({ take, reject });
    });
  }

  /** Work that nobody's change may come between. */
  exclusively<T>(work: () => Promise<T>): Promise<T> {
    return this.#read(() =>
      this.#lock.holding(async (stillMine) => {
        await this.#prepare(stillMine);
        return work();
      }),
    );
  }

  /** Waits for pending writes; afterwards every call is refused. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#writes.settled();
  }

  async #apply(take: () => readonly PendingChange[], stillMine: () => Promise<void>): Promise<(() => void)[]> {
    const state = await this.#prepare(stillMine);
    const commit = new Commit({
      folder: this.#folder,
      keys: this.#keys,
      headFile: this.#head,
      state,
      speech: this.#speech,
    });
    const answers: (() => void)[] = [];
    for (const change of take()) answers.push(await change.take(commit));
    await commit.write(this.#renewing(stillMine));
    return answers;
  }

  /** Renews the lock, and shows that the disk answers. */
  #renewing(stillMine: () => Promise<void>): () => Promise<void> {
    return async () => {
      await stillMine();
      this.onAlive();
    };
  }

  /** True where the shards are complete and sealed as the key asks. Throws REGISTRY_KEY_MISSING, REGISTRY_KEY_WRONG. */
  async #isReady({ intent, keyCheck }: StoreHead): Promise<boolean> {
    if (keyCheck) await this.#keys.forBox(keyCheck);
    return !intent && (keyCheck !== undefined || !this.#keys.isSealing);
  }

  /** Under the lock: completes what is unfinished. */
  async #prepare(stillMine: () => Promise<void>): Promise<HeadState> {
    const parts = { folder: this.#folder, keys: this.#keys, speech: this.#speech, headFile: this.#head };
    const renew = this.#renewing(stillMine);
    let state = await this.#head.read();
    if (state.kind === 'single') {
      const rows = await this.#single.rows();
      await moveSingleFile({ rows, isPlain: this.#single.isPlain }, parts, renew);
      for (const tenant of this.#tenants.values()) tenant.forgetNames();
      this.#single = new SingleFile(this.#head.path, this.#keys); // frees the memory
    } else if (state.kind === 'sharded' && state.head.intent) await carryOut(state.head, parts);
    state = await this.#head.read();
    if (!(await this.#isReady(headOf(state)))) await sealEverything(headOf(state), parts, renew);
    await removeTemporaries(this.#head.path);
    return this.#head.read();
  }

  async #read<T>(work: () => Promise<T>): Promise<T> {
    if (this.#isClosed) throw closed();
    return guarded(work);
  }
}

export const headOf = (state: HeadState): StoreHead => (state.kind === 'sharded' ? state.head : EMPTY_HEAD);

const NOT_WRITABLE: readonly unknown[] = ['EROFS', 'EACCES', 'EPERM', 'ENOSPC', 'EDQUOT'];

/** A folder that cannot be written, or has no room, must still be readable. */
function unlessNotWritable(error: unknown): void {
  const { code } = error as NodeJS.ErrnoException;
  if (!NOT_WRITABLE.includes(code)) throw error;
}

const closed = () => new VoicePrintsError('REGISTRY_UNAVAILABLE', 'the voiceprint store was closed; open it again');
