import type { ClassicLevel } from 'classic-level';
import { z } from 'zod';
import { sealBytes, unsealBytes } from '../../sealing/sealedBytes.js';
import { keyOfBox, newSealingKey, type SealingKey, STORE_ROUNDS, seal, sealedBox } from '../../sealing/sealing.js';
import { corrupt, keyMissing, newer } from './levelErrors.js';

/** Key of the row that says in which form the others are. */
export const META_KEY = 'meta';

const FORMAT = 'voice-prints-jobs';
const VERSION = 1;
/** Sealed inside the meta row, to check the key. */
const META_PURPOSE = 'voice-prints jobs';

const meta = z.object({
  format: z.literal(FORMAT),
  version: z.number().int().min(1),
  /** The key check; present where rows are encrypted. */
  sealed: sealedBox.optional(),
});

/** First byte of a row. */
const PLAIN = 0;
const SEALED = 1;

/** The bytes of rows: JSON, encrypted where there is a key. */
export class RowForm {
  /** Undefined: nothing is encrypted. */
  readonly key: SealingKey | undefined;

  constructor(key: SealingKey | undefined) {
    this.key = key;
  }

  /** Of the meta row. */
  get metaBytes(): Buffer {
    const sealed = this.key && seal(Buffer.alloc(0), this.key, META_PURPOSE);
    return Buffer.from(JSON.stringify({ format: FORMAT, version: VERSION, sealed }));
  }

  bytesOf(rowKey: string, value: unknown): Buffer {
    const json = Buffer.from(JSON.stringify(value));
    if (this.key === undefined) return Buffer.concat([Buffer.from([PLAIN]), json]);
    return Buffer.concat([Buffer.from([SEALED]), sealBytes(json, this.key, purposeOf(rowKey))]);
  }

  /** Rows that were written before there was a key are read as well. Throws REGISTRY_CORRUPT, REGISTRY_KEY_MISSING. */
  valueOf(rowKey: string, bytes: Buffer): unknown {
    const body = bytes.subarray(1);
    if (bytes[0] !== SEALED) return parsed(body);
    if (this.key === undefined) throw keyMissing();
    return parsed(unsealBytes(body, this.key, purposeOf(rowKey)));
  }
}

/**
 * The form of the rows of a database, which it writes down where there are none yet. `isToBeSealed`: there is a key, and no row was
 * encrypted so far. Throws REGISTRY_CORRUPT, REGISTRY_KEY_MISSING, REGISTRY_KEY_WRONG, REGISTRY_VERSION_NEWER.
 */
export async function rowFormOf(
  db: ClassicLevel<string, Buffer>,
  encryptionKey: string | undefined,
): Promise<{ readonly form: RowForm; readonly isToBeSealed: boolean }> {
  const stored = await db.get(META_KEY);
  const head = stored === undefined ? undefined : meta.safeParse(parsed(stored));
  if (head?.success === false) throw corrupt();
  if (head && head.data.version > VERSION) throw newer(head.data.version, VERSION);
  const box = head?.data.sealed;
  if (box !== undefined) {
    if (encryptionKey === undefined) throw keyMissing();
    return { form: new RowForm(await keyOfBox(encryptionKey, box)), isToBeSealed: false };
  }
  if (encryptionKey !== undefined) {
    return { form: new RowForm(await newSealingKey(encryptionKey, STORE_ROUNDS)), isToBeSealed: true };
  }
  const form = new RowForm(undefined);
  if (head === undefined) await db.put(META_KEY, form.metaBytes, { sync: true });
  return { form, isToBeSealed: false };
}

/** Bound to the key: one row cannot be substituted for another. */
const purposeOf = (rowKey: string): string => `voice-prints jobs ${rowKey}`;

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    throw corrupt(); // without the cause: it would quote the data
  }
}
