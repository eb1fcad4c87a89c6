import { randomUUID } from 'node:crypto';
import { lazy } from '../../../core/lazy.js';
import { ALL_TENANTS, type Sql } from '../../../database/sql.js';
import { MINUTE_MS, minuteOf, type TenantUse } from '../tenantUse.js';
import type { WrongKeys } from '../wrongKeys.js';
import { Exchange } from './exchange.js';
import { SharedAudio } from './sharedAudio.js';
import { SharedCalls } from './sharedCalls.js';
import { SharedWrongKeys } from './sharedWrongKeys.js';
import {
  askForCalls,
  audioOfOthers,
  eraseOldUse,
  serverTimeMs,
  writeAudio,
  writeWrongKeys,
  wrongKeysOfOthers,
} from './useTables.js';

/** A first connection takes longer than what follows. */
const START_MS = 10_000;

export interface SharedUseOptions {
  /** In place of the server's clock, by which minutes and days are told. */
  readonly clock?: () => number;
  /** How long an answer of the database is waited for, until this process decides alone. */
  readonly lateMs?: number;
}

/**
 * What tenants have used, and wrong keys, of all processes that share a database. Everything is counted here at once and exchanged with the
 * database in the background, several times a second while there is something to exchange: only a call that needs a grant waits for it.
 */
export class SharedUse implements TenantUse, AsyncDisposable {
  readonly wrongKeys: WrongKeys;
  readonly nowMs = (): number => (this.#clock ? this.#clock() : Date.now() + this.#aheadMs);
  readonly #clock: (() => number) | undefined;
  /** Whose rows this process writes. */
  readonly #source = randomUUID();
  readonly #shared: ReturnType<typeof sharedDatabase>;
  readonly #exchange: Exchange;
  readonly #calls: SharedCalls;
  readonly #audio: SharedAudio;
  readonly #wrongKeys: SharedWrongKeys;
  /** By how much the clock of the server is ahead of this machine's. */
  #aheadMs = 0;
  #sweptMs = Number.NEGATIVE_INFINITY;

  constructor(databaseUrl: string, { clock, lateMs }: SharedUseOptions = {}) {
    this.#clock = clock;
    this.#shared = sharedDatabase(databaseUrl);
    this.#exchange = new Exchange(() => this.#work(), lateMs);
    this.#calls = new SharedCalls(this.#exchange, this.nowMs);
    this.#audio = new SharedAudio(this.#exchange, this.nowMs);
    this.#wrongKeys = new SharedWrongKeys(this.#exchange, this.nowMs);
    this.wrongKeys = this.#wrongKeys;
  }

  /** Reads the clock of the server. Never rejects: while the database is away this process counts alone. */
  async start(): Promise<void> {
    await this.#exchange.nowOrLate(START_MS);
  }

  countCall(tenantId: string, most: number | undefined): boolean | Promise<boolean> {
    return this.#calls.count(tenantId, most);
  }

  calls(tenantId: string): number {
    return this.#calls.calls(tenantId);
  }

  addAudio(tenantId: string, audioMs: number): void {
    this.#audio.add(tenantId, audioMs);
  }

  audioMs(tenantId: string): number {
    return this.#audio.audioMs(tenantId);
  }

  knowAudio(tenantId: string): Promise<void> | undefined {
    return this.#audio.know(tenantId);
  }

  /** What was counted last is stored, where the database answers. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#exchange.close();
    if (this.#shared.isAsked) await this.#exchange.nowOrLate();
    await (await this.#shared.opened())?.[Symbol.asyncDispose]();
  }

  async #work(): Promise<void> {
    const { database } = await this.#shared.get();
    const asked = this.#calls.asking();
    const counted = this.#audio.counted();
    const audioAsked = this.#audio.asking();
    const wrong = this.#wrongKeys.counted();
    const beganMs = performance.now();
    const answer = await database.transaction(ALL_TENANTS, async (sql) => ({
      nowMs: await serverTimeMs(sql),
      grants: asked.length > 0 ? await askForCalls(sql, asked) : [],
      audio: await this.#audioIn(sql, counted, audioAsked),
      wrong: await this.#wrongKeysIn(sql, wrong),
    }));
    this.#aheadMs = answer.nowMs - Date.now();
    this.#calls.take(answer.grants);
    this.#audio.stored(counted);
    this.#audio.take(audioAsked, answer.audio, beganMs);
    this.#wrongKeys.take(wrong, answer.wrong);
    if (beganMs - this.#sweptMs < MINUTE_MS) return;
    this.#sweptMs = beganMs;
    await database.transaction(ALL_TENANTS, (sql) => eraseOldUse(sql, minuteOf(this.nowMs())));
  }

  async #audioIn(
    sql: Sql,
    counted: ReturnType<SharedAudio['counted']>,
    { day, tenantIds }: ReturnType<SharedAudio['asking']>,
  ) {
    if (counted.length > 0) await writeAudio(sql, this.#source, counted);
    return tenantIds.length > 0 ? audioOfOthers(sql, { source: this.#source, day, tenantIds }) : [];
  }

  async #wrongKeysIn(sql: Sql, counted: ReturnType<SharedWrongKeys['counted']>) {
    if (counted.length === 0) return [];
    await writeWrongKeys(sql, this.#source, counted);
    const networks = counted.map(({ network }) => network);
    return wrongKeysOfOthers(sql, { source: this.#source, minute: counted[0]!.minute, networks });
  }
}

const sharedDatabase = (url: string) =>
  lazy(async () => (await import('../../../database/database.js')).Database.share(url));
