import { availableParallelism } from 'node:os';
import type { JobQueueLimits } from '../../jobs/jobQueueLimits.js';

const HOUR_MS = 3_600_000;

/** How jobs and webhooks are run. */
export interface JobSettings extends JobQueueLimits {
  /** Jobs in work at once; the rest of the machine is for calls that wait for an answer. */
  readonly concurrency: number;
  /** Tries at a job that fails for a reason that may pass, or that ends the process. */
  readonly maxTries: number;
  /** Before the second try at what failed, or the third at what was in work when a process ended; later waits grow as in jobs/retryWait.ts. */
  readonly retryMs: number;
  /** Largest recording of a job. */
  readonly maxAudioBytesOfJob: number;
  /** Longest recording of a job. */
  readonly maxDurationMs: number;
  readonly maxDecodeMs: number;
  /** How long outcomes can be polled. */
  readonly resultKeptMs: number;
  /** A job that still waits then expires, and its audio is erased. */
  readonly audioKeptMs: number;
  readonly webhookTries: number;
  /** Before the second attempt; later waits grow as in jobs/retryWait.ts. */
  readonly webhookRetryMs: number;
  readonly webhookTimeoutMs: number;
  /** Of a receiver's answer, before we hang up. */
  readonly webhookAnswerBytes: number;
  readonly webhookConcurrency: number;
  readonly webhooksPerHost: number;
  /** How long undelivered webhooks can be seen and sent again. */
  readonly deadLetterKeptMs: number;
  /** A secret that was replaced signs as long, beside the new one. */
  readonly oldSecretKeptMs: number;
  /** How long closing waits for receivers that are about to answer. */
  readonly graceMs: number;
}

export const JOB_DEFAULTS: JobSettings = {
  maxJobs: 2_000,
  maxJobsOfTenant: 1_000,
  maxAudioBytes: 8 * 2 ** 30,
  maxEndedJobsOfTenant: 10_000,
  maxOutcomeBytesOfTenant: 256 * 2 ** 20,
  concurrency: Math.max(1, Math.floor(availableParallelism() / 2)),
  maxTries: 3,
  retryMs: 5_000,
  maxAudioBytesOfJob: 2 ** 30,
  maxDurationMs: 4 * HOUR_MS,
  maxDecodeMs: 900_000,
  resultKeptMs: 24 * HOUR_MS,
  audioKeptMs: 72 * HOUR_MS,
  webhookTries: 5,
  webhookRetryMs: 5_000,
  webhookTimeoutMs: 15_000,
  webhookAnswerBytes: 65_536,
  webhookConcurrency: 32,
  webhooksPerHost: 8,
  deadLetterKeptMs: 7 * 24 * HOUR_MS,
  oldSecretKeptMs: 24 * HOUR_MS,
  graceMs: 5_000,
};
