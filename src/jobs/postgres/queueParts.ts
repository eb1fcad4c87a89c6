import type { Database } from '../../database/database.js';
import type { Sql } from '../../database/sql.js';
import type { Job } from '../job.js';
import type { JobQueueLimits } from '../levelJobQueue.js';
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

/** Tells the workers, once the transaction is committed, that there is a job or a message to look for. */
export async function notifyOfWork(sql: Sql): Promise<void> {
  await sql(`SELECT pg_notify('${CHANNEL}', 'work')`);
}

/** How long a claim holds without being renewed. Renewed every second; longer than any pause of a process that works. */
export const LEASE = `interval '5 seconds'`;

/** A claim whose process has not renewed it. While the server was down nobody could: it has to be up for as long. */
export const IS_LAPSED = `lease_until < clock_timestamp() AND pg_postmaster_start_time() < clock_timestamp() - ${LEASE}`;
