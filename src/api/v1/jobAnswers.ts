import { VoicePrintsError } from '../../core/errors.js';
import type { JobFailure, JobView, WebhookView } from '../../engine/jobs/jobs.js';
import { problemDialect } from '../refusals/dialect.js';
import { refusalOf } from '../refusals/refusal.js';

/** The refusal of a failed job. */
export const refusal = ({ code, message, details }: JobFailure) =>
  refusalOf(new VoicePrintsError(code, message, { details }));

/** A job as the /v1 calls show it: `result` is the engine's own answer. */
export const v1Job = (job: JobView) => ({
  requestId: job.requestId,
  kind: job.kind,
  status: job.status,
  tries: job.tries,
  createdAt: iso(job.createdAtMs),
  startedAt: iso(job.startedAtMs),
  endedAt: iso(job.endedAtMs),
  progress: progressOf(job),
  webhook: job.webhook && webhookAnswer(job.webhook),
  ...(job.outcome && 'result' in job.outcome ? { result: job.outcome.result } : {}),
  ...(job.outcome && 'failure' in job.outcome ? { problem: problemDialect.body(refusal(job.outcome.failure)) } : {}),
});

/** Delivery status of a message; times as ISO 8601. */
export const webhookAnswer = ({ webhookId, status, tries, lastFailure }: WebhookView) => ({
  webhookId,
  status,
  tries,
  lastFailure: lastFailure && {
    at: iso(lastFailure.atMs),
    httpStatus: lastFailure.httpStatus ?? null,
    code: lastFailure.code ?? null,
  },
});

/** Seconds of audio processed, and in total where the recording declares its length. */
export const progressOf = ({ progress }: JobView) =>
  progress && {
    doneSeconds: progress.doneMs / 1000,
    totalSeconds: progress.totalMs === undefined ? null : progress.totalMs / 1000,
  };

/** ISO 8601 in UTC. */
export const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());
