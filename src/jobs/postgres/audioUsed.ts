import { dayOf } from '../../core/time.js';
import type { Database } from '../../database/database.js';
import { ALL_TENANTS, type Sql } from '../../database/sql.js';
import type { AudioUse } from '../audioUse.js';

/** Another process commits what it counted a moment after it took the time: the look for changes goes back so far. */
const LOOK_BACK = `interval '10 seconds'`;

interface Row {
  readonly tenant_id: string;
  readonly day: string;
  readonly audio_ms: number;
  readonly changed_at: string;
}

const ROWS = `SELECT tenant_id, day::text, audio_ms, changed_at::text FROM voice_prints.job_audio_used`;

/** Counts the audio of a job that ends, in the transaction of its end. */
export async function useAudio(
  sql: Sql,
  { tenantId, audioMs, endedAtMs }: { readonly tenantId: string; readonly audioMs: number; readonly endedAtMs: number },
): Promise<void> {
  await sql(
    `INSERT INTO voice_prints.job_audio_used AS u (tenant_id, day, audio_ms) VALUES ($1, $2, $3)
    ON CONFLICT (tenant_id, day) DO UPDATE SET audio_ms = u.audio_ms + $3, changed_at = clock_timestamp()`,
    [tenantId, dayOf(endedAtMs), audioMs],
  );
}

/** Audio that the jobs of each tenant used, in this process and in all others: sums as of the last `refresh`. */
export class AudioUsed {
  readonly #database: Database;
  readonly #usedMs = new Map<string, number>();
  #changedAt = '-infinity';

  constructor(database: Database) {
    this.#database = database;
  }

  /** Milliseconds. */
  usedMs(tenantId: string, day: string): number {
    return this.#usedMs.get(keyOf({ tenantId, day })) ?? 0;
  }

  /** Reads what has changed. Throws REGISTRY_UNAVAILABLE. */
  async refresh(): Promise<void> {
    const text = `${ROWS} WHERE changed_at > $1::timestamptz - ${LOOK_BACK} ORDER BY job_audio_used.changed_at`;
    for (const row of await this.#database.query<Row>(ALL_TENANTS, text, [this.#changedAt])) {
      this.#usedMs.set(keyOf({ tenantId: row.tenant_id, day: row.day }), row.audio_ms);
      this.#changedAt = row.changed_at;
    }
  }

  /** Drops all days before this one. */
  async expire(beforeDay: string): Promise<void> {
    await this.#database.query(ALL_TENANTS, 'DELETE FROM voice_prints.job_audio_used WHERE day < $1', [beforeDay]);
    for (const key of this.#usedMs.keys()) if (key.slice(0, beforeDay.length) < beforeDay) this.#usedMs.delete(key);
  }
}

const keyOf = ({ tenantId, day }: Pick<AudioUse, 'tenantId' | 'day'>): string => `${day} ${tenantId}`;
