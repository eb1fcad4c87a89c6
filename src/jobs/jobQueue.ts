import type { Job, JobFailure, JobOrder, JobOutcome, JobProgress } from './job.js';

/** The right to work on a job. It is lost when the job is cancelled, or when its holder falls silent. */
export interface JobClaim {
  readonly job: Job;
  /** Tells this claim from an earlier one on the same job. */
  readonly token: string;
}

/** A part of a list, newest first. */
export interface JobPage {
  readonly limit: number;
  /** From the page before; undefined begins. */
  readonly cursor?: string | undefined;
  /** Only jobs of this owner; undefined: of the whole tenant. */
  readonly ownerId?: string | undefined;
}

/**
 * Jobs that wait, run and are over. Every adapter passes test/contract/jobQueue.ts. A job whose `add` resolved is never
 * lost: it is claimed until somebody settles or cancels it, so it may be worked on more than once, never not at all.
 */
export interface JobQueue extends AsyncDisposable {
  /**
   * Resolved means: durable. The same request id with the same digest gives the job there is already; with another one
   * it throws JOB_CONFLICT. Throws JOBS_FULL (details.retryAfterSeconds) when there is no room.
   */
  add(order: JobOrder): Promise<{ readonly job: Job; readonly isNew: boolean }>;
  /** Throws JOBS_FULL where `add` would, for a job that is not there yet: asked before audio is taken in. */
  assertRoom(tenantId: string, requestId: string): Promise<void>;
  get(tenantId: string, requestId: string): Promise<Job | undefined>;
  /** Newest first, without their outcomes; `cursor` is undefined at the end. */
  list(tenantId: string, page: JobPage): Promise<{ readonly jobs: readonly Job[]; readonly cursor?: string }>;
  /** Of a running job, as far as this process knows. */
  progressOf(tenantId: string, requestId: string): JobProgress | undefined;
  /**
   * Audio that jobs of a tenant worked on which ended on this UTC day (`2026-05-31`), erased ones too: of each job once, by
   * the try that came furthest, written together with its end. Days before today may be forgotten.
   */
  audioUsedMs(tenantId: string, day: string): number;

  /**
   * The next job, tenants taking turns; undefined when none is due. Counts as a try from this moment on, whatever
   * happens to the process. A job whose holder vanished is handed out alone, where the adapter can see to that: if it
   * ends the process, it takes no other with it. Tenants for whom `isHeld` says so are passed over.
   */
  take(isHeld?: (tenantId: string) => boolean): Promise<JobClaim | undefined>;
  /** A job that has waited since before `beforeMs`, to be settled with a failure. */
  takeOverdue(beforeMs: number): Promise<JobClaim | undefined>;
  /** When `take` will have something that waits for its next try; undefined when nothing does. Milliseconds since 1970. */
  nextDueMs(): number | undefined;
  /** Keeps the claim and tells how far it is. False: the claim is lost, stop working. */
  heartbeat(claim: JobClaim, progress?: JobProgress): Promise<boolean>;
  /**
   * Ends the job and, in the same step, puts the message about it into the outbox where it has a webhook. False: the claim
   * was lost, nothing was done. Of what is over, a tenant keeps so many jobs and so many bytes of outcomes: the oldest give
   * way, unless a message about them still waits.
   */
  settle(claim: JobClaim, outcome: JobOutcome): Promise<boolean>;
  /** Back into the queue after a try that failed. */
  retryLater(claim: JobClaim, notBeforeMs: number, failure: JobFailure): Promise<void>;
  /** Back into the queue as if it had not been begun: the try does not count. */
  giveBack(claim: JobClaim, notBeforeMs?: number): Promise<void>;

  /** Ends a job that waits or runs; one that is over stays as it is. Undefined: there is no such job. */
  cancel(tenantId: string, requestId: string): Promise<Job | undefined>;
  /** Forgets a job that is over, its outcome and the message about it. False: there is none, or it is not over. */
  erase(tenantId: string, requestId: string): Promise<boolean>;
  /**
   * Changes what is kept of the jobs of a tenant, those that wait and run too: a running one once more when it is settled.
   * `change` returns undefined for what stays as it is. Once resolved, what was is in no file any more. Returns the jobs changed.
   */
  revise(tenantId: string, change: (job: Job) => Job | undefined): Promise<readonly Job[]>;
  /**
   * Forgets jobs that ended before, unless a message about them waits or could be sent again; returns how many. Called every
   * minute or so: what was erased also leaves the files.
   */
  expire(endedBeforeMs: number): Promise<number>;
  /** The stored audio that jobs waiting or running need: everything else may go. */
  audioIds(): Promise<ReadonlySet<string>>;
}
