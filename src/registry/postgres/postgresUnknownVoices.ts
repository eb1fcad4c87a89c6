import type { UnknownVoice } from '../../core/unknownVoice.js';
import { Database, type SharedDatabase } from '../../database/database.js';
import { DatabaseSealing } from '../../database/databaseSealing.js';
import { ALL_TENANTS, type Sql } from '../../database/sql.js';
import { fromUnknownRow, toUnknownRow, type UnknownVoiceRow } from '../stored/unknownVoiceForm.js';
import { EARLIER_KEEP_MS, mostSpeech, unknownNumber } from '../unknownVoiceRules.js';
import type { UnknownVoices } from '../unknownVoices.js';
import { OpenCalls } from './openCalls.js';
import { type ExpiringRow, eraseExpired, UnknownVoiceRows } from './unknownVoiceRows.js';
import { VacuumSoon } from './vacuumSoon.js';

const EXPIRE_EVERY_MS = 3_600_000;
const WRITE_EVERY_MS = 3_000;

export interface PostgresUnknownVoicesOptions {
  /** Passphrase that seals what is biometric; the same for all who use the database. */
  readonly encryptionKey?: string | undefined;
  /** How long a voice is kept at most after its last speech; 0 keeps none, and erases earlier ones. Undefined: as each says. */
  readonly keepMs?: number | undefined;
  /** Maximum number of voices per tenant; the least recent ones are dropped. */
  readonly mostVoices: number;
  readonly nowMs: () => number;
}

/** What was put and is not yet written, of one voice. */
interface Waiting {
  readonly tenantId: string;
  readonly row: ExpiringRow;
}

/** Newline cannot occur in an id. */
const keyOf = (tenantId: string, id: string): string => `${tenantId}\n${id}`;

/** Unknown voices in a PostgreSQL database, beside the voiceprints and sealed with the same key. */
export class PostgresUnknownVoices implements UnknownVoices {
  readonly #shared: SharedDatabase;
  readonly #sealing: DatabaseSealing;
  readonly #options: PostgresUnknownVoicesOptions;
  readonly #calls = new OpenCalls();
  readonly #vacuum: VacuumSoon;
  readonly #waiting = new Map<string, Waiting>();
  /** Ids returned by `newId` and not yet written: any other id that is not in the database was erased. */
  readonly #unwritten = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #expiring: NodeJS.Timeout | undefined;
  /** Failure of the last background write; thrown to the next caller. */
  #failure: unknown;

  private constructor(shared: SharedDatabase, sealing: DatabaseSealing, options: PostgresUnknownVoicesOptions) {
    this.#shared = shared;
    this.#sealing = sealing;
    this.#options = options;
    this.#vacuum = new VacuumSoon(shared.database, ['unknown_voices']);
  }

  /** Connects, and erases expired voices. Throws the errors of PostgresRegistry.open. */
  static async open(databaseUrl: string, options: PostgresUnknownVoicesOptions): Promise<PostgresUnknownVoices> {
    const shared = await Database.share(databaseUrl);
    try {
      const sealing = await DatabaseSealing.open(shared.database, options.encryptionKey);
      const voices = new PostgresUnknownVoices(shared, sealing, options);
      const tidy = () => voices.expire(options.nowMs()).catch(() => 0);
      await tidy();
      voices.#expiring = setInterval(() => void tidy(), EXPIRE_EVERY_MS).unref();
      return voices;
    } catch (error) {
      await shared[Symbol.asyncDispose]();
      throw error;
    }
  }

  async newId(tenantId: string): Promise<string> {
    const number = await this.#run(tenantId, (rows) => rows.nextNumber());
    const id = `unknown-${number}`;
    this.#unwritten.add(keyOf(tenantId, id));
    return id;
  }

  async list(tenantId: string): Promise<readonly UnknownVoice[]> {
    const stored = await this.#run(tenantId, (rows) => rows.list());
    const all = new Map(stored.map((row) => [row.id, row]));
    for (const [key, { tenantId: its, row }] of this.#waiting) {
      if (its === tenantId && (all.has(row.id) || this.#unwritten.has(key))) all.set(row.id, row);
    }
    const nowMs = this.#options.nowMs();
    return [...all.values()]
      .filter((row) => this.#expiryOf(row) > nowMs)
      .sort((a, b) => unknownNumber(a.id)! - unknownNumber(b.id)!)
      .map((row) => ({ ...fromUnknownRow(row), expiresAtMs: this.#expiryOf(row) }));
  }

  async put(tenantId: string, voice: UnknownVoice): Promise<boolean> {
    const key = keyOf(tenantId, voice.id);
    const row = toUnknownRow(tenantId, { ...voice, exemplars: mostSpeech(voice.exemplars) });
    const number = unknownNumber(voice.id);
    const isKept =
      this.#unwritten.has(key) || (number !== undefined && (await this.#run(tenantId, (rows) => rows.has(number))));
    if (!isKept) return false;
    this.#waiting.set(key, { tenantId, row: { ...row, expiresAtMs: this.#expiryOf(row) } });
    this.#timer ??= setTimeout(() => this.#writeLater(), WRITE_EVERY_MS).unref();
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) throw failure;
    return true;
  }

  async delete(tenantId: string, id: string): Promise<boolean> {
    const key = keyOf(tenantId, id);
    const isWaiting = this.#waiting.delete(key);
    this.#unwritten.delete(key);
    const number = unknownNumber(id);
    const wasStored = number !== undefined && (await this.#run(tenantId, (rows) => rows.erase(number)));
    if (wasStored) this.#vacuum.erased();
    return wasStored || isWaiting;
  }

  expire(nowMs: number): Promise<number> {
    const { database } = this.#shared;
    return this.#calls.run(() =>
      database.transaction(ALL_TENANTS, (sql) => eraseExpired(sql, nowMs, this.#options.keepMs)),
    );
  }

  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const tenants = new Set(Array.from(this.#waiting.values(), ({ tenantId }) => tenantId));
    for (const tenantId of tenants) await this.#flushTenant(tenantId);
  }

  /** Writes pending voices, then refuses every call. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#calls.isClosed) return;
    clearInterval(this.#expiring);
    try {
      await this.flush();
    } finally {
      await this.#calls.close();
      await this.#vacuum[Symbol.asyncDispose]();
      await this.#shared[Symbol.asyncDispose]();
    }
  }

  async #flushTenant(tenantId: string): Promise<void> {
    const taken = [...this.#waiting].filter(([, waiting]) => waiting.tenantId === tenantId);
    await this.#run(tenantId, async (rows, sql) => {
      await rows.lock();
      for (const [key, { row }] of taken) {
        if (this.#waiting.has(key)) await rows.put(row, this.#unwritten.has(key)); // else erased meanwhile
      }
      await eraseExpired(sql, this.#options.nowMs(), this.#options.keepMs);
      await rows.eraseBeyond(this.#options.mostVoices);
    });
    for (const [key, waiting] of taken) {
      this.#unwritten.delete(key);
      if (this.#waiting.get(key) === waiting) this.#waiting.delete(key);
    }
  }

  #writeLater(): void {
    this.flush().catch((error: unknown) => {
      this.#failure = error; // pending voices stay pending; the next `put` throws the failure and tries again
    });
  }

  #expiryOf({ lastHeardMs, expiresAtMs }: UnknownVoiceRow): number {
    const { keepMs } = this.#options;
    const saidMs = expiresAtMs ?? lastHeardMs + (keepMs ?? EARLIER_KEEP_MS);
    return keepMs === undefined ? saidMs : Math.min(saidMs, lastHeardMs + keepMs);
  }

  #run<T>(tenantId: string, work: (rows: UnknownVoiceRows, sql: Sql) => Promise<T>): Promise<T> {
    const { database } = this.#shared;
    return this.#calls.run(() =>
      database.transaction(tenantId, (sql) => work(new UnknownVoiceRows(sql, tenantId, this.#sealing), sql)),
    );
  }
}
