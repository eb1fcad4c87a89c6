import { dayOf } from '../../core/time.js';
import { ALL_TENANTS, type Sql } from '../../database/sql.js';
import type { Job, JobFailure, JobOrder, JobOutcome, JobProgress } from '../job.js';
import type { JobClaim, JobPage, JobQueue } from '../jobQueue.js';
import { jobConflict } from '../jobRefusals.js';
import type { AudioUsed } from './audioUsed.js';
import { eraseEndedBefore, eraseRows } from './endedRows.js';
import { endJob, type JobEnd } from './endJob.js';
import { JobClaims } from './jobClaims.js';
import { erasedSince } from './jobErasures.js';
import { assertRoom, changeLoad } from './jobLoads.js';
import {
  furthestMs,
  type JobRow,
  jobOfRow,
  requestKeyOf,
  sealedColumns,
  unlessDamaged,
  WITHOUT_OUTCOME,
} from './jobRows.js';
import { JobsRevised } from './jobsRevised.js';
import { callWorker } from './jobWorkers.js';
import type { QueueParts } from './queueParts.js';

const WHOLE = `SELECT ${WITHOUT_OUTCOME}, outcome FROM voice_prints.jobs`;
const OF_OWNER = 'AND owner_id BETWEEN $4 AND $4 ORDER BY tenant_id DESC, owner_id DESC, id DESC';
const isLive = ({ status }: Pick<JobRow, 'status'>): boolean => status === 'queued' || status === 'running';

/** Jobs in PostgreSQL, for any number of processes. */
export class PostgresJobQueue implements JobQueue {
  readonly #parts: QueueParts;
  readonly #claims: JobClaims;
  readonly #audioUsed: AudioUsed;
  readonly #revised: JobsRevised;

  constructor(parts: QueueParts, audioUsed: AudioUsed) {
    this.#parts = parts;
    this.#claims = new JobClaims(parts);
    this.#audioUsed = audioUsed;
    this.#revised = new JobsRevised(parts);
  }

  async add(order: JobOrder): Promise<{ readonly job: Job; readonly isNew: boolean }> {
    const { database, sealing, nowMs, holderId } = this.#parts;
    const { tenantId, requestId, audio } = order;
    const requestKey = requestKeyOf(sealing, tenantId, requestId);
    const bytes = audio.kind === 'stored' ? audio.bytes : 0;
    return database.transaction(ALL_TENANTS, async (sql) => {
      const ordered: Job = { ...order, status: 'queued', tries: 0, createdAtMs: nowMs() };
      const erased = await erasedSince(sql, sealing, tenantId, new Date());
      const job = erased.reduce((revised, id) => this.#parts.withoutPerson(revised, id) ?? revised, ordered);
      const added = await sql(
        `INSERT INTO voice_prints.jobs (tenant_id, request_key, owner_id, status, created_at_ms, audio_id, audio_bytes, request)
        VALUES ($1, $2, $3, 'queued', $4, $5, $6, $7) ON CONFLICT (tenant_id, request_key) DO NOTHING RETURNING id`,
        [
          ...[tenantId, requestKey, order.ownerId ?? null, job.createdAtMs],
          ...[audio.kind === 'stored' ? audio.audioId : null, bytes, sealedColumns(sealing, job, requestKey).request],
        ],
      );
      if (added.length === 0) {
        const known = jobOfRow(sealing, (await this.#rowOf(sql, tenantId, requestId))!);
        if (known.digest !== order.digest) throw jobConflict();
        return { job: known, isNew: false };
      }
      await changeLoad(sql, tenantId, { liveJobs: 1, liveBytes: bytes });
      await assertRoom(sql, tenantId, this.#parts, { jobs: 0, bytes: 0 });
      await callWorker(sql, holderId);
      return { job, isNew: true };
    });
  }

  async assertRoom(tenantId: string, requestId: string): Promise<void> {
    await this.#parts.database.transaction(ALL_TENANTS, async (sql) => {
      const known = await sql('SELECT 1 FROM voice_prints.jobs WHERE tenant_id = $1 AND request_key = $2', [
        tenantId,
        requestKeyOf(this.#parts.sealing, tenantId, requestId),
      ]);
      if (known.length === 0) await assertRoom(sql, tenantId, this.#parts, { jobs: 1, bytes: 1 });
    });
  }

  async get(tenantId: string, requestId: string): Promise<Job | undefined> {
    const { database, sealing } = this.#parts;
    const row = await database.transaction(tenantId, (sql) => this.#rowOf(sql, tenantId, requestId));
    return row && jobOfRow(sealing, row);
  }

  /** The job of a row. */
  async byId(id: string): Promise<Job | undefined> {
    const { database, sealing } = this.#parts;
    const [row] = await database.query<JobRow>(ALL_TENANTS, `${WHOLE} WHERE id = $1`, [id]);
    return row && jobOfRow(sealing, row);
  }

  async list(
    tenantId: string,
    { limit, cursor, ownerId }: JobPage,
  ): Promise<{ readonly jobs: readonly Job[]; readonly cursor?: string }> {
    const { database, sealing } = this.#parts;
    const before = cursor !== undefined && /^\d{1,18}$/.test(cursor) ? cursor : '9223372036854775807';
    // Ranges of one value: else the primary key is read backwards through the jobs of all tenants.
    const rows = await database.query<JobRow>(
      tenantId,
      `SELECT ${WITHOUT_OUTCOME} FROM voice_prints.jobs WHERE tenant_id BETWEEN $1 AND $1 AND id < $2
      ${ownerId === undefined ? 'ORDER BY tenant_id DESC, id DESC' : OF_OWNER} LIMIT $3`,
      [tenantId, before, limit + 1, ...(ownerId === undefined ? [] : [ownerId])],
    );
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    return {
      jobs: page.flatMap((row) => unlessDamaged(() => jobOfRow(sealing, row)) ?? []),
      ...(rows.length > limit && last ? { cursor: last.id } : {}),
    };
  }

  async progressOf(tenantId: string, requestId: string): Promise<JobProgress | undefined> {
    const { database, sealing } = this.#parts;
    const [row] = await database.query<{ done: number | null; total: number | null }>(
      tenantId,
      `SELECT progress_done_ms AS done, progress_total_ms AS total FROM voice_prints.jobs
      WHERE tenant_id = $1 AND request_key = $2 AND status = 'running'`,
      [tenantId, requestKeyOf(sealing, tenantId, requestId)],
    );
    return row?.done == null ? undefined : { doneMs: row.done, totalMs: row.total ?? undefined };
  }

  audioUsedMs(tenantId: string, day: string): number {
    return this.#audioUsed.usedMs(tenantId, day);
  }

  take(isHeld: (tenantId: string) => boolean = () => false): Promise<JobClaim | undefined> {
    return this.#claims.take(isHeld);
  }

  takeOverdue(beforeMs: number): Promise<JobClaim | undefined> {
    return this.#claims.takeOverdue(beforeMs);
  }

  nextDueMs(afterMs: number, isHeld: (tenantId: string) => boolean = () => false): Promise<number | undefined> {
    return this.#claims.nextDueMs(afterMs, isHeld);
  }

  heartbeat(claim: JobClaim, progress?: JobProgress): Promise<boolean> {
    return this.#claims.heartbeat(claim, progress);
  }

  /** See JobClaims.isWork. */
  isWork(): Promise<boolean> {
    return this.#claims.isWork();
  }

  /** See JobClaims.takeBack. */
  takeBack(): Promise<number> {
    return this.#claims.takeBack();
  }

  async settle(claim: JobClaim, outcome: JobOutcome): Promise<boolean> {
    const end: JobEnd = { status: 'failure' in outcome ? 'failed' : 'done', outcome };
    const isSettled = await this.#withClaim(claim, (sql, row) => this.#end(sql, row, end));
    if (isSettled) await this.#audioUsed.refresh();
    return isSettled;
  }

  async retryLater(claim: JobClaim, notBeforeMs: number, failure: JobFailure): Promise<void> {
    const { sealing } = this.#parts;
    await this.#withClaim(claim, async (sql, row) => {
      const job: Job = { ...jobOfRow(sealing, row), lastFailure: failure };
      const { failure: sealed } = sealedColumns(sealing, job, row.request_key);
      await requeue(sql, row, { notBeforeMs, tries: row.tries, failure: sealed });
    });
  }

  async giveBack(claim: JobClaim, notBeforeMs = 0): Promise<void> {
    await this.#withClaim(claim, async (sql, row) => {
      await requeue(sql, row, { notBeforeMs, tries: row.tries - 1, failure: row.failure });
      if (notBeforeMs === 0) await callWorker(sql, this.#parts.holderId);
    });
  }

  async cancel(tenantId: string, requestId: string): Promise<Job | undefined> {
    const { database, sealing } = this.#parts;
    const job = await database.transaction(ALL_TENANTS, async (sql) => {
      const row = await this.#rowOf(sql, tenantId, requestId, 'FOR UPDATE');
      if (row === undefined) return undefined;
      return isLive(row) ? this.#end(sql, row, { status: 'cancelled' }) : jobOfRow(sealing, row);
    });
    if (job?.status === 'cancelled' && job.audioMs) await this.#audioUsed.refresh();
    return job;
  }

  async erase(tenantId: string, requestId: string): Promise<boolean> {
    return this.#parts.database.transaction(ALL_TENANTS, async (sql) => {
      const row = await this.#rowOf(sql, tenantId, requestId, 'FOR UPDATE');
      if (row === undefined || isLive(row)) return false;
      await eraseRows(sql, [row]);
      return true;
    });
  }

  revise(tenantId: string, change: (job: Job) => Job | undefined): Promise<readonly Job[]> {
    return this.#revised.revise(tenantId, change);
  }

  async expire(endedBeforeMs: number): Promise<number> {
    const { database, nowMs } = this.#parts;
    let erased = 0;
    for (let last = -1; last !== 0; erased += last) {
      last = await database.transaction(ALL_TENANTS, (sql) => eraseEndedBefore(sql, endedBeforeMs));
    }
    await this.#audioUsed.expire(dayOf(nowMs()));
    return erased;
  }

  async audioIds(): Promise<ReadonlySet<string>> {
    const rows = await this.#parts.database.query<{ audio_id: string }>(
      ALL_TENANTS,
      `SELECT audio_id FROM voice_prints.jobs WHERE status IN ('queued', 'running') AND audio_id IS NOT NULL`,
    );
    return new Set(rows.map((row) => row.audio_id));
  }

  /** Does not close the database: its opener does. */
  async [Symbol.asyncDispose](): Promise<void> {}

  #end(sql: Sql, row: JobRow, end: JobEnd): Promise<Job> {
    return endJob(sql, this.#parts, row, { end, revise: (job) => this.#revised.whenEnded(row, job) });
  }

  /** Runs with the row of a claimed job locked. False: the claim is lost. */
  async #withClaim({ token }: JobClaim, work: (sql: Sql, row: JobRow) => Promise<unknown>): Promise<boolean> {
    const [id, name] = token.split(':') as [string, string];
    const isHeld = await this.#parts.database.transaction(ALL_TENANTS, async (sql) => {
      const lock = `SELECT ${WITHOUT_OUTCOME} FROM voice_prints.jobs WHERE id = $1 AND claim = $2 AND status = 'running' FOR UPDATE`;
      const [row] = await sql<JobRow>(lock, [id, name]);
      if (row) await work(sql, row);
      return row !== undefined;
    });
    this.#revised.forget(name);
    return isHeld;
  }

  async #rowOf(sql: Sql, tenantId: string, requestId: string, lock = ''): Promise<JobRow | undefined> {
    const requestKey = requestKeyOf(this.#parts.sealing, tenantId, requestId);
    return (await sql<JobRow>(`${WHOLE} WHERE tenant_id = $1 AND request_key = $2 ${lock}`, [tenantId, requestKey]))[0];
  }
}

/** Puts a job at the end of the queue. */
async function requeue(
  sql: Sql,
  row: JobRow,
  { notBeforeMs, tries, failure }: { notBeforeMs: number; tries: number; failure: Buffer | null },
): Promise<void> {
  await sql(
    `UPDATE voice_prints.jobs SET status = 'queued', not_before_ms = $2, tries = $3, failure = $4, audio_ms = $5,
      position = nextval('voice_prints.job_positions'), is_suspect = false, holder = NULL, claim = NULL, lease_until = NULL,
      progress_done_ms = NULL, progress_total_ms = NULL WHERE id = $1`,
    [row.id, notBeforeMs, tries, failure, furthestMs(row)],
  );
}
