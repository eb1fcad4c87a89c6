import type { Database } from '../../database/database.js';
import { ALL_TENANTS, type Sql } from '../../database/sql.js';
import type { ErasureNotes, NotedErasure } from '../erasureNotes.js';
import type { RowSealing } from './rowSealing.js';

/** How long another process may name a person who was erased: until the change has reached it. */
const NAMED_UNTIL = `interval '5 seconds'`;
/** Longer than any job is worked on. */
const KEPT = `interval '2 days'`;

const PURPOSE = 'voice-prints jobs erasure';

/** People to be taken out of jobs, of whichever process noted them. */
export class JobErasures implements ErasureNotes {
  readonly #database: Database;
  readonly #sealing: RowSealing;

  constructor(database: Database, sealing: RowSealing) {
    this.#database = database;
    this.#sealing = sealing;
  }

  async note(tenantId: string, speakerId: string): Promise<NotedErasure> {
    const speaker = this.#sealing.seal(speakerId, PURPOSE);
    const [row] = await this.#database.query<{ id: string }>(
      tenantId,
      'INSERT INTO voice_prints.job_erasures (tenant_id, speaker) VALUES ($1, $2) RETURNING id',
      [tenantId, speaker],
    );
    return { id: row!.id, tenantId, speakerId };
  }

  /** Jobs that are in work now are revised when they end. */
  async confirm({ id, tenantId }: NotedErasure): Promise<void> {
    await this.#database.query(
      tenantId,
      'UPDATE voice_prints.job_erasures SET noted_at = clock_timestamp(), is_done = false WHERE id = $1',
      [id],
    );
  }

  async remove({ id, tenantId }: NotedErasure): Promise<void> {
    await this.#database.query(tenantId, 'DELETE FROM voice_prints.job_erasures WHERE id = $1', [id]);
  }

  async isPending({ id, tenantId }: NotedErasure): Promise<boolean> {
    const text = 'SELECT 1 FROM voice_prints.job_erasures WHERE id = $1 AND NOT is_done';
    return (await this.#database.query(tenantId, text, [id])).length > 0;
  }

  async pending(): Promise<readonly NotedErasure[]> {
    const rows = await this.#database.query<{ id: string; tenant_id: string; speaker: Buffer }>(
      ALL_TENANTS,
      'SELECT id, tenant_id, speaker FROM voice_prints.job_erasures WHERE NOT is_done ORDER BY noted_at',
    );
    return rows.map(({ id, tenant_id: tenantId, speaker }) => ({
      id,
      tenantId,
      speakerId: this.#sealing.open(speaker, PURPOSE) as string,
    }));
  }

  /** Kept a while for jobs that are in work. */
  async done({ id }: NotedErasure): Promise<void> {
    await this.#database.transaction(ALL_TENANTS, async (sql) => {
      await sql('UPDATE voice_prints.job_erasures SET is_done = true WHERE id = $1', [id]);
      await sql(`DELETE FROM voice_prints.job_erasures WHERE is_done AND noted_at < clock_timestamp() - ${KEPT}`);
    });
  }
}

/** Ids of the people erased while a job claimed at that time was in work. */
export async function erasedSince(
  sql: Sql,
  sealing: RowSealing,
  tenantId: string,
  claimedAt: Date,
): Promise<readonly string[]> {
  const rows = await sql<{ speaker: Buffer }>(
    `SELECT speaker FROM voice_prints.job_erasures WHERE tenant_id = $1 AND noted_at > $2::timestamptz - ${NAMED_UNTIL}`,
    [tenantId, claimedAt],
  );
  return rows.map(({ speaker }) => sealing.open(speaker, PURPOSE) as string);
}

/** For sealing what was stored before there was a key. */
export const erasureSealed = (sealing: RowSealing, plain: RowSealing, speaker: Buffer): Buffer =>
  sealing.seal(plain.open(speaker, PURPOSE), PURPOSE);
