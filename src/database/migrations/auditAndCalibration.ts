import type { Migration } from './migration.js';

/** What was done, oldest first by id, and calibrations fitted to recordings of one's own: ids and numbers, not sealed. */
export const auditAndCalibration: Migration = {
  version: 6,
  name: 'audit log and calibrations',
  sql: `
    CREATE TABLE voice_prints.audit (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      tenant_id text NOT NULL,
      entry jsonb NOT NULL
    );
    CREATE INDEX audit_of_tenant ON voice_prints.audit (tenant_id, id);
    CREATE INDEX audit_of_speaker ON voice_prints.audit ((entry ->> 'speakerId'), id);
    ALTER TABLE voice_prints.audit ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
    CREATE POLICY of_tenant ON voice_prints.audit USING (voice_prints.may_see(tenant_id));

    CREATE TABLE voice_prints.calibrations (
      model_id text PRIMARY KEY,
      document jsonb NOT NULL
    );
  `,
};
