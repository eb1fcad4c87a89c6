import type { DatabaseSealing } from '../../database/databaseSealing.js';
import { UNKNOWN_VOICES } from '../../database/sealedTables.js';
import type { Sql } from '../../database/sql.js';
import { type UnknownVoiceRow, unknownVoiceBytes, unknownVoiceOf } from '../stored/unknownVoiceForm.js';
import { unknownNumber } from '../unknownVoiceRules.js';

/** Namespace of the advisory lock that keeps the writers of one tenant apart. */
const LOCK = 72_381;
/** The time limit of the policy ($1 ms, or null), if that is earlier than what the voice says. */
const EXPIRY = 'least(expires_at_ms, last_heard_ms + $1::double precision)';

/** A voice, and when it expires by itself. */
export interface ExpiringRow extends UnknownVoiceRow {
  readonly expiresAtMs: number;
}

/** The unknown voices of a tenant within a transaction. */
export class UnknownVoiceRows {
  readonly #sql: Sql;
  readonly #tenantId: string;
  readonly #sealing: DatabaseSealing;

  constructor(sql: Sql, tenantId: string, sealing: DatabaseSealing) {
    this.#sql = sql;
    this.#tenantId = tenantId;
    this.#sealing = sealing;
  }

  async nextNumber(): Promise<number> {
    const [row] = await this.#sql<{ last: number }>(
      `INSERT INTO voice_prints.unknown_numbers AS n (tenant_id, last_number) VALUES ($1, 1)
        ON CONFLICT (tenant_id) DO UPDATE SET last_number = n.last_number + 1 RETURNING last_number AS last`,
      [this.#tenantId],
    );
    return row!.last;
  }

  async list(): Promise<UnknownVoiceRow[]> {
    const rows = await this.#sql<{ number: number; body: Buffer }>(
      'SELECT number, body FROM voice_prints.unknown_voices WHERE tenant_id = $1',
      [this.#tenantId],
    );
    return rows.map(({ number, body }) =>
      unknownVoiceOf(this.#sealing.open(body, UNKNOWN_VOICES, this.#tenantId, number)),
    );
  }

  async has(number: number): Promise<boolean> {
    const rows = await this.#sql('SELECT 1 FROM voice_prints.unknown_voices WHERE tenant_id = $1 AND number = $2', [
      this.#tenantId,
      number,
    ]);
    return rows.length > 0;
  }

  /** Keeps other writers of the tenant out until the end of the transaction. */
  async lock(): Promise<void> {
    await this.#sql('SELECT pg_advisory_xact_lock($1, hashtext($2))', [LOCK, this.#tenantId]);
  }

  /** Stores a voice. One that is not new is only replaced: if it is not there, it was erased. */
  async put(row: ExpiringRow, isNew: boolean): Promise<void> {
    const number = unknownNumber(row.id)!;
    const body = this.#sealing.seal(unknownVoiceBytes(row), UNKNOWN_VOICES, this.#tenantId, number);
    const values = [this.#tenantId, number, row.lastHeardMs, row.expiresAtMs, body];
    const update = 'last_heard_ms = $3, expires_at_ms = $4, body = $5';
    if (isNew) {
      await this.#sql(
        `INSERT INTO voice_prints.unknown_voices (tenant_id, number, last_heard_ms, expires_at_ms, body)
          VALUES ($1, $2, $3, $4, $5) ON CONFLICT (tenant_id, number) DO UPDATE SET ${update}`,
        values,
      );
      return;
    }
    await this.#sql(`UPDATE voice_prints.unknown_voices SET ${update} WHERE tenant_id = $1 AND number = $2`, values);
  }

  async erase(number: number): Promise<boolean> {
    const rows = await this.#sql(
      'DELETE FROM voice_prints.unknown_voices WHERE tenant_id = $1 AND number = $2 RETURNING 1',
      [this.#tenantId, number],
    );
    return rows.length > 0;
  }

  /** Erases all but the `most` that were heard last. */
  async eraseBeyond(most: number): Promise<void> {
    await this.#sql(
      `DELETE FROM voice_prints.unknown_voices WHERE tenant_id = $1 AND number IN (
        SELECT number FROM voice_prints.unknown_voices WHERE tenant_id = $1 ORDER BY last_heard_ms DESC OFFSET $2)`,
      [this.#tenantId, most],
    );
  }
}

/** Erases what has expired, of the tenants that the transaction sees. Returns how many. */
export async function eraseExpired(sql: Sql, nowMs: number, keepMs: number | undefined): Promise<number> {
  const rows = await sql(`DELETE FROM voice_prints.unknown_voices WHERE ${EXPIRY} <= $2 RETURNING 1`, [
    keepMs ?? null,
    nowMs,
  ]);
  return rows.length;
}
