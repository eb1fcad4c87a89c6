import type { Database } from '../../database/database.js';
import { ALL_TENANTS } from '../../database/sql.js';

/** What is in the queue of all processes together; nothing says whose. */
export interface QueueCounts {
  /** Jobs that wait, by how many their tenant has waiting: one, two to ten, more. */
  readonly waitingOfOne: number;
  readonly waitingOfFew: number;
  readonly waitingOfMany: number;
  /** Since when the oldest of them waits, in milliseconds since 1970; null when none waits. */
  readonly oldestMs: number | null;
  readonly running: number;
  readonly webhooksWaiting: number;
  readonly webhooksDead: number;
}

const COUNTS = `
  WITH waiting AS (
    SELECT count(*) AS jobs, min(created_at_ms) AS oldest FROM voice_prints.jobs WHERE status = 'queued' GROUP BY tenant_id
  ), webhooks AS (
    SELECT status, count(*) AS messages FROM voice_prints.webhook_messages WHERE status IN ('waiting', 'dead') GROUP BY status
  )
  SELECT
    coalesce(sum(jobs) FILTER (WHERE jobs = 1), 0)::float8 AS "waitingOfOne",
    coalesce(sum(jobs) FILTER (WHERE jobs BETWEEN 2 AND 10), 0)::float8 AS "waitingOfFew",
    coalesce(sum(jobs) FILTER (WHERE jobs > 10), 0)::float8 AS "waitingOfMany",
    min(oldest)::float8 AS "oldestMs",
    (SELECT count(*)::float8 FROM voice_prints.jobs WHERE status = 'running') AS running,
    coalesce((SELECT messages FROM webhooks WHERE status = 'waiting'), 0)::float8 AS "webhooksWaiting",
    coalesce((SELECT messages FROM webhooks WHERE status = 'dead'), 0)::float8 AS "webhooksDead"
  FROM waiting`;

/** Throws REGISTRY_UNAVAILABLE. */
export async function queueCounts(database: Database): Promise<QueueCounts> {
  const [counts] = await database.query<QueueCounts>(ALL_TENANTS, COUNTS);
  return counts!;
}
