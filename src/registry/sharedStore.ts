import { join } from 'node:path';
import { Low } from 'lowdb';
import { VoicePrintsError } from '../core/errors.js';
import { InTurn } from '../core/inTurn.js';
import { StoreLock } from '../files/storeLock.js';
import { guarded } from './guarded.js';
import { LockedWrites, type PendingWrite } from './lockedWrites.js';
import type { SealingKeys } from './sealingKeys.js';
import type { StoredForm } from './stored/storedForm.js';
import { StoreFile } from './stored/storeFile.js';

export interface SharedStoreOptions {
  /** Passphrase that encrypts the file at rest; must be the same every time. */
  readonly encryptionKey?: string | undefined;
  /** How long a write waits for the lock of another process. Default 10,000 ms, then REGISTRY_LOCKED. */
  readonly lockWaitMs?: number | undefined;
}

/** Which file of a folder, and the lock that guards it. */
export interface SharedStorePlace {
  readonly folder: string;
  readonly file: string;
  readonly lock: string;
}

/** A step on the newest body: changes the given copy and returns a result, or throws and changes nothing. */
type Step<Body, T> = (body: Body) => T;

interface PendingStep<Body> extends PendingWrite {
  /** Runs the step; returns a function that settles the caller's promise, to be called once the change is on disk. */
  readonly take: (body: Body) => () => void;
}

/**
 * One JSON file of a folder, shared by several processes of one machine: reads need no lock and see the last complete
 * write; a write holds a lock file just long enough to read the newest state, change it and replace the file. Changes
 * that arrive during a write are combined in the next one.
 */
export class SharedStore<Body> {
  readonly #form: StoredForm<Body>;
  readonly #file: StoreFile<Body>;
  readonly #db: Low<Body>;
  readonly #writes: LockedWrites<PendingStep<Body>>;
  /** Serializes access to `#db.data`; otherwise a slow read could undo a write in memory. */
  readonly #access = new InTurn();
  #isClosed = false;

  constructor(
    form: StoredForm<Body>,
    { folder, file, lock }: SharedStorePlace,
    keys: SealingKeys,
    lockWaitMs = 10_000,
  ) {
    this.#form = form;
    this.#file = new StoreFile(join(folder, file), form, keys);
    this.#db = new Low<Body>(this.#file, form.empty());
    this.#writes = new LockedWrites(new StoreLock(join(folder, lock), lockWaitMs), (take, stillMine) =>
      this.#access.run(() => this.#apply(take(), stillMine)),
    );
  }

  /**
   * Creates the folder if necessary and reads the file. Throws REGISTRY_UNAVAILABLE, REGISTRY_CORRUPT,
   * REGISTRY_VERSION_NEWER, REGISTRY_KEY_MISSING or REGISTRY_KEY_WRONG.
   */
  async open(): Promise<void> {
    await guarded(() => this.#file.prepare());
    await this.read();
  }

  /** True where the file is plain though there is a key: its next write encrypts it. */
  get isToBeSealed(): boolean {
    return this.#file.isToBeSealed;
  }

  /** The newest state, read again only where the file changed. Must not be modified. */
  read(): Promise<Body> {
    if (this.#isClosed) return Promise.reject(closed());
    return guarded(() =>
      this.#access.run(async () => {
        await this.#db.read();
        return this.#db.data;
      }),
    );
  }

  /** Resolves with the step's result once its change is on disk. */
  write<T>(step: Step<Body, T>): Promise<T> {
    if (this.#isClosed) return Promise.reject(closed());
    return new Promise((resolve, reject) => {
      const take = (body: Body) => {
        try {
          const answer = step(body);
          return () => resolve(answer);
        } catch (error) {
          return () => reject(error);
        }
      };
      this.#writes.add({ take, reject });
    });
  }

  /** Waits for pending writes; afterwards every call is refused. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#writes.settled();
    await this.#access.done();
  }

  /** Changes a copy of the newest state, writes it, and returns the functions that settle the callers. A step that throws fails alone. */
  async #apply(batch: readonly PendingStep<Body>[], stillMine: () => Promise<void>): Promise<(() => void)[]> {
    await this.#db.read();
    const before = this.#db.data;
    const after = this.#form.copyOf(before);
    const answers = batch.map(({ take }) => take(after));
    if (this.#file.isToBeSealed || !this.#form.isSame(before, after)) {
      this.#file.beforeRename = stillMine;
      this.#db.data = after;
      try {
        await this.#db.write();
      } catch (error) {
        this.#db.data = before;
        throw error;
      }
    }
    return answers;
  }
}

const closed = () => new VoicePrintsError('REGISTRY_UNAVAILABLE', 'the voiceprint store was closed; open it again');
