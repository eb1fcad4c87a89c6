import type { Migration } from './migration.js';

/** What the holder of a lease says of it: how a source is, never who is heard there. */
export const leaseReports: Migration = {
  version: 8,
  name: 'reports of leases',
  sql: 'ALTER TABLE voice_prints.leases ADD COLUMN report jsonb',
};
