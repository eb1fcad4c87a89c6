import { mkdir } from 'node:fs/promises';
import { ClassicLevel } from 'classic-level';
import { z } from 'zod';
import { VoicePrintsError } from '../core/errors.js';
import { sealBytes, unsealBytes } from '../sealing/sealedBytes.js';
import { keyOfBox, newSealingKey, type SealingKey, STORE_ROUNDS, seal, sealedBox } from '../sealing/sealing.js';

const FORMAT = 'voice-prints-jobs';
const VERSION = 1;
const META_KEY = 'meta';
/** Sealed inside the meta row: only whether it opens counts. */
const META_PURPOSE = 'voice-prints jobs';

const meta = z.object({
  format: z.literal(FORMAT),
  version: z.number().int().min(1),
  /** There where rows are encrypted: with which key. */
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

/**
 * LevelDB with JSON rows, encrypted where a key is given; rows that were plain when a key comes are encrypted on
 * opening. One process at a time: LevelDB's own lock, which the kernel takes back from a killed one.
 */
export class SealedLevel implements AsyncDisposable {
  readonly #db: ClassicLevel<string, Buffer>;
  /** Undefined: nothing is encrypted. */
  readonly key: SealingKey | undefined;
  /** Something was deleted or written over since the last `forget`. */
  hasOld = false;

  private constructor(db: ClassicLevel<string, Buffer>, key: SealingKey | undefined) {
    this.#db = db;
    this.key = key;
  }

  /**
   * Opens a folder, made when missing. Throws JOBS_LOCKED, REGISTRY_UNAVAILABLE, REGISTRY_CORRUPT,
   * REGISTRY_KEY_MISSING, REGISTRY_KEY_WRONG, REGISTRY_VERSION_NEWER.
   */
  static async open(folder: string, encryptionKey: string | undefined): Promise<SealedLevel> {
    const db = new ClassicLevel<string, Buffer>(folder, { keyEncoding: 'utf8', valueEncoding: 'buffer' });
    await guarded(async () => {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await db.open();
    });
    try {
      const { key, isNew } = await guarded(() => keyOf(db, encryptionKey));
      const level = new SealedLevel(db, key);
      if (key !== undefined && isNew) await level.#sealPlainRows();
      return level;
    } catch (error) {
      await db.close();
      throw error;
    }
  }

  async get(key: string): Promise<unknown> {
    const bytes = await guarded(() => this.#db.get(key));
    return bytes === undefined ? undefined : this.#valueOf(key, bytes);
  }

  /** Every row whose key begins with `prefix`, in order of the keys. */
  async *all(prefix: string): AsyncGenerator<readonly [key: string, value: unknown]> {
    for await (const [key, bytes] of this.#db.iterator({ gt: prefix, lt: `${prefix}\uffff` })) {
      yield [key, this.#valueOf(key, bytes)];
    }
  }

  /** `isDurable`: on disk when resolved; otherwise it survives the end of the process, but not that of the machine. */
  async write(change: Change, isDurable: boolean): Promise<void> {
    const puts = (change.put ?? []).map(([key, value]) => ({
      type: 'put' as const,
      key,
      value: this.#bytesOf(key, value),
    }));
    const deletes = (change.delete ?? []).map((key) => ({ type: 'del' as const, key }));
    await guarded(() => this.#db.batch([...puts, ...deletes], { sync: isDurable }));
    this.hasOld = true;
  }

  /**
   * Makes what was deleted or written over disappear from the files too. LevelDB moves rows down from level to level and
   * drops old ones on the way, but never looks at the lowest level by itself: a second pass goes there with two rows
   * that embrace all others.
   */
  async forget(): Promise<void> {
    this.hasOld = false;
    await guarded(async () => {
      await this.#db.compactRange(FIRST_KEY, LAST_KEY);
      const put = [FIRST_KEY, LAST_KEY].map((key) => ({ type: 'put' as const, key, value: this.#bytesOf(key, null) }));
      await this.#db.batch(put, { sync: true });
      await this.#db.compactRange(FIRST_KEY, LAST_KEY);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#db.close();
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
    const rows = put.map(([name, value]) => ({ type: 'put' as const, key: name, value: this.#bytesOf(name, value) }));
    await guarded(() => this.#db.batch([{ type: 'put', key: META_KEY, value: head }, ...rows], { sync: true }));
    if (put.length > 0) await this.forget();
  }
}

/** Bound to its place: a row cannot be passed off as another. */
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
    throw corrupt(); // without the cause: it would quote what it read
  }
}

/** Failures of LevelDB, in our words. */
async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof VoicePrintsError) throw error;
    throw asStoreError(error);
  }
}

function asStoreError(error: unknown): VoicePrintsError {
  const codes = [error, (error as Error | undefined)?.cause].map((one) => (one as { code?: unknown })?.code);
  if (codes.includes('LEVEL_LOCKED')) {
    return new VoicePrintsError('JOBS_LOCKED', 'another process runs the jobs of this store; use its API, or end it', {
      cause: error,
    });
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
