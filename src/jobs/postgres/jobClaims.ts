import { VoicePrintsError } from '../../core/errors.js';
import { ALL_TENANTS, type Sql } from '../../database/sql.js';
import type { JobProgress } from '../job.js';
import type { JobClaim } from '../jobQueue.js';
import { retryWaitMs } from '../retryWait.js';
import { endUnreadable } from './endJob.js';
import { HeartbeatRound } from './heartbeatRound.js';
import { type JobRow, jobOfRow, unlessDamaged, WITHOUT_OUTCOME } from './jobRows.js';
import { leaveToOthers, waitForCall } from './jobWorkers.js';
import { IS_DUE, IS_LAPSED, LEASE, notifyOf, type QueueParts, WORK } from './queueParts.js';

/** Others may take what was found before it is claimed: so often is another one looked for. */
const LOOKS = 3;

const CLAIMED = `status = 'running', tries = tries + 1, started_at_ms = $1, holder = $2, claim = gen_random_uuid(),
  claimed_at = clock_timestamp(), lease_until = clock_timestamp() + ${LEASE}, progress_done_ms = NULL, progress_total_ms = NULL`;

/** A job of `tenant`, or undefined where others took all of them. */
const CLAIM_OF_TENANT = `UPDATE voice_prints.jobs SET ${CLAIMED} WHERE id = (
  SELECT id FROM voice_prints.jobs WHERE tenant_id = $3 AND ${IS_DUE}
  ORDER BY position LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING ${WITHOUT_OUTCOME}`;

const CLAIM_OF_ID = `UPDATE voice_prints.jobs SET ${CLAIMED} WHERE id = $3 RETURNING ${WITHOUT_OUTCOME}`;

/** Suspects that wait for this process, or for none that lives. */
const SUSPECTS = `SELECT id, tenant_id FROM voice_prints.jobs
  WHERE status = 'queued' AND is_suspect AND not_before_ms = 0
    AND (holder IS NULL OR holder = $1 OR lease_until < clock_timestamp())
  ORDER BY position FOR UPDATE SKIP LOCKED`;

/** Hands out jobs to this process, and takes back those of processes that ended. */
export class JobClaims {
  readonly #parts: QueueParts;
  readonly #round: HeartbeatRound;

  constructor(parts: QueueParts) {
    this.#parts = parts;
    this.#round = new HeartbeatRound(parts);
  }

  /** See JobQueue.take. A suspect waits for the process that found it first, which then takes no other. */
  async take(isHeld: (tenantId: string) => boolean): Promise<JobClaim | undefined> {
    const { database, holderId, nowMs } = this.#parts;
    const row = await database.transaction(ALL_TENANTS, async (sql): Promise<JobRow | undefined> => {
      const [own] = await sql<{ jobs: string; isAlone: boolean | null }>(
        `SELECT count(*) AS jobs, bool_or(is_suspect) AS "isAlone" FROM voice_prints.jobs WHERE status = 'running' AND holder = $1`,
        [holderId],
      );
      if (own?.isAlone) return undefined;
      await endWaits(sql, nowMs());
      const suspects = await sql<{ id: string; tenant_id: string }>(SUSPECTS, [holderId]);
      const suspect = suspects.find(({ tenant_id: tenantId }) => !isHeld(tenantId));
      const claimed = suspect
        ? await this.#suspect(sql, suspect.id, own?.jobs === '0')
        : await this.#nextInTurn(sql, isHeld);
      if (claimed ?? suspect) await leaveToOthers(sql, holderId);
      else await waitForCall(sql, holderId);
      return claimed;
    });
    return row && this.#claimOf(row);
  }

  /** See JobQueue.takeOverdue. */
  async takeOverdue(beforeMs: number): Promise<JobClaim | undefined> {
    const { database, holderId, nowMs } = this.#parts;
    const [row] = await database.query<JobRow>(
      ALL_TENANTS,
      `UPDATE voice_prints.jobs SET ${CLAIMED} WHERE id = (
        SELECT id FROM voice_prints.jobs WHERE status = 'queued' AND created_at_ms < $3
        ORDER BY created_at_ms LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING ${WITHOUT_OUTCOME}`,
      [nowMs(), holderId, beforeMs],
    );
    return row && this.#claimOf(row);
  }

  /** Throws REGISTRY_CORRUPT for a row that is damaged: then nobody is handed the job again, which would keep others waiting. */
  async #claimOf(row: JobRow): Promise<JobClaim> {
    const { database, sealing } = this.#parts;
    const job = unlessDamaged(() => jobOfRow(sealing, row));
    if (job) return { job, token: `${row.id}:${row.claim}` };
    await database.transaction(ALL_TENANTS, (sql) => endUnreadable(sql, this.#parts, row));
    const message =
      'a stored job cannot be read and was not worked on; restore the database from a backup, or send it again';
    throw new VoicePrintsError('REGISTRY_CORRUPT', message);
  }

  /** See JobQueue.nextDueMs. */
  async nextDueMs(afterMs: number, isHeld: (tenantId: string) => boolean): Promise<number | undefined> {
    const rows = await this.#parts.database.query<{ tenant_id: string; next: string }>(
      ALL_TENANTS,
      `SELECT tenant_id, min(not_before_ms) AS next FROM voice_prints.jobs
      WHERE status = 'queued' AND not_before_ms > 0 AND not_before_ms > $1 GROUP BY tenant_id ORDER BY next`,
      [afterMs],
    );
    const row = rows.find(({ tenant_id: tenantId }) => !isHeld(tenantId));
    return row && Number(row.next);
  }

  /** See JobQueue.heartbeat. Heartbeats of one moment are one statement. */
  heartbeat(claim: JobClaim, progress: JobProgress | undefined): Promise<boolean> {
    return this.#round.beat(claim, progress);
  }

  /** Whether there is a job to look for: one that is due, or that was put back. */
  async isWork(): Promise<boolean> {
    const [found] = await this.#parts.database.query<{ isDue: boolean; isLapsed: boolean }>(
      ALL_TENANTS,
      `SELECT EXISTS (SELECT FROM voice_prints.jobs WHERE ${IS_DUE}) AS "isDue",
        EXISTS (SELECT FROM voice_prints.jobs WHERE status = 'running' AND ${IS_LAPSED}) AS "isLapsed"`,
    );
    const putBack = found?.isLapsed ? await this.takeBack() : 0;
    return putBack > 0 || found?.isDue === true;
  }

  /** Puts back the jobs of processes that do not renew their claims; returns how many. They are suspects from now on. */
  async takeBack(): Promise<number> {
    const { database, limits, nowMs } = this.#parts;
    return database.transaction(ALL_TENANTS, async (sql) => {
      const lapsed = await sql<{ id: string; tries: number }>(
        `SELECT id, tries FROM voice_prints.jobs WHERE status = 'running' AND ${IS_LAPSED} ORDER BY id FOR UPDATE SKIP LOCKED`,
      );
      for (const { id, tries } of lapsed) {
        const notBeforeMs = tries > 1 ? nowMs() + retryWaitMs(tries - 1, limits.retryMs) : 0;
        await sql(
          `UPDATE voice_prints.jobs SET status = 'queued', is_suspect = true, holder = NULL, claim = NULL, lease_until = NULL,
            not_before_ms = $2, audio_ms = nullif(greatest(coalesce(audio_ms, 0), coalesce(progress_done_ms, 0)), 0),
            progress_done_ms = NULL, progress_total_ms = NULL WHERE id = $1`,
          [id, notBeforeMs],
        );
      }
      if (lapsed.length > 0) await notifyOf(sql, WORK);
      return lapsed.length;
    });
  }

  /** Claimed by a process that has no other job, else reserved until it has none. */
  async #suspect(sql: Sql, id: string, isAlone: boolean): Promise<JobRow | undefined> {
    const { holderId, nowMs } = this.#parts;
    if (isAlone) return (await sql<JobRow>(CLAIM_OF_ID, [nowMs(), holderId, id]))[0];
    const reserve = `UPDATE voice_prints.jobs SET holder = $1, lease_until = clock_timestamp() + ${LEASE} WHERE id = $2`;
    await sql(reserve, [holderId, id]);
    return undefined;
  }

  async #nextInTurn(sql: Sql, isHeld: (tenantId: string) => boolean): Promise<JobRow | undefined> {
    const { holderId, nowMs } = this.#parts;
    for (let look = 0; look < LOOKS; look += 1) {
      const tenants = await sql<{ tenant_id: string }>('SELECT tenant_id FROM voice_prints.tenants_in_turn()');
      const free = tenants.filter(({ tenant_id: tenantId }) => !isHeld(tenantId));
      if (free.length === 0) return undefined;
      for (const { tenant_id: tenantId } of free) {
        const [row] = await sql<JobRow>(CLAIM_OF_TENANT, [nowMs(), holderId, tenantId]);
        if (row) return row;
      }
    }
    return undefined;
  }
}

/** Jobs whose wait for another try is over are due from now on. */
async function endWaits(sql: Sql, nowMs: number): Promise<void> {
  await sql(
    `UPDATE voice_prints.jobs SET not_before_ms = 0 WHERE id IN (
      SELECT id FROM voice_prints.jobs WHERE status = 'queued' AND not_before_ms > 0 AND not_before_ms <= $1
      ORDER BY id FOR UPDATE SKIP LOCKED)`,
    [nowMs],
  );
}
