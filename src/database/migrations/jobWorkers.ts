import type { Migration } from './migration.js';

/** Unlogged: a crash of the server forgets who waits, and then all are told of a job. */
export const jobWorkers: Migration = {
  version: 10,
  name: 'workers that wait for a job',
  sql: `
    CREATE UNLOGGED TABLE voice_prints.job_workers (
      holder uuid PRIMARY KEY,
      waits_since timestamptz,
      seen_until timestamptz NOT NULL
    ) WITH (fillfactor = 20, autovacuum_vacuum_scale_factor = 0.02);
    COMMENT ON COLUMN voice_prints.job_workers.waits_since IS 'It has a free place and nothing to do; null otherwise, or once it was called';
  `,
};
