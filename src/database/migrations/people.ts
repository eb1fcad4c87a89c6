import type { Migration } from './migration.js';

/**
 * Voiceprints, what was kept of their speech, and unknown voices. What is biometric is in `body`, sealed where the database has a key
 * (see DatabaseSealing); ids and times are plain.
 *
 * Whoever changes a voiceprint locks its row first, then the version of the tenant's people by `voice_prints.changed`.
 */
export const people: Migration = {
  version: 5,
  name: 'voiceprints and unknown voices',
  sql: `
    CREATE FUNCTION voice_prints.assert_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF get_byte(NEW.body, 0) = 0 AND EXISTS (SELECT FROM voice_prints.settings WHERE name = 'sealing') THEN
          RAISE EXCEPTION 'the database is encrypted' USING ERRCODE = 'VP001';
        END IF;
        RETURN NEW;
      END $$;

    CREATE TABLE voice_prints.people (
      tenant_id text NOT NULL,
      id text COLLATE "C" NOT NULL,
      version bigint NOT NULL,
      body bytea NOT NULL,
      PRIMARY KEY (tenant_id, id)
    );
    CREATE INDEX people_by_version ON voice_prints.people (tenant_id, version, id);

    CREATE TABLE voice_prints.erased_people (
      tenant_id text NOT NULL,
      id text COLLATE "C" NOT NULL,
      version bigint NOT NULL,
      erased_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (tenant_id, id)
    );
    COMMENT ON TABLE voice_prints.erased_people IS 'Ids of the last minutes, so that every process forgets them';

    CREATE TABLE voice_prints.erasures (
      tenant_id text PRIMARY KEY,
      known_since bigint NOT NULL
    );
    COMMENT ON COLUMN voice_prints.erasures.known_since IS 'All erasures of later versions are in erased_people';

    CREATE TABLE voice_prints.speech (
      tenant_id text NOT NULL,
      audio_id text COLLATE "C" NOT NULL,
      person_id text COLLATE "C" NOT NULL,
      body bytea NOT NULL,
      PRIMARY KEY (tenant_id, audio_id),
      FOREIGN KEY (tenant_id, person_id) REFERENCES voice_prints.people (tenant_id, id) ON DELETE CASCADE
    );
    CREATE INDEX speech_by_person ON voice_prints.speech (tenant_id, person_id);
    ALTER TABLE voice_prints.speech ALTER COLUMN body SET STORAGE EXTERNAL;

    CREATE TABLE voice_prints.unknown_voices (
      tenant_id text NOT NULL,
      number int NOT NULL,
      last_heard_ms double precision NOT NULL,
      expires_at_ms double precision NOT NULL,
      body bytea NOT NULL,
      PRIMARY KEY (tenant_id, number)
    );
    CREATE INDEX unknown_voices_by_time ON voice_prints.unknown_voices (tenant_id, last_heard_ms);

    CREATE TABLE voice_prints.unknown_numbers (
      tenant_id text PRIMARY KEY,
      last_number int NOT NULL
    );

    ${['people', 'speech', 'unknown_voices'].map(sealedOnly).join('')}
    ${['people', 'erased_people', 'erasures', 'speech', 'unknown_voices', 'unknown_numbers'].map(ofTenants).join('')}
  `,
};

function sealedOnly(table: string): string {
  return `
    CREATE TRIGGER assert_sealed BEFORE INSERT OR UPDATE ON voice_prints.${table}
      FOR EACH ROW EXECUTE FUNCTION voice_prints.assert_sealed();`;
}

function ofTenants(table: string): string {
  return `
    ALTER TABLE voice_prints.${table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
    CREATE POLICY of_tenant ON voice_prints.${table} USING (voice_prints.may_see(tenant_id));`;
}
