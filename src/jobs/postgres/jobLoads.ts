import type { Sql } from '../../database/sql.js';
import { jobsFull } from '../jobRefusals.js';
import type { QueueParts } from './queueParts.js';

/** What changes of the counts of a tenant. */
export interface LoadChange {
  readonly liveJobs?: number;
  readonly liveBytes?: number;
  readonly endedJobs?: number;
  readonly outcomeBytes?: number;
}

export interface Load {
  readonly liveJobs: number;
  readonly endedJobs: number;
  readonly outcomeBytes: number;
}

const CHANGE = `INSERT INTO voice_prints.job_loads AS l (tenant_id, live_jobs, live_bytes, ended_jobs, outcome_bytes)
  VALUES ($1, $2, $3, $4, $5)
  ON CONFLICT (tenant_id) DO UPDATE SET live_jobs = l.live_jobs + $2, live_bytes = l.live_bytes + $3,
    ended_jobs = l.ended_jobs + $4, outcome_bytes = l.outcome_bytes + $5
  RETURNING live_jobs, ended_jobs, outcome_bytes`;

/** Number of recent ends of jobs from which the time until there is room is estimated. */
const ENDS = 20;
const USUAL_RETRY_SECONDS = 10;
const LONGEST_RETRY_SECONDS = 300;

/** Counts in the transaction of what is counted; the counts of the tenant are locked until its end. */
export async function changeLoad(sql: Sql, tenantId: string, change: LoadChange): Promise<Load> {
  const { liveJobs = 0, liveBytes = 0, endedJobs = 0, outcomeBytes = 0 } = change;
  const [row] = await sql<Record<'live_jobs' | 'ended_jobs' | 'outcome_bytes', string>>(CHANGE, [
    tenantId,
    liveJobs,
    liveBytes,
    endedJobs,
    outcomeBytes,
  ]);
  return {
    liveJobs: Number(row!.live_jobs),
    endedJobs: Number(row!.ended_jobs),
    outcomeBytes: Number(row!.outcome_bytes),
  };
}

/** Throws JOBS_FULL where the jobs that are counted, and `more` that are not yet, pass the limits. */
export async function assertRoom(
  sql: Sql,
  tenantId: string,
  { limits }: Pick<QueueParts, 'limits'>,
  more: { readonly jobs: number; readonly bytes: number },
): Promise<void> {
  const [load] = await sql<Record<'jobs' | 'own' | 'bytes', string | null>>(
    `SELECT sum(live_jobs) AS jobs, sum(live_bytes) AS bytes, sum(live_jobs) FILTER (WHERE tenant_id = $1) AS own
    FROM voice_prints.job_loads`,
    [tenantId],
  );
  const isRoom =
    Number(load?.jobs ?? 0) + more.jobs <= limits.maxJobs &&
    Number(load?.own ?? 0) + more.jobs <= limits.maxJobsOfTenant &&
    Number(load?.bytes ?? 0) + more.bytes <= limits.maxAudioBytes;
  if (isRoom) return;
  throw jobsFull(await secondsToRoom(sql));
}

/** Estimated time until the next job ends. */
async function secondsToRoom(sql: Sql): Promise<number> {
  const [row] = await sql<{ apart: number | null }>(
    `SELECT ((max(ended_at_ms) - min(ended_at_ms)) / nullif(count(*) - 1, 0))::float AS apart FROM (
      SELECT ended_at_ms FROM voice_prints.jobs WHERE ended_at_ms IS NOT NULL ORDER BY ended_at_ms DESC LIMIT ${ENDS}) AS recent`,
  );
  if (row?.apart == null) return USUAL_RETRY_SECONDS;
  return Math.min(LONGEST_RETRY_SECONDS, Math.max(1, Math.ceil(row.apart / 1000)));
}
