import { randomBytes } from 'node:crypto';
import type { Sql } from '../../database/sql.js';
import type { Job, JobOutcome } from '../job.js';
import { useAudio } from './audioUsed.js';
import { eraseSurplus } from './endedRows.js';
import { erasedSince } from './jobErasures.js';
import { changeLoad } from './jobLoads.js';
import { notifyOfEnd } from './jobNotices.js';
import { furthestMs, type JobRow, jobOfRow, sealedColumns } from './jobRows.js';
import { hostKeyOf } from './messageRows.js';
import type { QueueParts } from './queueParts.js';

export interface JobEnd {
  readonly status: 'done' | 'failed' | 'cancelled';
  readonly outcome?: JobOutcome | undefined;
}

/** Ends a queued or running job whose row is locked, with everything that depends on it. Returns the job as it is stored. */
export async function endJob(
  sql: Sql,
  parts: QueueParts,
  row: JobRow,
  { end, revise }: { readonly end: JobEnd; readonly revise: (job: Job) => Job },
): Promise<Job> {
  const { sealing, nowMs } = parts;
  const endedAtMs = nowMs();
  const audioMs = furthestMs(row);
  const ended: Job = { ...jobOfRow(sealing, row), ...end, endedAtMs, audioMs };
  const job = revise(await withoutErased(sql, parts, row, ended));
  const { request, failure, outcome } = sealedColumns(sealing, job, row.request_key);
  const outcomeBytes = outcome?.length ?? 0;
  await sql(
    `UPDATE voice_prints.jobs SET status = $2, ended_at_ms = $3, audio_ms = $4, request = $5, failure = $6, outcome = $7,
      outcome_bytes = $8, position = nextval('voice_prints.job_positions'), not_before_ms = 0, is_suspect = false, holder = NULL,
      claim = NULL, lease_until = NULL, progress_done_ms = NULL, progress_total_ms = NULL WHERE id = $1`,
    [row.id, end.status, endedAtMs, audioMs, request, failure, outcome, outcomeBytes],
  );
  if (end.outcome && job.webhookUrl !== undefined)
    await addMessage(sql, parts, { row, url: job.webhookUrl, endedAtMs });
  if (audioMs > 0) await useAudio(sql, { tenantId: job.tenantId, audioMs, endedAtMs });
  const { tenantId } = job;
  const change = { liveJobs: -1, liveBytes: -Number(row.audio_bytes), endedJobs: 1, outcomeBytes };
  const load = await changeLoad(sql, tenantId, change);
  await eraseSurplus(sql, parts, { tenantId, endedId: row.id, ...load });
  if (end.outcome) await notifyOfEnd(sql, parts.holderId, row.id);
  return job;
}

/** Ends a claimed job whose row is damaged, so that what it should have done is not known: without an outcome, or a message. */
export async function endUnreadable(sql: Sql, { nowMs }: QueueParts, row: JobRow): Promise<void> {
  const ended = await sql(
    `UPDATE voice_prints.jobs SET status = 'failed', ended_at_ms = $3, position = nextval('voice_prints.job_positions'), not_before_ms = 0,
      is_suspect = false, holder = NULL, claim = NULL, lease_until = NULL WHERE id = $1 AND claim = $2 RETURNING id`,
    [row.id, row.claim, nowMs()],
  );
  if (ended.length === 0) return; // another process has it
  await changeLoad(sql, row.tenant_id, { liveJobs: -1, liveBytes: -Number(row.audio_bytes), endedJobs: 1 });
}

/** Without the people who were erased while another process worked on it. */
async function withoutErased(sql: Sql, parts: QueueParts, row: JobRow, job: Job): Promise<Job> {
  if (row.claimed_at === null) return job;
  const erased = await erasedSince(sql, parts.sealing, row.tenant_id, row.claimed_at);
  return erased.reduce((revised, speakerId) => parts.withoutPerson(revised, speakerId) ?? revised, job);
}

async function addMessage(
  sql: Sql,
  { sealing }: QueueParts,
  { row, url, endedAtMs }: { readonly row: JobRow; readonly url: string; readonly endedAtMs: number },
): Promise<void> {
  await sql(
    `INSERT INTO voice_prints.webhook_messages (id, job_id, tenant_id, host_key, next_at_ms, created_at_ms)
    VALUES ($1, $2, $3, $4, $5, $5)`,
    [`msg_${randomBytes(18).toString('base64url')}`, row.id, row.tenant_id, hostKeyOf(sealing, url), endedAtMs],
  );
}
