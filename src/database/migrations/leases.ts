import type { Migration } from './migration.js';

/**
 * Processes that share the database, and who of them holds what only one may do: listen to a source. All times are of the server's
 * clock. Tokens of leases come from one sequence: the later holder has the greater one, also of a lease that was deleted meanwhile.
 */
export const leases: Migration = {
  version: 2,
  name: 'processes and leases',
  sql: `
    CREATE TABLE voice_prints.processes (
      process_id text PRIMARY KEY,
      host text NOT NULL,
      roles text[] NOT NULL,
      load real NOT NULL,
      wants text[] NOT NULL,
      started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      seen_until timestamptz NOT NULL
    );

    CREATE SEQUENCE voice_prints.lease_tokens;

    CREATE TABLE voice_prints.leases (
      name text PRIMARY KEY,
      token bigint NOT NULL,
      holder text,
      expires_at timestamptz NOT NULL
    );
    CREATE INDEX leases_by_holder ON voice_prints.leases (holder);
  `,
};
