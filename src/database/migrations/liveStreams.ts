import type { Migration } from './migration.js';

/**
 * What streams of clients need to go on in another process. Not logged: it is written every few seconds and worth nothing half a
 * minute later, and what was learnt of voices is to be in no archive of the log and on no standby. After a crash of the server
 * the table is empty, and whoever holds a stream writes its row again.
 */
export const liveStreams: Migration = {
  version: 3,
  name: 'live streams of clients',
  sql: `
    CREATE UNLOGGED TABLE voice_prints.live_streams (
      session_id text PRIMARY KEY,
      tenant_id text NOT NULL,
      token_check bytea NOT NULL,
      epoch bigint NOT NULL,
      head bytea NOT NULL,
      learnt bytea,
      expires_at timestamptz NOT NULL
    ) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);
    ALTER TABLE voice_prints.live_streams ALTER COLUMN learnt SET STORAGE EXTERNAL;
    CREATE INDEX live_streams_by_expiry ON voice_prints.live_streams (expires_at);
    ALTER TABLE voice_prints.live_streams ENABLE ROW LEVEL SECURITY;
    ALTER TABLE voice_prints.live_streams FORCE ROW LEVEL SECURITY;
    CREATE POLICY of_tenant ON voice_prints.live_streams
      USING (voice_prints.may_see(tenant_id)) WITH CHECK (voice_prints.may_see(tenant_id));
  `,
};
