import type { Migration } from './migration.js';

/**
 * `voice_prints.changed(topic, tenant)`: to be called in the transaction of each change of what other processes keep in memory. It
 * locks the topic of the tenant until the end of the transaction, so that versions are committed in their order, and notifies
 * whoever listens.
 *
 * `voice_prints.may_see(tenant)`: the condition of row-level security of every table with tenants.
 */
export const changes: Migration = {
  version: 1,
  name: 'changes and tenants',
  sql: `
    CREATE SEQUENCE voice_prints.change_numbers;

    CREATE TABLE voice_prints.changes (
      topic text NOT NULL,
      tenant_id text NOT NULL,
      version bigint NOT NULL,
      PRIMARY KEY (topic, tenant_id)
    );
    CREATE INDEX changes_by_version ON voice_prints.changes (version);

    CREATE FUNCTION voice_prints.changed(of_topic text, of_tenant text) RETURNS bigint LANGUAGE plpgsql AS $$
      DECLARE new_version bigint;
      BEGIN
        INSERT INTO voice_prints.changes AS c (topic, tenant_id, version)
          VALUES (of_topic, of_tenant, nextval('voice_prints.change_numbers'))
          ON CONFLICT (topic, tenant_id) DO UPDATE SET version = nextval('voice_prints.change_numbers')
          RETURNING c.version INTO new_version;
        PERFORM pg_notify('voice_prints', json_build_object('topic', of_topic, 'tenantId', of_tenant)::text);
        RETURN new_version;
      END $$;

    CREATE FUNCTION voice_prints.may_see(of_tenant text) RETURNS boolean LANGUAGE sql STABLE AS $$
      SELECT current_setting('voice_prints.tenant', true) IN (of_tenant, '*')
    $$;

    CREATE TABLE voice_prints.settings (
      name text PRIMARY KEY,
      value jsonb NOT NULL
    );
  `,
};
