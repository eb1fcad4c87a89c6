import type { Diarization, Identification, SpeechActivity } from '../../core/identification.js';
import type { JobOutcome, JobTask, JobView } from '../../engine/jobs/jobs.js';
import { faultDialect } from '../refusals/dialect.js';
import { iso, progressOf, refusal, webhookAnswer } from '../v1/jobAnswers.js';
import { diarizeAnswer, identifyAnswer, speechAnswer } from './answers.js';

/** An outcome in the DeepAffects format: `{response}` or `{fault}`; also the webhook's body, after the request id. */
export function deepaffectsOutcome(kind: JobTask['kind'], outcome: JobOutcome): Record<string, unknown> {
  if ('failure' in outcome) return faultDialect.body(refusal(outcome.failure)) as Record<string, unknown>;
  return { response: responseOf(kind, outcome.result) };
}

/** Outcomes are written by the engine of this package and have its format. */
function responseOf(kind: JobTask['kind'], result: unknown): unknown {
  if (kind === 'identify') return identifyAnswer(result as Identification);
  if (kind === 'diarize') return diarizeAnswer(result as Diarization);
  return speechAnswer(result as SpeechActivity);
}

/** A job as the DeepAffects calls show it. */
export const deepaffectsJob = (job: JobView) => ({
  request_id: job.requestId,
  api: job.call,
  status: job.status,
  tries: job.tries,
  created_at: iso(job.createdAtMs),
  started_at: iso(job.startedAtMs),
  ended_at: iso(job.endedAtMs),
  progress: progressOf(job),
  webhook: job.webhook && webhookAnswer(job.webhook),
  ...(job.outcome ? deepaffectsOutcome(job.kind, job.outcome) : {}),
});
