import type { AudioSelection, RawFormat, RecordingSource } from '../../core/recording.js';
import type { JobOutcome, JobProgress, JobStatus, JobTask } from '../../jobs/job.js';
import type { FailedAttempt } from '../../jobs/webhooks/webhookOutbox.js';

export type { JobFailure, JobOutcome, JobProgress, JobStatus, JobTask } from '../../jobs/job.js';

/** A recording that comes with the request, or an address from which it is fetched when the job runs. */
export type JobSource =
  | RecordingSource
  | ({ readonly kind: 'url'; readonly url: string; readonly rawFormat?: RawFormat } & AudioSelection);

export interface JobRequest {
  readonly tenantId?: string;
  /** Whose job it is within the tenant, where that matters; see `list` and JobView. */
  readonly ownerId?: string;
  /** Makes the request repeatable: the same id with the same request is the same job. One is made where none is given. */
  readonly requestId?: string | undefined;
  /** The call that was made, as answers repeat it. */
  readonly call: string;
  readonly task: JobTask;
  readonly source: JobSource;
  /** The outcome is sent there. */
  readonly webhookUrl?: string | undefined;
}

/** How the message about a job fares. */
export interface WebhookView {
  readonly webhookId: string;
  readonly status: 'waiting' | 'delivered' | 'dead';
  readonly tries: number;
  readonly lastFailure: FailedAttempt | null;
}

/** A job as callers see it: no audio, no addresses. Times are milliseconds since 1970. */
export interface JobView {
  readonly tenantId: string;
  /** Null where it was submitted without one. */
  readonly ownerId: string | null;
  readonly requestId: string;
  readonly call: string;
  readonly kind: JobTask['kind'];
  readonly status: JobStatus;
  readonly tries: number;
  readonly createdAtMs: number;
  readonly startedAtMs: number | null;
  readonly endedAtMs: number | null;
  /** Of a running job. */
  readonly progress: JobProgress | null;
  /** Of `done` and `failed`. */
  readonly outcome: JobOutcome | null;
  readonly webhook: WebhookView | null;
}

/** An undelivered message. */
export interface DeadLetter extends WebhookView {
  readonly requestId: string;
  /** Without user name, password, query and fragment. */
  readonly address: string;
  readonly createdAtMs: number;
  readonly endedAtMs: number | null;
}

/**
 * Recordings to be worked on later. Opened beside the engine, and closed before it. Everything is per tenant.
 * A job whose `submit` resolved is on disk: it survives the process.
 */
export interface Jobs extends AsyncDisposable {
  /**
   * Throws JOBS_FULL, JOB_CONFLICT, URL_INVALID, URL_FORBIDDEN, SPEAKER_NOT_FOUND, SPEAKER_INCOMPLETE, AUDIO_TOO_LARGE,
   * REGISTRY_UNAVAILABLE, ENGINE_CLOSED.
   */
  submit(request: JobRequest): Promise<{ readonly job: JobView; readonly isNew: boolean }>;
  get(requestId: string, tenantId?: string): Promise<JobView | undefined>;
  /** Newest first, without outcomes, of one owner where that is given; `cursor` is undefined at the end. */
  list(
    page: { readonly limit: number; readonly cursor?: string | undefined; readonly ownerId?: string | undefined },
    tenantId?: string,
  ): Promise<{ readonly jobs: readonly JobView[]; readonly cursor?: string }>;
  /** Ends a job that waits or runs and erases its audio; one that is over stays as it is. Throws JOB_NOT_FOUND. */
  cancel(requestId: string, tenantId?: string): Promise<JobView>;
  /** As `cancel`, and forgets the job with its outcome. Throws JOB_NOT_FOUND. */
  erase(requestId: string, tenantId?: string): Promise<void>;
  /** Calls the listener for every job of every tenant that is done or failed, once its outcome is on disk. Returns a function that ends that. */
  onSettled(listener: (job: JobView) => void): () => void;
  /** Newest first. */
  deadLetters(limit: number, tenantId?: string): Promise<readonly DeadLetter[]>;
  /** Throws WEBHOOK_NOT_FOUND. */
  resend(webhookId: string, tenantId?: string): Promise<void>;
  /** Erases what has expired, and ends jobs that waited too long; runs every minute automatically. */
  sweep(): Promise<void>;
  /** A new signing secret, shown this once; the one before it signs too for a day. */
  rotateSecret(tenantId?: string): Promise<string>;
}
