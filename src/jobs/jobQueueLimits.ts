/** How many ended jobs, and how many bytes of their outcomes, are kept per tenant. */
export interface EndedLimits {
  readonly maxEndedJobsOfTenant: number;
  /** Size of the outcomes, as JSON. */
  readonly maxOutcomeBytesOfTenant: number;
}

/** Limits of queued and running jobs, and when a job is tried again that was running when a process ended. */
export interface JobQueueLimits extends EndedLimits {
  readonly maxJobs: number;
  readonly maxJobsOfTenant: number;
  /** Total stored audio. */
  readonly maxAudioBytes: number;
  /** No delay the first time; this delay after the second, each further one four times as long: the job may not be the cause. */
  readonly retryMs: number;
}
