import type { Database } from '../../database/database.js';
import { ALL_TENANTS, type Sql } from '../../database/sql.js';
import { CHANNEL, IS_DUE, WORK } from './queueParts.js';

/**
 * Workers with a free place that found nothing to do wait in a table, and each job calls the one of them that has waited longest: all of them
 * would look for it otherwise, and one find it. Who is called and ends before it takes the job is made up for by the others' regular look;
 * one that had ended before is not called.
 */

/** A worker looks every ten seconds: one that has not ended without a word. */
const SEEN = `clock_timestamp() + interval '15 seconds'`;

/** Of two that call at once each finds another one. The last statement of its transaction: `leave` waits for those who call. */
const called = (condition: string): string =>
  `UPDATE voice_prints.job_workers SET waits_since = NULL WHERE ${condition} AND holder = (
    SELECT holder FROM voice_prints.job_workers
    WHERE waits_since IS NOT NULL AND seen_until > clock_timestamp() AND holder <> $1
    ORDER BY waits_since LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING holder`;

/** The server gives the lock back as soon as the connection ends on which its holder, `name`, is told. */
const lockOf = (name: string): string => `hashtextextended('voice_prints job worker ' || ${name}, 0)`;

/** Held, `$1`, for as long as this process can be told on the connection. */
export const CAN_BE_TOLD = `SELECT pg_advisory_lock_shared(${lockOf('$1')})`;

/** A worker that waits; `isThere` is false, and nobody told, where it has ended. */
const asked = (condition: string): string => `WITH called AS (${called(condition)}), asked AS (
    SELECT holder, NOT pg_try_advisory_xact_lock(${lockOf('holder')}) AS "isThere" FROM called)`;

const CALL = `${asked('true')}
  SELECT "isThere", CASE WHEN "isThere" IS NOT false THEN pg_notify('${CHANNEL}', '${WORK}' || coalesce(' ' || holder, '')) END
  FROM (SELECT 1) AS once LEFT JOIN asked ON true`;

const CALL_ANOTHER = `${asked(`EXISTS (SELECT FROM voice_prints.jobs WHERE ${IS_DUE})`)}
  SELECT "isThere", CASE WHEN "isThere" THEN pg_notify('${CHANNEL}', '${WORK} ' || holder) END FROM asked`;

/** This worker, `$1`, does not wait. */
export const LEAVE =
  'UPDATE voice_prints.job_workers SET waits_since = NULL WHERE holder = $1 AND waits_since IS NOT NULL';

/** A job is there, once the transaction is committed. Where no other worker waits all are told: some may be about to. */
export const callWorker = (sql: Sql, holderId: string): Promise<void> => callUntilThere(sql, CALL, holderId);

/** Whoever is found to have ended waits no more, so that another one is found the next time. */
async function callUntilThere(sql: Sql, call: string, holderId: string): Promise<void> {
  for (let isThere: boolean | null | undefined = false; isThere === false; ) {
    const [found] = await sql<{ isThere: boolean | null }>(call, [holderId]);
    isThere = found?.isThere;
  }
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
  await callUntilThere(sql, CALL_ANOTHER, holderId);
}

/** Nobody is called from now on who ended without a word. */
export async function forgetWorkers(database: Database): Promise<void> {
  await database.query(ALL_TENANTS, 'DELETE FROM voice_prints.job_workers WHERE seen_until < clock_timestamp()');
}
