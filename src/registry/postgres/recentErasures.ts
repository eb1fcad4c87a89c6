import type { Database } from '../../database/database.js';
import { ALL_TENANTS } from '../../database/sql.js';

/** For how long the ids of erased people are kept: processes that look less often compare all ids. */
const KEPT_MINUTES = 10;
const FORGET_EVERY_MS = 60_000;
/** Any number that nothing else locks. */
const LOCK = 7_238_114_403;

/** Erases the ids of erased people, by which every process learns of them, ten minutes later. */
export class RecentErasures implements AsyncDisposable {
  readonly #database: Database;
  readonly #timer: NodeJS.Timeout;
  #work: Promise<void> = Promise.resolve();

  constructor(database: Database) {
    this.#database = database;
    this.#timer = setInterval(() => this.#begin(), FORGET_EVERY_MS).unref();
    this.#begin();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#work;
  }

  /** What fails, as where the server is away, is done next time. */
  #begin(): void {
    this.#work = this.#work.then(() => forgetErased(this.#database)).catch(() => undefined);
  }
}

/** @param keptMinutes ids erased since stay */
export function forgetErased(database: Database, keptMinutes = KEPT_MINUTES): Promise<void> {
  return database.transaction(ALL_TENANTS, async (sql) => {
    const [lock] = await sql<{ isMine: boolean }>('SELECT pg_try_advisory_xact_lock($1) AS "isMine"', [LOCK]);
    if (!lock?.isMine) return;
    await sql(
      `WITH forgotten AS (
          DELETE FROM voice_prints.erased_people WHERE erased_at <= now() - make_interval(mins => $1)
          RETURNING tenant_id, version)
        INSERT INTO voice_prints.erasures AS e (tenant_id, known_since)
        SELECT tenant_id, max(version) FROM forgotten GROUP BY tenant_id
        ON CONFLICT (tenant_id) DO UPDATE SET known_since = greatest(e.known_since, excluded.known_since)`,
      [keptMinutes],
    );
  });
}
