import { z } from 'zod';
import { VoicePrintsError } from '../core/errors.js';
import { sealBytes, unsealBytes } from '../sealing/sealedBytes.js';
import { keyOfBox, newSealingKey, type SealingKey, STORE_ROUNDS, seal, sealedBox } from '../sealing/sealing.js';
import { storeKeyMissing } from '../sealing/storeKeyMissing.js';
import { SEALED_TABLES, type SealedTable } from './sealedTables.js';
import { ALL_TENANTS, type Sql, type Transactions } from './sql.js';

/** First byte of a body. */
const PLAIN = 0;
const SEALED = 1;

const PURPOSE = 'voice-prints database key';
/** Bodies that are sealed in one transaction where a database gets a key. */
const SEALED_AT_ONCE = 50;

const setting = z.object({
  /** Proves a key to be the database's, and has the salt that it comes from. */
  keyCheck: sealedBox,
  /** False while bodies may be plain that were stored before there was a key. */
  isComplete: z.boolean(),
});
type Setting = z.output<typeof setting>;

const opened = new WeakMap<Transactions, Map<string | undefined, Promise<DatabaseSealing>>>();

/**
 * Seals and opens the bodies of rows, with one key for the database: from the passphrase of whoever opens it, and a salt that the
 * database keeps. Without a passphrase bodies are plain.
 */
export class DatabaseSealing {
  readonly #key: SealingKey | undefined;

  private constructor(key: SealingKey | undefined) {
    this.#key = key;
  }

  get isSealing(): boolean {
    return this.#key !== undefined;
  }

  /**
   * The first passphrase that is given for an empty database is its key from then on, and processes without it are refused. Any number may do so at once.
   *
   * @throws VoicePrintsError REGISTRY_KEY_MISSING; REGISTRY_KEY_WRONG, also for a key of a database that holds plain bodies: a mistyped
   *   one would lock every process out, so that `encrypt` has to be asked for; REGISTRY_CORRUPT, REGISTRY_UNAVAILABLE
   */
  static open(database: Transactions, passphrase: string | undefined): Promise<DatabaseSealing> {
    const ofDatabase = opened.get(database) ?? new Map<string | undefined, Promise<DatabaseSealing>>();
    opened.set(database, ofDatabase);
    const known = passphrase === undefined ? undefined : ofDatabase.get(passphrase);
    if (known) return known;
    const opening = DatabaseSealing.#open(database, passphrase);
    // A plain database may get a key from another process: it is looked at each time.
    if (passphrase !== undefined) ofDatabase.set(passphrase, opening);
    opening.catch(() => ofDatabase.delete(passphrase));
    return opening;
  }

  /** Encrypts what is plain: from then on processes without this passphrase are refused. Throws as `open`. */
  static async encrypt(database: Transactions, passphrase: string): Promise<void> {
    await newSetting(database, await newSealingKey(passphrase, STORE_ROUNDS), { isOnlyWhereEmpty: false });
    await DatabaseSealing.open(database, passphrase);
  }

  static async #open(database: Transactions, passphrase: string | undefined): Promise<DatabaseSealing> {
    let found = await settingOf(database);
    if (passphrase === undefined) {
      if (found) throw storeKeyMissing();
      return new DatabaseSealing(undefined);
    }
    found ??= await newSetting(database, await newSealingKey(passphrase, STORE_ROUNDS), { isOnlyWhereEmpty: true });
    if (!found) throw isPlain();
    const sealing = new DatabaseSealing(await keyOfBox(passphrase, found.keyCheck));
    if (!found.isComplete) await sealing.#sealAll(database, found);
    return sealing;
  }

  /** The body of a row. `keys` are the values of the table's primary key. */
  seal(plain: Uint8Array, { name }: SealedTable, ...keys: readonly (string | number)[]): Buffer {
    if (!this.#key) return Buffer.concat([Buffer.of(PLAIN), plain]);
    return Buffer.concat([Buffer.of(SEALED), sealBytes(plain, this.#key, purposeOf(name, keys))]);
  }

  /** What `seal` was given. Throws REGISTRY_KEY_MISSING, REGISTRY_CORRUPT. */
  open(body: Uint8Array, { name }: SealedTable, ...keys: readonly (string | number)[]): Buffer {
    const content = body.subarray(1);
    // A plain body in an encrypted database was not yet reached: the trigger lets none in.
    if (body[0] === PLAIN) return Buffer.from(content.buffer, content.byteOffset, content.byteLength);
    if (!this.#key) throw storeKeyMissing();
    return unsealBytes(content, this.#key, purposeOf(name, keys));
  }

  /** Seals what was plain. A process that ends in between leaves the rest for the next that opens the database. */
  async #sealAll(database: Transactions, { keyCheck }: Setting): Promise<void> {
    for (const table of SEALED_TABLES) {
      let count: number;
      do count = await this.#sealSome(database, table);
      while (count > 0);
    }
    const complete: Setting = { keyCheck, isComplete: true };
    await database.transaction(ALL_TENANTS, (sql) =>
      sql(`UPDATE voice_prints.settings SET value = $1 WHERE name = 'sealing'`, [JSON.stringify(complete)]),
    );
  }

  #sealSome(database: Transactions, table: SealedTable): Promise<number> {
    const { name, keys } = table;
    const isRow = keys.map((key, index) => `${key} = $${index + 2}`).join(' AND ');
    return database.transaction(ALL_TENANTS, async (sql) => {
      const rows = await sql<{ readonly body: Buffer } & Record<string, string | number>>(
        `SELECT ${keys.join(', ')}, body FROM voice_prints.${name} WHERE get_byte(body, 0) = ${PLAIN} LIMIT ${SEALED_AT_ONCE} FOR UPDATE`,
      );
      for (const row of rows) {
        const values = keys.map((key) => row[key]!);
        const body = this.seal(this.open(row.body, table), table, ...values);
        await sql(`UPDATE voice_prints.${name} SET body = $1 WHERE ${isRow}`, [body, ...values]);
      }
      return rows.length;
    });
  }
}

async function settingOf(database: Transactions): Promise<Setting | undefined> {
  const [row] = await database.transaction(ALL_TENANTS, (sql) =>
    sql<{ value: unknown }>(`SELECT value FROM voice_prints.settings WHERE name = 'sealing'`),
  );
  if (!row) return undefined;
  const parsed = setting.safeParse(row.value);
  if (parsed.success) return parsed.data;
  throw new VoicePrintsError(
    'REGISTRY_CORRUPT',
    'the setting "sealing" of the database is damaged; restore it from a backup',
  );
}

/** Stores what proves the key; another process may just have done so, with another salt. Undefined where it is not to be. */
async function newSetting(
  database: Transactions,
  key: SealingKey,
  { isOnlyWhereEmpty }: { readonly isOnlyWhereEmpty: boolean },
): Promise<Setting | undefined> {
  const made: Setting = { keyCheck: seal(Buffer.from(PURPOSE), key, PURPOSE), isComplete: false };
  await database.transaction(ALL_TENANTS, async (sql) => {
    // Waits for those who write plain bodies now: later ones are refused by the trigger.
    await sql(`LOCK TABLE ${SEALED_TABLES.map(({ name }) => `voice_prints.${name}`).join(', ')} IN SHARE MODE`);
    if (isOnlyWhereEmpty && (await holdsBodies(sql))) return;
    await sql(`INSERT INTO voice_prints.settings (name, value) VALUES ('sealing', $1) ON CONFLICT DO NOTHING`, [
      JSON.stringify(made),
    ]);
  });
  return settingOf(database);
}

async function holdsBodies(sql: Sql): Promise<boolean> {
  const any = SEALED_TABLES.map(({ name }) => `EXISTS (SELECT FROM voice_prints.${name})`).join(' OR ');
  return (await sql<{ found: boolean }>(`SELECT ${any} AS found`))[0]!.found;
}

const purposeOf = (table: string, keys: readonly (string | number)[]): string =>
  ['voice-prints database', table, ...keys].join('\n');

const isPlain = (): VoicePrintsError =>
  new VoicePrintsError(
    'REGISTRY_KEY_WRONG',
    'the database is not encrypted and holds voiceprints; give no key, or encrypt it once with "voice-prints migrate --encrypt"',
  );
