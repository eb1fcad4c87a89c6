import { auditAndCalibration } from './auditAndCalibration.js';
import { changes } from './changes.js';
import { commits } from './commits.js';
import { jobs } from './jobs.js';
import { jobWorkers } from './jobWorkers.js';
import { leaseReports } from './leaseReports.js';
import { leases } from './leases.js';
import { liveStreams } from './liveStreams.js';
import type { Migration } from './migration.js';
import { people } from './people.js';
import { use } from './use.js';

/** In the order of their versions. */
export const MIGRATIONS: readonly Migration[] = [
  ...[changes, leases, liveStreams, jobs, people, auditAndCalibration, use, leaseReports, commits, jobWorkers],
];
