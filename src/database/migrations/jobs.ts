import type { Migration } from './migration.js';

/** A job that may be handed out now, by a condition that the partial indexes have as well. */
const DUE = `status = 'queued' AND not_before_ms = 0 AND NOT is_suspect`;

/**
 * Jobs, their webhooks, what erased people leave in them, and the audio that tenants used. Columns of type `bytea` are sealed where
 * the store is; `request_key` and `host_key` stand for an id and a host that are not shown. Times in milliseconds are of the clock of
 * the process that wrote them, those of leases of the server's clock.
 */
export const jobs: Migration = {
  version: 4,
  name: 'jobs',
  sql: `
    CREATE SEQUENCE voice_prints.job_positions;

    CREATE TABLE voice_prints.jobs (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      tenant_id text NOT NULL,
      request_key bytea NOT NULL,
      owner_id text,
      status text NOT NULL,
      -- Of its order: of those that wait by their turn, of those that ended by their end.
      position bigint NOT NULL DEFAULT nextval('voice_prints.job_positions'),
      not_before_ms bigint NOT NULL DEFAULT 0,
      tries int NOT NULL DEFAULT 0,
      -- The process that worked on it ended without a word.
      is_suspect boolean NOT NULL DEFAULT false,
      -- The process that works on it, or that a suspect waits for.
      holder uuid,
      claim uuid,
      claimed_at timestamptz,
      lease_until timestamptz,
      progress_done_ms double precision,
      progress_total_ms double precision,
      created_at_ms bigint NOT NULL,
      started_at_ms bigint,
      ended_at_ms bigint,
      audio_id text,
      audio_bytes bigint NOT NULL DEFAULT 0,
      audio_ms double precision,
      outcome_bytes bigint NOT NULL DEFAULT 0,
      request bytea NOT NULL,
      failure bytea,
      outcome bytea,
      UNIQUE (tenant_id, request_key)
    ) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02);
    CREATE INDEX jobs_due ON voice_prints.jobs (tenant_id, position) WHERE ${DUE};
    CREATE INDEX jobs_suspect ON voice_prints.jobs (position) WHERE status = 'queued' AND is_suspect;
    CREATE INDEX jobs_delayed ON voice_prints.jobs (not_before_ms) WHERE status = 'queued' AND not_before_ms > 0;
    CREATE INDEX jobs_queued ON voice_prints.jobs (created_at_ms) WHERE status = 'queued';
    CREATE INDEX jobs_running ON voice_prints.jobs (tenant_id) WHERE status = 'running';
    CREATE INDEX jobs_page ON voice_prints.jobs (tenant_id, id);
    CREATE INDEX jobs_page_of_owner ON voice_prints.jobs (tenant_id, owner_id, id);
    CREATE INDEX jobs_ended ON voice_prints.jobs (tenant_id, position) WHERE ended_at_ms IS NOT NULL;
    CREATE INDEX jobs_ended_at ON voice_prints.jobs (ended_at_ms) WHERE ended_at_ms IS NOT NULL;

    -- How much each tenant has of what is bounded.
    CREATE TABLE voice_prints.job_loads (
      tenant_id text PRIMARY KEY,
      live_jobs bigint NOT NULL DEFAULT 0,
      live_bytes bigint NOT NULL DEFAULT 0,
      ended_jobs bigint NOT NULL DEFAULT 0,
      outcome_bytes bigint NOT NULL DEFAULT 0
    ) WITH (fillfactor = 50);

    CREATE TABLE voice_prints.webhook_messages (
      id text PRIMARY KEY,
      job_id bigint NOT NULL UNIQUE REFERENCES voice_prints.jobs ON DELETE CASCADE,
      tenant_id text NOT NULL,
      host_key bytea NOT NULL,
      status text NOT NULL DEFAULT 'waiting',
      tries int NOT NULL DEFAULT 0,
      next_at_ms bigint NOT NULL,
      created_at_ms bigint NOT NULL,
      ended_at_ms bigint,
      failure jsonb,
      -- The process that sends it.
      holder uuid,
      lease_until timestamptz
    ) WITH (fillfactor = 80);
    CREATE INDEX webhook_messages_waiting ON voice_prints.webhook_messages (host_key, next_at_ms) WHERE status = 'waiting';
    CREATE INDEX webhook_messages_sent ON voice_prints.webhook_messages (host_key) WHERE status = 'waiting' AND holder IS NOT NULL;
    CREATE INDEX webhook_messages_ended ON voice_prints.webhook_messages (status, ended_at_ms) WHERE status <> 'waiting';
    CREATE INDEX webhook_messages_dead ON voice_prints.webhook_messages (tenant_id, ended_at_ms) WHERE status = 'dead';

    CREATE TABLE voice_prints.webhook_secrets (
      tenant_id text PRIMARY KEY,
      secrets bytea NOT NULL
    );

    CREATE TABLE voice_prints.job_audio_used (
      tenant_id text NOT NULL,
      day date NOT NULL,
      audio_ms double precision NOT NULL,
      changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      PRIMARY KEY (tenant_id, day)
    ) WITH (fillfactor = 50);
    CREATE INDEX job_audio_used_changed ON voice_prints.job_audio_used (changed_at);

    -- People to be taken out of jobs: at once out of those stored, and out of those in work when they end.
    CREATE TABLE voice_prints.job_erasures (
      id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      tenant_id text NOT NULL,
      speaker bytea NOT NULL,
      noted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      is_done boolean NOT NULL DEFAULT false
    );
    CREATE INDEX job_erasures_noted ON voice_prints.job_erasures (tenant_id, noted_at);
    CREATE INDEX job_erasures_pending ON voice_prints.job_erasures (noted_at) WHERE NOT is_done;

    -- The tenants with jobs that are due, as their turn is: those with the fewest jobs in work, of these the one whose job is oldest.
    -- One look into the index for each tenant, however many jobs it has.
    CREATE FUNCTION voice_prints.tenants_in_turn() RETURNS TABLE (tenant_id text) LANGUAGE sql STABLE AS $$
      WITH RECURSIVE heads AS (
        (SELECT j.tenant_id, j.position FROM voice_prints.jobs j WHERE ${DUE} ORDER BY j.tenant_id, j.position LIMIT 1)
        UNION ALL
        SELECT n.tenant_id, n.position FROM heads h CROSS JOIN LATERAL (
          SELECT j.tenant_id, j.position FROM voice_prints.jobs j
          WHERE ${DUE} AND j.tenant_id > h.tenant_id ORDER BY j.tenant_id, j.position LIMIT 1) n
      ), running AS (
        SELECT j.tenant_id, count(*) AS jobs FROM voice_prints.jobs j WHERE j.status = 'running' GROUP BY 1
      )
      SELECT h.tenant_id FROM heads h LEFT JOIN running r USING (tenant_id) ORDER BY coalesce(r.jobs, 0), h.position
    $$;

    -- The message that is due longest, of a host to which fewer than so many are on their way. One look for each host.
    CREATE FUNCTION voice_prints.next_message(now_ms bigint, per_host int) RETURNS SETOF text LANGUAGE sql VOLATILE AS $$
      WITH RECURSIVE hosts AS (
        (SELECT m.host_key FROM voice_prints.webhook_messages m WHERE status = 'waiting' ORDER BY m.host_key LIMIT 1)
        UNION ALL
        SELECT n.host_key FROM hosts h CROSS JOIN LATERAL (
          SELECT m.host_key FROM voice_prints.webhook_messages m
          WHERE status = 'waiting' AND m.host_key > h.host_key ORDER BY m.host_key LIMIT 1) n
      ), heads AS (
        SELECT d.id, d.next_at_ms FROM hosts h CROSS JOIN LATERAL (
          SELECT m.id, m.next_at_ms FROM voice_prints.webhook_messages m
          WHERE status = 'waiting' AND m.host_key = h.host_key AND m.next_at_ms <= now_ms
            AND (m.lease_until IS NULL OR m.lease_until < clock_timestamp())
          ORDER BY m.next_at_ms, m.id LIMIT 1) d
        WHERE per_host > (
          SELECT count(*) FROM voice_prints.webhook_messages m
          WHERE m.status = 'waiting' AND m.holder IS NOT NULL AND m.host_key = h.host_key
            AND m.lease_until >= clock_timestamp())
      )
      SELECT id FROM heads ORDER BY next_at_ms, id
    $$;

    ${['jobs', 'job_loads', 'webhook_messages', 'webhook_secrets', 'job_audio_used', 'job_erasures']
      .map(
        (table) => `
          ALTER TABLE voice_prints.${table} ENABLE ROW LEVEL SECURITY;
          ALTER TABLE voice_prints.${table} FORCE ROW LEVEL SECURITY;
          CREATE POLICY of_tenant ON voice_prints.${table} USING (voice_prints.may_see(tenant_id));`,
      )
      .join('\n')}
  `,
};
