import { createHash, createHmac } from 'node:crypto';
import { z } from 'zod';
import { VoicePrintsError } from '../../core/errors.js';
import type { Database } from '../../database/database.js';
import { ALL_TENANTS, type Sql } from '../../database/sql.js';
import { sealBytes, unsealBytes } from '../../sealing/sealedBytes.js';
import { keyOfBox, newSealingKey, type SealingKey, STORE_ROUNDS, seal, sealedBox } from '../../sealing/sealing.js';

/** Row of `voice_prints.settings` that shows which key the jobs are sealed with. */
const SETTING = 'jobs sealing';
const CHECK_PURPOSE = 'voice-prints jobs';

const setting = z.object({ sealed: sealedBox });

/** A key takes a fifth of a second to derive: it is kept for each database and passphrase. */
const opened = new WeakMap<Database, Map<string, Promise<RowSealing>>>();

/** Seals the rows that are there, in the transaction that settles the key. */
type SealRows = (sql: Sql, sealing: RowSealing) => Promise<void>;

/** First byte of a value. */
const PLAIN = 0;
const SEALED = 1;

/** JSON in columns, sealed where the store is, and stand-ins for what must be found without being shown. */
export class RowSealing {
  readonly key: SealingKey | undefined;

  constructor(key: SealingKey | undefined) {
    this.key = key;
  }

  /**
   * With the key of the jobs of this database. The first process that comes with a key settles it: `sealRows` then seals what is there.
   *
   * @throws VoicePrintsError REGISTRY_KEY_MISSING, REGISTRY_KEY_WRONG, REGISTRY_CORRUPT, REGISTRY_UNAVAILABLE
   */
  static open(database: Database, passphrase: string | undefined, sealRows: SealRows): Promise<RowSealing> {
    // Another process may come with a key: it is looked for each time.
    if (passphrase === undefined) return RowSealing.#open(database, undefined, sealRows);
    const ofDatabase = opened.get(database) ?? new Map<string, Promise<RowSealing>>();
    opened.set(database, ofDatabase);
    const known = ofDatabase.get(passphrase);
    if (known) return known;
    const opening = RowSealing.#open(database, passphrase, sealRows);
    ofDatabase.set(passphrase, opening);
    opening.catch(() => ofDatabase.delete(passphrase)); // reported to the caller
    return opening;
  }

  static async #open(database: Database, passphrase: string | undefined, sealRows: SealRows): Promise<RowSealing> {
    const box = await database.transaction(ALL_TENANTS, storedBox);
    if (box === undefined && passphrase === undefined) return new RowSealing(undefined);
    if (box !== undefined) return new RowSealing(await keyOf(passphrase, box));
    const key = await newSealingKey(passphrase!, STORE_ROUNDS);
    const other = await database.transaction(ALL_TENANTS, async (sql) => {
      await sql('LOCK TABLE voice_prints.settings IN SHARE ROW EXCLUSIVE MODE');
      const meanwhile = await storedBox(sql);
      if (meanwhile !== undefined) return meanwhile;
      const value = JSON.stringify({ sealed: seal(Buffer.alloc(0), key, CHECK_PURPOSE) });
      await sql('INSERT INTO voice_prints.settings (name, value) VALUES ($1, $2)', [SETTING, value]);
      await sealRows(sql, new RowSealing(key));
      return undefined;
    });
    return new RowSealing(other === undefined ? key : await keyOf(passphrase, other));
  }

  /** `purpose` says what the value is and of which row: it opens nowhere else. */
  seal(value: unknown, purpose: string): Buffer {
    const json = Buffer.from(JSON.stringify(value));
    if (this.key === undefined) return Buffer.concat([Buffer.from([PLAIN]), json]);
    return Buffer.concat([Buffer.from([SEALED]), sealBytes(json, this.key, purpose)]);
  }

  /** Throws REGISTRY_CORRUPT, REGISTRY_KEY_MISSING. */
  open(bytes: Buffer, purpose: string): unknown {
    const body = bytes.subarray(1);
    if (bytes[0] !== SEALED) return parsed(body);
    if (this.key === undefined) throw keyMissing();
    return parsed(unsealBytes(body, this.key, purpose));
  }

  /** Stands for a text, the same each time; 32 bytes. */
  standIn(text: string): Buffer {
    if (this.key === undefined) return createHash('sha256').update(text).digest();
    return createHmac('sha256', this.key.key).update(text).digest();
  }
}

async function storedBox(sql: Sql) {
  const [row] = await sql<{ value: unknown }>('SELECT value FROM voice_prints.settings WHERE name = $1', [SETTING]);
  if (row === undefined) return undefined;
  const { data } = setting.safeParse(row.value);
  if (data === undefined) throw corrupt();
  return data.sealed;
}

function keyOf(passphrase: string | undefined, box: z.output<typeof sealedBox>): Promise<SealingKey> {
  if (passphrase === undefined) throw keyMissing();
  return keyOfBox(passphrase, box);
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    throw corrupt(); // without the cause: it would quote the data
  }
}

const keyMissing = () => new VoicePrintsError('REGISTRY_KEY_MISSING', 'the stored jobs are encrypted; give their key');

const corrupt = () =>
  new VoicePrintsError('REGISTRY_CORRUPT', 'the stored jobs cannot be read; restore the database from a backup');
