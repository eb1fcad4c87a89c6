import type { BatchOperation, ClassicLevel } from 'classic-level';
import { z } from 'zod';
import { VoicePrintsError } from '../core/errors.js';
import { sealBytes, unsealBytes } from '../sealing/sealedBytes.js';
import { keyOfBox, newSealingKey, type SealingKey, STORE_ROUNDS, seal, sealedBox } from '../sealing/sealing.js';
import { PrivateFolder } from './privateFolder.js';

const FORMAT = 'voice-prints-jobs';
const VERSION = 1;
const META_KEY = 'meta';
/** Sealed inside the meta row, to check the key. */
const META_PURPOSE = 'voice-prints jobs';

const meta = z.object({
  format: z.literal(FORMAT),
  version: z.number().int().min(1),
  /** The key check; present where rows are encrypted. */
  sealed: sealedBox.optional(),
});

/** Before and after all other keys. */
const FIRST_KEY = '!';
const LAST_KEY = '~';

/** First byte of a row. */
const PLAIN = 0;
const SEALED = 1;

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
  /** Undefined: nothing is encrypted. */
  readonly key: SealingKey | undefined;
  /** Something was deleted or overwritten since the last `forget`, possibly by an earlier process. */
  hasOld = true;
  readonly #waiting: Waiting[] = [];
  #writer: Promise<void> | undefined;
  #damage: Damage | undefined;
  #repairing: Promise<void> | undefined;

  private constructor(db: ClassicLevel<string, Buffer>, files: PrivateFolder, key: SealingKey | undefined) {
    this.#db = db;
    this.#files = files;
    this.key = key;
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
      const { key, isNew } = await guarded(() => keyOf(db, encryptionKey));
      const level = new SealedLevel(db, files, key);
      if (key !== undefined && isNew) await level.#sealPlainRows();
      return level;
    } catch (error) {
      files[Symbol.dispose]();
      await db.close();
      throw error;
    }
  }

  async get(key: string): Promise<unknown> {
    await this.#whole();
    const bytes = await guarded(() => this.#db.get(key));
    return bytes === undefined ? undefined : this.#valueOf(key, bytes);
  }

  /** Every row whose key begins with `prefix`, in order of the keys. */
  async *all(prefix: string): AsyncGenerator<readonly [key: string, value: unknown]> {
    await this.#whole();
    try {
      for await (const [key, bytes] of this.#db.iterator({ gt: prefix, lt: `${prefix}\uffff` })) {
        yield [key, this.#valueOf(key, bytes)];
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
    return { type: 'put', key, value: this.#bytesOf(key, value) };
  }

  #bytesOf(key: string, value: unknown): Buffer {
    const json = Buffer.from(JSON.stringify(value));
    if (this.key === undefined) return Buffer.concat([Buffer.from([PLAIN]), json]);
    return Buffer.concat([Buffer.from([SEALED]), sealBytes(json, this.key, purposeOf(key))]);
  }

  #valueOf(key: string, bytes: Buffer): unknown {
    const body = bytes.subarray(1);
    if (bytes[0] !== SEALED) return parsed(body);
    if (this.key === undefined) throw keyMissing();
    return parsed(unsealBytes(body, this.key, purposeOf(key)));
  }

  async #sealPlainRows(): Promise<void> {
    const put: [string, unknown][] = [];
    for await (const [key, bytes] of this.#db.iterator({ gt: META_KEY })) put.push([key, parsed(bytes.subarray(1))]);
    for await (const [key, bytes] of this.#db.iterator({ lt: META_KEY })) put.push([key, parsed(bytes.subarray(1))]);
    const { key } = this;
    const box = key && seal(Buffer.alloc(0), key, META_PURPOSE);
    const head = Buffer.from(JSON.stringify({ format: FORMAT, version: VERSION, sealed: box }));
    const rows = put.map(([name, value]) => this.#putOf(name, value));
    await guarded(() => this.#db.batch([{ type: 'put', key: META_KEY, value: head }, ...rows], { sync: true }));
    if (put.length > 0) await this.forget();
  }
}

/** Bound to the key: one row cannot be substituted for another. */
const purposeOf = (key: string): string => `voice-prints jobs ${key}`;

async function keyOf(
  db: ClassicLevel<string, Buffer>,
  encryptionKey: string | undefined,
): Promise<{ readonly key: SealingKey | undefined; readonly isNew: boolean }> {
  const stored = await db.get(META_KEY);
  const head = stored === undefined ? undefined : meta.safeParse(parsed(stored));
  if (head?.success === false) throw corrupt();
  if (head && head.data.version > VERSION) throw newer(head.data.version);
  const box = head?.data.sealed;
  if (box !== undefined) {
    if (encryptionKey === undefined) throw keyMissing();
    return { key: await keyOfBox(encryptionKey, box), isNew: false };
  }
  if (encryptionKey !== undefined) return { key: await newSealingKey(encryptionKey, STORE_ROUNDS), isNew: true };
  if (head === undefined) {
    await db.put(META_KEY, Buffer.from(JSON.stringify({ format: FORMAT, version: VERSION })), { sync: true });
  }
  return { key: undefined, isNew: false };
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    throw corrupt(); // without the cause: it would quote the data
  }
}

/** Converts failures of LevelDB to a VoicePrintsError. */
async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw storeError(error);
  }
}

function storeError(error: unknown): VoicePrintsError {
  if (error instanceof VoicePrintsError) return error;
  const codes = [error, (error as Error | undefined)?.cause].map((one) => (one as { code?: unknown })?.code);
  if (codes.includes('LEVEL_LOCKED')) {
    return new VoicePrintsError(
      'JOBS_LOCKED',
      'another process runs the jobs of this store; send this call to that one, or end it and try again here',
      { cause: error },
    );
  }
  if (codes.includes('LEVEL_CORRUPTION')) return corrupt(error);
  return new VoicePrintsError(
    'REGISTRY_UNAVAILABLE',
    'the folder of the jobs cannot be used; check that it exists, is yours and has room',
    { cause: error },
  );
}

const keyMissing = () => new VoicePrintsError('REGISTRY_KEY_MISSING', 'the stored jobs are encrypted; give their key');

const corrupt = (cause?: unknown) =>
  new VoicePrintsError(
    'REGISTRY_CORRUPT',
    'the stored jobs cannot be read; restore the folder "jobs" of the store from a backup, or remove it and its jobs',
    cause === undefined ? {} : { cause },
  );

const newer = (version: number) =>
  new VoicePrintsError(
    'REGISTRY_VERSION_NEWER',
    `the jobs were stored by a newer version of voice-prints (form ${version}, this one knows ${VERSION}); update voice-prints`,
    { details: { version, known: VERSION } },
  );

/** Loaded with the first folder: where its binary does not run, everything but jobs and webhooks works. Throws REGISTRY_UNAVAILABLE. */
export async function loadLevel(): Promise<typeof import('classic-level')> {
  try {
    return await import('classic-level');
  } catch (cause) {
    const system = `${process.platform}-${process.arch}`;
    const message = `LevelDB, which keeps jobs and webhooks, cannot be loaded here (${system}); install this package again on this machine, and compilers where it has no program for it`;
    throw new VoicePrintsError('REGISTRY_UNAVAILABLE', message, { cause });
  }
}
