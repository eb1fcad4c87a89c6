import { VoicePrintsError } from '../../core/errors.js';
import { present } from '../../core/present.js';
import type { Job, JobFailure, JobOrder, JobOutcome, JobStatus } from '../job.js';
import { jobOf } from '../storedRows.js';
import type { RowSealing } from './rowSealing.js';

/** A row of `voice_prints.jobs` as `pg` returns it: 64-bit integers as text. */
export interface JobRow {
  readonly id: string;
  readonly tenant_id: string;
  readonly request_key: Buffer;
  readonly owner_id: string | null;
  readonly status: JobStatus;
  readonly tries: number;
  readonly is_suspect: boolean;
  readonly holder: string | null;
  readonly claim: string | null;
  readonly claimed_at: Date | null;
  readonly progress_done_ms: number | null;
  readonly created_at_ms: string;
  readonly started_at_ms: string | null;
  readonly ended_at_ms: string | null;
  readonly audio_bytes: string;
  readonly audio_ms: number | null;
  readonly outcome_bytes: string;
  readonly request: Buffer;
  readonly failure: Buffer | null;
  /** Undefined where it was not read. */
  readonly outcome?: Buffer | null;
}

/** Columns without the outcome, which may be large. */
export const WITHOUT_OUTCOME = `id, tenant_id, request_key, owner_id, status, tries, is_suspect, holder, claim, claimed_at, progress_done_ms,
  created_at_ms, started_at_ms, ended_at_ms, audio_bytes, audio_ms, outcome_bytes, request, failure`;

const number = (text: string | null): number | undefined => (text === null ? undefined : Number(text));

/** What the order of a job is sealed as; the rest has columns. */
type Request = Omit<JobOrder, 'tenantId' | 'ownerId'>;

/** Stands for the id of a request. Newline cannot occur in a tenant's id. */
export const requestKeyOf = (sealing: RowSealing, tenantId: string, requestId: string): Buffer =>
  sealing.standIn(`${tenantId}\n${requestId}`);

/** Bound to the tenant and the request: no value can be taken for that of another job. */
const purposeOf = (column: string, tenantId: string, requestKey: Buffer): string =>
  `voice-prints jobs ${column} ${tenantId}\n${requestKey.toString('hex')}`;

/** The sealed columns of a job; null where it has none. */
export function sealedColumns(sealing: RowSealing, job: Job, requestKey: Buffer) {
  const { tenantId, requestId, call, task, audio, rawFormat, selection, webhookUrl, digest, traceparent } = job;
  const request: Request = { requestId, call, task, audio, rawFormat, selection, webhookUrl, digest, traceparent };
  const sealed = (column: string, value: unknown) =>
    value === undefined ? null : sealing.seal(value, purposeOf(column, tenantId, requestKey));
  return {
    request: sealing.seal(request, purposeOf('request', tenantId, requestKey)),
    failure: sealed('failure', job.lastFailure),
    outcome: sealed('outcome', job.outcome),
  };
}

/** Throws REGISTRY_CORRUPT. */
export function jobOfRow(sealing: RowSealing, row: JobRow): Job {
  const opened = (column: string, bytes: Buffer | null | undefined) =>
    bytes == null ? undefined : sealing.open(bytes, purposeOf(column, row.tenant_id, row.request_key));
  return jobOf({
    ...(opened('request', row.request) as Request),
    tenantId: row.tenant_id,
    status: row.status,
    tries: row.tries,
    createdAtMs: Number(row.created_at_ms),
    ...present({
      ownerId: row.owner_id ?? undefined,
      startedAtMs: number(row.started_at_ms),
      endedAtMs: number(row.ended_at_ms),
      lastFailure: opened('failure', row.failure) as JobFailure | undefined,
      outcome: opened('outcome', row.outcome) as JobOutcome | undefined,
      audioMs: row.audio_ms ?? undefined,
    }),
  });
}

/** What `read` makes of a row; undefined where that is damaged, which must not keep others from theirs. Throws what else `read` throws. */
export function unlessDamaged<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof VoicePrintsError && error.code === 'REGISTRY_CORRUPT') return undefined;
    throw error;
  }
}

/** Audio processed by this try or an earlier one, whichever got further, in milliseconds. */
export const furthestMs = ({ audio_ms: before, progress_done_ms: now }: JobRow): number =>
  Math.max(before ?? 0, now ?? 0);
