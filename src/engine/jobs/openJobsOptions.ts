import type { Job, JobOutcome } from '../../jobs/job.js';
import type { Tracing } from '../../tracing/tracing.js';
import type { JobSettings } from './jobSettings.js';

/** A fault of ours, for the operator's log: no content, no names, no addresses. */
export interface JobFault {
  readonly code: string;
  readonly error: unknown;
}

/** The minutes of audio that tenants may have worked on in a UTC day. */
export interface AudioQuota {
  /** Receives the audio of jobs: milliseconds of a day (`2026-05-31`), of each job once, on the day it ended. */
  countAlso(ofJobs: (tenantId: string, day: string) => number): void;
  hasAudioLeft(tenantId: string): boolean;
}

export interface OpenJobsOptions {
  /** What a webhook is sent about an outcome. */
  readonly payloadOf: (job: { readonly requestId: string; readonly task: Job['task'] }, outcome: JobOutcome) => unknown;
  /** The key the engine was opened with: audio and outcomes are encrypted as the voiceprints are. */
  readonly encryptionKey?: string | undefined;
  /** Hosts (`name` or `name:port`) in private networks that urls and webhooks may lead to; none by default. */
  readonly allowHosts?: readonly string[];
  readonly onFault?: (fault: JobFault) => void;
  readonly settings?: Partial<JobSettings>;
  /** Jobs of a tenant that has none left wait; it is checked again every minute. Without it no tenant is limited. */
  readonly quota?: AudioQuota | undefined;
  /**
   * Whether this process works on jobs and sends webhooks. Default true. Else it only submits, answers and marks, and others do the
   * rest: of a database those that share it, of a folder the next that opens it.
   */
  readonly works?: boolean | undefined;
  /** Jobs accepted, worked on and reported. Nothing is traced by default. */
  readonly tracing?: Tracing | undefined;
  /** For tests of what takes days. */
  readonly nowMs?: () => number;
}
