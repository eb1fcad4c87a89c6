import type { Database } from '../../database/database.js';
import type { Sql } from '../../database/sql.js';
import type { Job } from '../job.js';
import type { JobQueueLimits } from '../jobQueueLimits.js';
import type { RowSealing } from './rowSealing.js';

/** What the parts of a queue share. */
export interface QueueParts {
  readonly database: Database;
  readonly sealing: RowSealing;
  readonly limits: JobQueueLimits;
  readonly nowMs: () => number;
  /** This process: a new one each time it opens the queue. */
  readonly holderId: string;
  /** The job without an erased person; undefined where it does not name them. */
  readonly withoutPerson: (job: Job, speakerId: string) => Job | undefined;
}

/** The channel on which processes tell each other of jobs. */
export const CHANNEL = 'voice_prints_jobs';

/** Notices, where there is a job to look for: to all workers, or to the one that is named after it; where there is a message to send. */
export const WORK = 'work';
export const MESSAGES_DUE = 'messages';

/** Tells all workers, once the transaction is committed. */
export async function notifyOf(sql: Sql, what: typeof WORK | typeof MESSAGES_DUE): Promise<void> {
  await sql('SELECT pg_notify($1, $2)', [CHANNEL, what]);
}

/** A job that may be handed out now to anybody, as the partial index of those has it. */
export const IS_DUE = `status = 'queued' AND not_before_ms = 0 AND NOT is_suspect`;

/** How long a claim holds without being renewed. Renewed every second; longer than any pause of a process that works. */
export const LEASE = `interval '5 seconds'`;

/** A claim whose process has not renewed it. While the server was down nobody could: it has to be up for as long. */
export const IS_LAPSED = `lease_until < clock_timestamp() AND pg_postmaster_start_time() < clock_timestamp() - ${LEASE}`;
