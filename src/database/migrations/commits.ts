import type { Migration } from './migration.js';

/**
 * `voice_prints.mark_commit(place, number)`: to be called last in a transaction, whose commit is then known by it. Numbers of transactions will
 * not do: a server that crashed gives those anew that it had not yet written down. True where the transaction changes something.
 */
export const commits: Migration = {
  version: 9,
  name: 'marks of commits',
  sql: `
    CREATE TABLE voice_prints.commits (
      place uuid PRIMARY KEY,
      number bigint NOT NULL,
      marked_at timestamptz NOT NULL DEFAULT clock_timestamp()
    ) WITH (fillfactor = 20, autovacuum_vacuum_scale_factor = 0.02);
    COMMENT ON TABLE voice_prints.commits IS 'The last transaction of each connection of each process';

    CREATE FUNCTION voice_prints.mark_commit(of_place uuid, of_number bigint) RETURNS boolean LANGUAGE plpgsql AS $$
      BEGIN
        IF pg_current_xact_id_if_assigned() IS NULL THEN RETURN false; END IF;
        INSERT INTO voice_prints.commits (place, number) VALUES (of_place, of_number)
          ON CONFLICT (place) DO UPDATE SET number = excluded.number, marked_at = clock_timestamp();
        RETURN true;
      END $$;
  `,
};
