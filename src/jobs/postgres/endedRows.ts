import type { Sql } from '../../database/sql.js';
import { changeLoad } from './jobLoads.js';
import type { QueueParts } from './queueParts.js';

const AT_ONCE = 500;

/** The message about a job waits to be sent, or is being sent. */
const isNeeded = (statuses: string): string =>
  `EXISTS (SELECT 1 FROM voice_prints.webhook_messages m WHERE m.job_id = j.id AND m.status IN (${statuses}))`;

interface Ended {
  readonly id: string;
  readonly tenant_id: string;
  readonly outcome_bytes: string;
}

/**
 * Erases the oldest ended jobs of a tenant beyond the limits, except `endedId` and those whose message waits. Rows that another
 * transaction has are left to it or to the next end of a job.
 */
export async function eraseSurplus(
  sql: Sql,
  { limits }: Pick<QueueParts, 'limits'>,
  { tenantId, endedId, ...load }: EndedLoad,
): Promise<void> {
  let { endedJobs, outcomeBytes } = load;
  const isSurplus = () => endedJobs > limits.maxEndedJobsOfTenant || outcomeBytes > limits.maxOutcomeBytesOfTenant;
  if (!isSurplus()) return;
  const oldest = await sql<Ended>(
    `SELECT id, tenant_id, outcome_bytes FROM voice_prints.jobs j
    WHERE tenant_id = $1 AND ended_at_ms IS NOT NULL AND id <> $2 AND NOT ${isNeeded(`'waiting'`)}
    ORDER BY position LIMIT ${AT_ONCE} FOR UPDATE SKIP LOCKED`,
    [tenantId, endedId],
  );
  const gone: Ended[] = [];
  for (const job of oldest) {
    if (!isSurplus()) break;
    gone.push(job);
    endedJobs -= 1;
    outcomeBytes -= Number(job.outcome_bytes);
  }
  await eraseRows(sql, gone);
}

interface EndedLoad {
  readonly tenantId: string;
  readonly endedId: string;
  readonly endedJobs: number;
  readonly outcomeBytes: number;
}

/** Erases jobs that ended before, unless a message about them may still be sent; returns how many, at most some hundred. */
export async function eraseEndedBefore(sql: Sql, endedBeforeMs: number): Promise<number> {
  const gone = await sql<Ended>(
    `SELECT id, tenant_id, outcome_bytes FROM voice_prints.jobs j
    WHERE ended_at_ms < $1 AND NOT ${isNeeded(`'waiting', 'dead'`)} ORDER BY ended_at_ms LIMIT ${AT_ONCE} FOR UPDATE SKIP LOCKED`,
    [endedBeforeMs],
  );
  await eraseRows(sql, gone);
  return gone.length;
}

/** Erases ended jobs that are locked, with the messages about them. */
export async function eraseRows(sql: Sql, rows: readonly Ended[]): Promise<void> {
  if (rows.length === 0) return;
  await sql('DELETE FROM voice_prints.jobs WHERE id = ANY ($1::bigint[])', [rows.map(({ id }) => id)]);
  // In one order everywhere, so that no two transactions wait for each other.
  for (const tenantId of [...new Set(rows.map((row) => row.tenant_id))].sort()) {
    const own = rows.filter((row) => row.tenant_id === tenantId);
    const outcomeBytes = own.reduce((sum, row) => sum + Number(row.outcome_bytes), 0);
    await changeLoad(sql, tenantId, { endedJobs: -own.length, outcomeBytes: -outcomeBytes });
  }
}
