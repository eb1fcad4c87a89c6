import type { Migration } from './migration.js';

/**
 * What tenants have used, and wrong keys. Processes add up `calls_per_minute`; of the other two tables each process writes rows of its own
 * (`source`), with what it has counted in all: written twice it counts once.
 */
export const use: Migration = {
  version: 7,
  name: 'calls, audio and wrong keys',
  sql: `
    CREATE TABLE voice_prints.calls_per_minute (
      tenant_id text NOT NULL,
      minute bigint NOT NULL,
      calls int NOT NULL,
      granted int NOT NULL,
      most int NOT NULL,
      PRIMARY KEY (tenant_id, minute)
    );
    COMMENT ON TABLE voice_prints.calls_per_minute IS
      'granted: how many of the calls that were asked for last were given, so that no more than most are in all';
    CREATE INDEX calls_per_minute_by_time ON voice_prints.calls_per_minute (minute);

    CREATE TABLE voice_prints.audio_per_day (
      tenant_id text NOT NULL,
      day date NOT NULL,
      source text NOT NULL,
      audio_ms double precision NOT NULL,
      PRIMARY KEY (tenant_id, day, source)
    );
    COMMENT ON TABLE voice_prints.audio_per_day IS 'Of calls and streams, by process; of jobs the queue counts it';
    CREATE INDEX audio_per_day_by_time ON voice_prints.audio_per_day (day);

    CREATE TABLE voice_prints.wrong_keys (
      network bytea NOT NULL,
      minute bigint NOT NULL,
      source text NOT NULL,
      count int NOT NULL,
      PRIMARY KEY (network, minute, source)
    );
    COMMENT ON COLUMN voice_prints.wrong_keys.network IS 'A digest: addresses are nobody''s business after this minute';
    CREATE INDEX wrong_keys_by_time ON voice_prints.wrong_keys (minute);

    ${['calls_per_minute', 'audio_per_day'].map(ofTenants).join('')}
  `,
};

function ofTenants(table: string): string {
  return `
    ALTER TABLE voice_prints.${table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
    CREATE POLICY of_tenant ON voice_prints.${table} USING (voice_prints.may_see(tenant_id));`;
}
