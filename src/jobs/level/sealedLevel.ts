import type { BatchOperation, ClassicLevel } from 'classic-level';
import type { VoicePrintsError } from '../../core/errors.js';
import type { SealingKey } from '../../sealing/sealing.js';
import { corrupt, guarded, storeError } from './levelErrors.js';
import { loadLevel } from './loadLevel.js';
import { PrivateFolder } from './privateFolder.js';
import { META_KEY, type RowForm, rowFormOf } from './rowForm.js';

/** Before and after all other keys. */
const FIRST_KEY = '!';
const LAST_KEY = '~';

/** Rows to put and keys to delete, all or none of them. */
export interface Change {
  readonly put?: readonly (readonly [key: string, value: unknown])[];
  readonly delete?: readonly string[];
}

/** A pending write. */
interface Waiting {
  readonly operations: readonly Operation[];
  readonly isDurable: boolean;
  readonly resolve: () => void;
  readonly reject: (error: VoicePrintsError) => void;
}

type Operation = BatchOperation<ClassicLevel<string, Buffer>, string, Buffer>;

/** State to restore before anything else is read or written. */
interface Damage {
  /** Reverts what the failed write may have left on disk: its caller received an error. */
  readonly undo: readonly Operation[];
  /** Every key that existed before it. */
  readonly keys: ReadonlySet<string>;
  error: VoicePrintsError;
  tryAgainAtMs: number;
}

const REPAIR_EVERY_MS = 1_000;

/**
 * LevelDB with JSON rows, encrypted where a key is given; plain rows are encrypted when the folder is first opened with a
 * key. One process at a time: LevelDB's own lock, which the kernel releases when its process is killed.
 *
 * After a failed write (a full disk) LevelDB continues after the half-written record, and all writes acknowledged from then
 * on are lost at the next start. Therefore there is one write at a time, and after a failure the database is closed,
 * reopened and checked; until that succeeds, every call is refused.
 */
export class SealedLevel implements AsyncDisposable {
  readonly #db: ClassicLevel<string, Buffer>;
  readonly #files: PrivateFolder;
  readonly #form: RowForm;
  /** Something was deleted or overwritten since the last `forget`, possibly by an earlier process. */
  hasOld = true;
  readonly #waiting: Waiting[] = [];
  #writer: Promise<void> | undefined;
  #damage: Damage | undefined;
  #repairing: Promise<void> | undefined;

  private constructor(db: ClassicLevel<string, Buffer>, files: PrivateFolder, form: RowForm) {
    this.#db = db;
    this.#files = files;
    this.#form = form;
  }

  /**
   * Opens a folder, creating it if necessary. Throws JOBS_LOCKED, REGISTRY_UNAVAILABLE (also where LevelDB cannot be
   * loaded), REGISTRY_CORRUPT, REGISTRY_KEY_MISSING, REGISTRY_KEY_WRONG, REGISTRY_VERSION_NEWER.
   */
  static async open(folder: string, encryptionKey: string | undefined): Promise<SealedLevel> {
    const { ClassicLevel } = await loadLevel();
    const db = new ClassicLevel<string, Buffer>(folder, { keyEncoding: 'utf8', valueEncoding: 'buffer' });
    const files = await guarded(() => PrivateFolder.open(folder));
    try {
      await guarded(() => db.open());
      await guarded(() => files.closeToOthers());
      const { form, isToBeSealed } = await guarded(() => rowFormOf(db, encryptionKey));
      const level = new SealedLevel(db, files, form);
      if (isToBeSealed) await level.#sealPlainRows();
      return level;
    } catch (error) {
      files[Symbol.dispose]();
      await db.close();
      throw error;
    }
  }

  /** Undefined: nothing is encrypted. */
  get key(): SealingKey | undefined {
    return this.#form.key;
  }

  async get(key: string): Promise<unknown> {
    await this.#whole();
    const bytes = await guarded(() => this.#db.get(key));
    return bytes === undefined ? undefined : this.#form.valueOf(key, bytes);
  }

  /** Every row whose key begins with `prefix`, in order of the keys. */
  async *all(prefix: string): AsyncGenerator<readonly [key: string, value: unknown]> {
    await this.#whole();
    try {
      for await (const [key, bytes] of this.#db.iterator({ gt: prefix, lt: `${prefix}\uffff` })) {
        yield [key, this.#form.valueOf(key, bytes)];
      }
    } catch (error) {
      throw storeError(error);
    }
  }

  /**
   * `isDurable`: on disk when resolved; otherwise it survives the end of the process, but not a loss of power.
   * A rejected promise means: none of it was written, and none will be present after a restart.
   */
  write(change: Change, isDurable: boolean): Promise<void> {
    const puts = (change.put ?? []).map(([key, value]) => this.#putOf(key, value));
    const deletes = (change.delete ?? []).map((key) => ({ type: 'del' as const, key }));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ operations: [...puts, ...deletes], isDurable, resolve, reject });
      this.#writer ??= this.#writeAll();
    });
  }

  /**
   * Removes deleted and overwritten rows from the files. LevelDB compacts rows from level to level and drops old ones on the
   * way, but never compacts the lowest level by itself: a second pass forces that with two rows that enclose all others.
   */
  async forget(): Promise<void> {
    await this.#whole();
    this.hasOld = false;
    try {
      await guarded(() => this.#db.compactRange(FIRST_KEY, LAST_KEY));
      await this.write({ put: [FIRST_KEY, LAST_KEY].map((key) => [key, null] as const) }, true);
      await guarded(() => this.#db.compactRange(FIRST_KEY, LAST_KEY));
      this.hasOld = false;
    } catch (error) {
      this.hasOld = true;
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer;
    await this.#repairing?.catch(() => undefined); // reported to the call that started it
    this.#files[Symbol.dispose]();
    await this.#db.close();
  }

  /** Writes one group at a time: writes that arrive meanwhile form the next group. */
  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) await this.#writeGroup(this.#waiting.splice(0));
    this.#writer = undefined;
  }

  async #writeGroup(group: readonly Waiting[]): Promise<void> {
    const operations = group.flatMap((one) => one.operations);
    try {
      await this.#whole();
      const sync = group.some(({ isDurable }) => isDurable);
      await this.#db.batch(operations, { sync }).catch(async (thrown: unknown) => {
        throw await this.#failed(operations, storeError(thrown));
      });
      this.hasOld = true;
      for (const { resolve } of group) resolve();
    } catch (error) {
      for (const { reject } of group) reject(storeError(error));
    }
  }

  /** Records what to restore while the database can still read it: a failed write is not in its memory. */
  async #failed(operations: readonly Operation[], error: VoicePrintsError): Promise<VoicePrintsError> {
    const keys = (await this.#db.keys().all()).filter((key) => key !== FIRST_KEY);
    const undo = operations.map(async ({ key }): Promise<Operation> => {
      const value = await this.#db.get(key);
      return value === undefined ? { type: 'del', key } : { type: 'put', key, value };
    });
    this.#damage = { undo: await Promise.all(undo), keys: new Set(keys), error, tryAgainAtMs: 0 };
    await this.#db.close();
    return error;
  }

  /** Resolves once nothing is damaged. Throws REGISTRY_UNAVAILABLE, REGISTRY_CORRUPT or JOBS_LOCKED. */
  async #whole(): Promise<void> {
    const damage = this.#damage;
    if (damage === undefined) return;
    if (this.#repairing === undefined && Date.now() < damage.tryAgainAtMs) throw damage.error;
    this.#repairing ??= this.#repair(damage).finally(() => {
      this.#repairing = undefined;
    });
    await this.#repairing;
  }

  async #repair(damage: Damage): Promise<void> {
    try {
      await this.#db.open({ createIfMissing: false });
      await this.#files.closeToOthers();
      // One extra row, so that there is a write to verify even if there is nothing to revert.
      await this.#db.batch([...damage.undo, this.#putOf(FIRST_KEY, null)], { sync: true });
      const keys = (await this.#db.keys().all()).filter((key) => key !== FIRST_KEY);
      if (keys.length !== damage.keys.size || keys.some((key) => !damage.keys.has(key))) throw corrupt();
      this.#damage = undefined;
    } catch (thrown) {
      damage.error = storeError(thrown);
      // If another process has used the folder meanwhile, the index of this one may be out of date.
      const mayPass = damage.error.code === 'REGISTRY_UNAVAILABLE';
      damage.tryAgainAtMs = mayPass ? Date.now() + REPAIR_EVERY_MS : Number.POSITIVE_INFINITY;
      await this.#db.close();
      throw damage.error;
    }
  }

  #putOf(key: string, value: unknown): Operation {
    return { type: 'put', key, value: this.#form.bytesOf(key, value) };
  }

  async #sealPlainRows(): Promise<void> {
    const rows: Operation[] = [];
    for (const place of [{ lt: META_KEY }, { gt: META_KEY }]) {
      for await (const [key, bytes] of this.#db.iterator(place)) {
        rows.push(this.#putOf(key, this.#form.valueOf(key, bytes)));
      }
    }
    const head: Operation = { type: 'put', key: META_KEY, value: this.#form.metaBytes };
    await guarded(() => this.#db.batch([head, ...rows], { sync: true }));
    if (rows.length > 0) await this.forget();
  }
}
