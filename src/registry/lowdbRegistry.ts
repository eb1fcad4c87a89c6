import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Low } from 'lowdb';
import { VoicePrintsError } from '../core/errors.js';
import type { Voiceprint } from '../core/voiceprint.js';
import { fromRow, toRow } from './row.js';
import { type Rows, rowKey } from './storedForm.js';
import { StoreFile } from './storeFile.js';
import { StoreLock } from './storeLock.js';
import type { VoiceprintRegistry } from './voiceprintRegistry.js';

const STORE_FILE = 'voiceprints.json';
const LOCK_FILE = '.voiceprints.lock';
/** Left between two writes of one process, longer than a waiter's poll, so that a busy writer starves nobody. */
const PAUSE_BETWEEN_WRITES_MS = 8;

export interface LowdbRegistryOptions {
  /** Encrypts the store at rest: any text; the same one every time. */
  readonly encryptionKey?: string | undefined;
  /** How long a write waits for another process's. Default 10,000 ms, then REGISTRY_LOCKED. */
  readonly lockWaitMs?: number;
}

/** A step over all rows: changes them and returns its answer, or throws and leaves them as they were. */
type Step<T> = (rows: Rows) => T;

interface PendingStep {
  /** Runs the step; the function it returns tells the caller, once the rows are on disk. */
  readonly take: (rows: Rows) => () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Voiceprints in one JSON file of a folder, for one machine. Several processes may share the folder: reads take no
 * lock and see the last whole write; a write holds a lock file just long enough to read the newest state, change it
 * and replace the file. Changes that arrive while one is being written go together into the next.
 */
export class LowdbRegistry implements VoiceprintRegistry {
  readonly #file: StoreFile;
  readonly #db: Low<Rows>;
  readonly #lock: StoreLock;
  readonly #pending: PendingStep[] = [];
  #writer: Promise<void> | undefined;
  /** One at a time looks at or replaces `#db.data`; otherwise a slow read could undo a write in memory. */
  #turn: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  private constructor(directory: string, { encryptionKey, lockWaitMs = 10_000 }: LowdbRegistryOptions) {
    this.#file = new StoreFile(join(directory, STORE_FILE), encryptionKey);
    this.#db = new Low<Rows>(this.#file, new Map());
    this.#lock = new StoreLock(join(directory, LOCK_FILE), lockWaitMs);
  }

  /**
   * Opens a folder, made when missing. Throws REGISTRY_UNAVAILABLE, REGISTRY_CORRUPT, REGISTRY_VERSION_NEWER,
   * REGISTRY_KEY_MISSING or REGISTRY_KEY_WRONG. A plain store given a key stays plain until its next write.
   */
  static async open(directory: string, options: LowdbRegistryOptions = {}): Promise<LowdbRegistry> {
    const registry = new LowdbRegistry(directory, options);
    await guarded(async () => {
      await registry.#file.prepare();
      await registry.#rows();
    });
    return registry;
  }

  async list(tenantId: string): Promise<readonly Voiceprint[]> {
    const rows = await guarded(() => this.#rows());
    const own = [...rows.values()].filter((row) => row.tenantId === tenantId);
    return own.sort((a, b) => (a.id < b.id ? -1 : 1)).map(fromRow);
  }

  async get(tenantId: string, id: string): Promise<Voiceprint | undefined> {
    const row = (await guarded(() => this.#rows())).get(rowKey(tenantId, id));
    return row && fromRow(row);
  }

  update(
    tenantId: string,
    id: string,
    change: (current: Voiceprint | undefined) => Voiceprint | undefined,
  ): Promise<Voiceprint | undefined> {
    return this.#write((rows) => {
      const key = rowKey(tenantId, id);
      const row = rows.get(key);
      const current = row && fromRow(row);
      const after = change(current);
      if (after === current) return current;
      if (after) rows.set(key, toRow({ ...after, tenantId, id }));
      else rows.delete(key);
      return after;
    });
  }

  putAll(
    tenantId: string,
    voiceprints: readonly Voiceprint[],
    { replace }: { readonly replace: boolean },
  ): Promise<void> {
    return this.#write((rows) => {
      const taken = voiceprints.filter(({ id }) => rows.has(rowKey(tenantId, id))).map(({ id }) => id);
      if (taken.length > 0 && !replace) throw speakersExist(taken);
      for (const voiceprint of voiceprints)
        rows.set(rowKey(tenantId, voiceprint.id), toRow({ ...voiceprint, tenantId }));
    });
  }

  delete(tenantId: string, id: string): Promise<boolean> {
    return this.#write((rows) => rows.delete(rowKey(tenantId, id)));
  }

  /** Waits for writes under way; afterwards every call is refused. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    await this.#writer;
    await this.#turn;
  }

  #write<T>(step: Step<T>): Promise<T> {
    if (this.#isClosed) return Promise.reject(closed());
    return new Promise((resolve, reject) => {
      const take = (rows: Rows) => {
        try {
          const answer = step(rows);
          return () => resolve(answer);
        } catch (error) {
          return () => reject(error);
        }
      };
      this.#pending.push({ take, reject });
      this.#writer ??= this.#writeAll();
    });
  }

  async #writeAll(): Promise<void> {
    do {
      await this.#writeBatch();
      await sleep(PAUSE_BETWEEN_WRITES_MS);
    } while (this.#pending.length > 0);
    this.#writer = undefined;
  }

  async #writeBatch(): Promise<void> {
    let batch: PendingStep[] | undefined;
    const write = (stillMine: () => Promise<void>) =>
      this.#alone(() => {
        batch = this.#pending.splice(0); // taken late: whatever came while waiting for the lock goes along
        return this.#apply(batch, stillMine);
      });
    try {
      const answers = await guarded(() => this.#lock.holding(write));
      for (const answer of answers) answer(); // once the lock is gone too: nothing of the write is left behind
    } catch (error) {
      for (const { reject } of batch ?? this.#pending.splice(0)) reject(error);
    }
  }

  /** Changes a copy of the newest rows, writes it, and gives back what to answer. A step that throws fails alone. */
  async #apply(batch: readonly PendingStep[], stillMine: () => Promise<void>): Promise<(() => void)[]> {
    await this.#db.read();
    const before = this.#db.data;
    const rows: Rows = new Map(before);
    const answers = batch.map(({ take }) => take(rows));
    if (rows.size !== before.size || [...rows].some(([key, row]) => before.get(key) !== row)) {
      this.#file.beforeRename = stillMine;
      this.#db.data = rows;
      try {
        await this.#db.write();
      } catch (error) {
        this.#db.data = before;
        throw error;
      }
    }
    return answers;
  }

  /** The newest rows, read again only where the file changed. */
  #rows(): Promise<Rows> {
    if (this.#isClosed) return Promise.reject(closed());
    return this.#alone(async () => {
      await this.#db.read();
      return this.#db.data;
    });
  }

  #alone<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => undefined); // the caller of `work` gets the error; the queue goes on
    return turn;
  }
}

/** Failures of the file system, in our words. */
async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (error instanceof VoicePrintsError || typeof code !== 'string') throw error;
    const message = `the voiceprint store cannot be used (${code}); check that its folder exists, is yours and has room`;
    throw new VoicePrintsError('REGISTRY_UNAVAILABLE', message, { details: { systemCode: code }, cause: error });
  }
}

const closed = () => new VoicePrintsError('REGISTRY_UNAVAILABLE', 'the voiceprint store was closed; open it again');

const speakersExist = (ids: readonly string[]) =>
  new VoicePrintsError(
    'SPEAKER_EXISTS',
    `${ids.length === 1 ? 'this speaker is' : 'these speakers are'} already enrolled: ${ids.join(', ')}; ask to replace them, or leave them out`,
    { details: { speakerIds: ids.join(',') } },
  );
