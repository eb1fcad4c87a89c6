import type { Job, JobFailure, JobOrder, JobOutcome, JobProgress } from './job.js';

/** The right to work on a job. It is lost when the job is cancelled, or some seconds after its holder renewed it last. */
export interface JobClaim {
  readonly job: Job;
  /** Distinguishes this claim from an earlier one on the same job. */
  readonly token: string;
}

/** A page of a list, newest first. */
export interface JobPage {
  readonly limit: number;
  /** Cursor of the previous page; undefined for the first page. */
  readonly cursor?: string | undefined;
  /** Only jobs of this owner; undefined: of the whole tenant. */
  readonly ownerId?: string | undefined;
}

/**
 * Queued, running and ended jobs. Every adapter passes test/contract/jobQueue.ts. A job whose `add` resolved is never
 * lost: it is handed out until it is settled or cancelled, so processing is at least once.
 */
export interface JobQueue extends AsyncDisposable {
  /**
   * A resolved promise means: durable. The same request id with the same digest returns the existing job; with a different
   * digest it throws JOB_CONFLICT. Throws JOBS_FULL (details.retryAfterSeconds) when there is no room.
   */
  add(order: JobOrder): Promise<{ readonly job: Job; readonly isNew: boolean }>;
  /** Throws JOBS_FULL where `add` of a new job would: checked before audio is received. */
  assertRoom(tenantId: string, requestId: string): Promise<void>;
  get(tenantId: string, requestId: string): Promise<Job | undefined>;
  /** Newest first, without their outcomes; `cursor` is undefined at the end. */
  list(tenantId: string, page: JobPage): Promise<{ readonly jobs: readonly Job[]; readonly cursor?: string }>;
  /** Progress of a running job, whichever process works on it. */
  progressOf(tenantId: string, requestId: string): Promise<JobProgress | undefined>;
  /**
   * Audio processed by jobs of a tenant that ended on this UTC day (`2026-05-31`), erased ones included: each job counts once,
   * with the try that got furthest, and is written together with its end. Days before today may be dropped.
   * What other processes counted is known within seconds.
   */
  audioUsedMs(tenantId: string, day: string): number;

  /**
   * Claims the next job, fairly among tenants; undefined when none is due. Counts as a try from this moment on, even if the
   * process ends. A job whose holder vanished is handed out alone, to a process that gets no other meanwhile: if it crashes the
   * process, no other job is affected. Tenants for which `isHeld` returns true are skipped.
   */
  take(isHeld?: (tenantId: string) => boolean): Promise<JobClaim | undefined>;
  /** A job that has waited since before `beforeMs`, to be settled with a failure. */
  takeOverdue(beforeMs: number): Promise<JobClaim | undefined>;
  /**
   * When the next job that waits for another try is due, of those that become so after `afterMs`; undefined when there is none. Tenants
   * for which `isHeld` returns true are skipped. Milliseconds since 1970.
   */
  nextDueMs(afterMs: number, isHeld?: (tenantId: string) => boolean): Promise<number | undefined>;
  /** Renews the claim and reports progress; called at least every second. False: the claim is lost, stop working. */
  heartbeat(claim: JobClaim, progress?: JobProgress): Promise<boolean>;
  /**
   * Ends the job and, atomically, puts its message into the outbox where it has a webhook. False: the claim was lost,
   * nothing was done. A limited number of ended jobs and of bytes of outcomes is kept per tenant: the oldest are dropped,
   * unless a message about them is still waiting.
   */
  settle(claim: JobClaim, outcome: JobOutcome): Promise<boolean>;
  /** Returns a job to the queue after a failed try. */
  retryLater(claim: JobClaim, notBeforeMs: number, failure: JobFailure): Promise<void>;
  /** Returns a job to the queue as if it had not been started: the try does not count. */
  giveBack(claim: JobClaim, notBeforeMs?: number): Promise<void>;

  /** Cancels a queued or running job; an ended one is unchanged. Undefined: there is no such job. */
  cancel(tenantId: string, requestId: string): Promise<Job | undefined>;
  /** Erases an ended job, its outcome and its message. False: there is none, or it has not ended. */
  erase(tenantId: string, requestId: string): Promise<boolean>;
  /**
   * Changes the stored jobs of a tenant, queued and running ones included: a running one once more when it is settled.
   * `change` returns undefined for an unchanged job. Once resolved, no file contains the old rows. Returns the changed jobs.
   */
  revise(tenantId: string, change: (job: Job) => Job | undefined): Promise<readonly Job[]>;
  /**
   * Erases jobs that ended before, unless a message about them waits or could be sent again; returns how many. Called about
   * every minute: it also removes erased rows from the files.
   */
  expire(endedBeforeMs: number): Promise<number>;
  /** The stored audio that queued or running jobs need: all other audio may be erased. */
  audioIds(): Promise<ReadonlySet<string>>;
}
