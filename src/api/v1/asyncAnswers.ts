import { VoicePrintsError } from '../../core/errors.js';
import type { Diarization, Identification, SpeechActivity } from '../../core/identification.js';
import type { JobFailure, JobOutcome, JobTask, JobView, WebhookView } from '../../engine/jobs/jobs.js';
import { diarizeAnswer, identifyAnswer, speechAnswer } from '../deepaffects/contractAnswers.js';
import { faultDialect, problemDialect } from '../refusals/dialect.js';
import { refusalOf } from '../refusals/refusal.js';

/** An outcome in the DeepAffects format: `{response}` or `{fault}`; also the webhook's body, after the request id. */
export function contractOutcome(kind: JobTask['kind'], outcome: JobOutcome): Record<string, unknown> {
  if ('failure' in outcome) return faultDialect.body(refusal(outcome.failure)) as Record<string, unknown>;
  return { response: responseOf(kind, outcome.result) };
}

/** Outcomes are written by the engine of this package and have its format. */
function responseOf(kind: JobTask['kind'], result: unknown): unknown {
  if (kind === 'identify') return identifyAnswer(result as Identification);
  if (kind === 'diarize') return diarizeAnswer(result as Diarization);
  return speechAnswer(result as SpeechActivity);
}

const refusal = ({ code, message, details }: JobFailure) => refusalOf(new VoicePrintsError(code, message, { details }));

/** A job as the DeepAffects calls show it. */
export const contractJob = (job: JobView) => ({
  request_id: job.requestId,
  api: job.call,
  status: job.status,
  tries: job.tries,
  created_at: iso(job.createdAtMs),
  started_at: iso(job.startedAtMs),
  ended_at: iso(job.endedAtMs),
  progress: progressOf(job),
  webhook: job.webhook && webhookAnswer(job.webhook),
  ...(job.outcome ? contractOutcome(job.kind, job.outcome) : {}),
});

/** A job as the /v1 calls show it: `result` is the engine's own answer. */
export const modernJob = (job: JobView) => ({
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
const progressOf = ({ progress }: JobView) =>
  progress && {
    doneSeconds: progress.doneMs / 1000,
    totalSeconds: progress.totalMs === undefined ? null : progress.totalMs / 1000,
  };

/** ISO 8601 in UTC. */
export const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());
