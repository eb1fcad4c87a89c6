import type { Database } from '../../database/database.js';
import { ALL_TENANTS, type Sql } from '../../database/sql.js';
import { CHANNEL, IS_DUE, WORK } from './queueParts.js';

/**
 * Workers with a free place that found nothing to do wait in a table, and each job calls the one of them that has waited longest: all of them
 * would look for it otherwise, and one find it. Who is called and ends before it takes the job is made up for by the others' regular look.
 */

/** A worker looks every ten seconds: one that has not ended without a word. */
const SEEN = `clock_timestamp() + interval '15 seconds'`;

/** Of two that call at once each finds another one. The last statement of its transaction: `leave` waits for those who call. */
const called = (condition: string): string =>
  `UPDATE voice_prints.job_workers SET waits_since = NULL WHERE ${condition} AND holder = (
    SELECT holder FROM voice_prints.job_workers
    WHERE waits_since IS NOT NULL AND seen_until > clock_timestamp() AND holder <> $1
    ORDER BY waits_since LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING holder`;

const CALL = `WITH called AS (${called('true')})
  SELECT pg_notify('${CHANNEL}', '${WORK}' || coalesce((SELECT ' ' || holder FROM called), ''))`;

const CALL_ANOTHER = `WITH called AS (${called(`EXISTS (SELECT FROM voice_prints.jobs WHERE ${IS_DUE})`)})
  SELECT pg_notify('${CHANNEL}', '${WORK} ' || holder) FROM called`;

/** This worker, `$1`, does not wait. */
export const LEAVE =
  'UPDATE voice_prints.job_workers SET waits_since = NULL WHERE holder = $1 AND waits_since IS NOT NULL';

/** A job is there, once the transaction is committed. Where no other worker waits all are told: some may be about to. */
export async function callWorker(sql: Sql, holderId: string): Promise<void> {
  await sql(CALL, [holderId]);
}

/** This worker has found nothing to do. */
export async function waitForCall(sql: Sql, holderId: string): Promise<void> {
  await sql(
    `INSERT INTO voice_prints.job_workers AS w (holder, waits_since, seen_until) VALUES ($1, clock_timestamp(), ${SEEN})
    ON CONFLICT (holder) DO UPDATE SET waits_since = coalesce(w.waits_since, clock_timestamp()), seen_until = ${SEEN}`,
    [holderId],
  );
}

/**
 * This worker has something to do: it need not be called, and whatever it leaves is another's. What it was called for while it took something
 * else is among that: the first statement waits for whoever is calling it, the second sees what that one has added.
 */
export async function leaveToOthers(sql: Sql, holderId: string): Promise<void> {
  await sql(LEAVE, [holderId]);
  await sql(CALL_ANOTHER, [holderId]);
}

/** Nobody is called from now on who ended without a word. */
export async function forgetWorkers(database: Database): Promise<void> {
  await database.query(ALL_TENANTS, 'DELETE FROM voice_prints.job_workers WHERE seen_until < clock_timestamp()');
}
