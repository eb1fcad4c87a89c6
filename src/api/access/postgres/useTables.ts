import type { Sql } from '../../../database/sql.js';

/** Calls that a process asks for, of one minute of one tenant. */
export interface AskedCalls {
  readonly tenantId: string;
  readonly minute: number;
  readonly asked: number;
  /** Of all processes together. */
  readonly most: number;
}

export interface GrantedCalls {
  readonly tenantId: string;
  readonly minute: number;
  readonly granted: number;
  /** Counted so far, by all processes. */
  readonly calls: number;
}

/** All audio of a day that a process has counted. */
export interface CountedAudio {
  readonly tenantId: string;
  readonly day: string;
  readonly audioMs: number;
}

/** All wrong keys of a minute that a process has counted. */
export interface CountedWrongKeys {
  /** Digest of the network. */
  readonly network: Buffer;
  readonly minute: number;
  readonly count: number;
}

/** The clock of the server, which all processes share. */
export async function serverTimeMs(sql: Sql): Promise<number> {
  const [row] = await sql<{ ms: number }>('SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS ms');
  return row!.ms;
}

/** In the order of tenants, as everybody locks them: no two processes wait for each other. */
const ASK = `
  INSERT INTO voice_prints.calls_per_minute AS c (tenant_id, minute, calls, granted, most)
    SELECT tenant_id, minute, LEAST(asked, most), LEAST(asked, most), most
      FROM unnest($1::text[], $2::bigint[], $3::int[], $4::int[]) AS asked (tenant_id, minute, asked, most)
      ORDER BY tenant_id COLLATE "C", minute
    ON CONFLICT (tenant_id, minute) DO UPDATE SET
      calls = c.calls + GREATEST(0, LEAST(excluded.granted, excluded.most - c.calls)),
      granted = GREATEST(0, LEAST(excluded.granted, excluded.most - c.calls)),
      most = excluded.most
    RETURNING tenant_id AS "tenantId", minute::float8, granted, calls`;

/** Each tenant and minute may stand in it once. */
export const askForCalls = (sql: Sql, asked: readonly AskedCalls[]): Promise<GrantedCalls[]> =>
  sql<GrantedCalls>(ASK, [
    asked.map(({ tenantId }) => tenantId),
    asked.map(({ minute }) => minute),
    asked.map((one) => one.asked),
    asked.map(({ most }) => most),
  ]);

const WRITE_AUDIO = `
  INSERT INTO voice_prints.audio_per_day AS a (tenant_id, day, source, audio_ms)
    SELECT tenant_id, day, $1, audio_ms FROM unnest($2::text[], $3::date[], $4::float8[]) AS counted (tenant_id, day, audio_ms)
    ON CONFLICT (tenant_id, day, source) DO UPDATE SET audio_ms = GREATEST(a.audio_ms, excluded.audio_ms)`;

export const writeAudio = (sql: Sql, source: string, counted: readonly CountedAudio[]): Promise<object[]> =>
  sql(WRITE_AUDIO, [
    source,
    counted.map(({ tenantId }) => tenantId),
    counted.map(({ day }) => day),
    counted.map(({ audioMs }) => audioMs),
  ]);

/** Of these tenants, by the processes other than `source`; a tenant without any is absent. */
export const audioOfOthers = (
  sql: Sql,
  { source, day, tenantIds }: { readonly source: string; readonly day: string; readonly tenantIds: readonly string[] },
): Promise<{ readonly tenantId: string; readonly audioMs: number }[]> =>
  sql(
    `SELECT tenant_id AS "tenantId", sum(audio_ms)::float8 AS "audioMs" FROM voice_prints.audio_per_day
       WHERE day = $1 AND tenant_id = ANY ($2) AND source <> $3 GROUP BY tenant_id`,
    [day, tenantIds, source],
  );

const WRITE_WRONG_KEYS = `
  INSERT INTO voice_prints.wrong_keys AS w (network, minute, source, count)
    SELECT network, minute, $1, count FROM unnest($2::bytea[], $3::bigint[], $4::int[]) AS counted (network, minute, count)
    ON CONFLICT (network, minute, source) DO UPDATE SET count = GREATEST(w.count, excluded.count)`;

export const writeWrongKeys = (sql: Sql, source: string, counted: readonly CountedWrongKeys[]): Promise<object[]> =>
  sql(WRITE_WRONG_KEYS, [
    source,
    counted.map(({ network }) => network),
    counted.map(({ minute }) => minute),
    counted.map(({ count }) => count),
  ]);

/** Of these networks in a minute, by the processes other than `source`. */
export const wrongKeysOfOthers = (
  sql: Sql,
  {
    source,
    minute,
    networks,
  }: { readonly source: string; readonly minute: number; readonly networks: readonly Buffer[] },
): Promise<{ readonly network: Buffer; readonly count: number }[]> =>
  sql(
    `SELECT network, sum(count)::int AS count FROM voice_prints.wrong_keys
       WHERE minute = $1 AND network = ANY ($2) AND source <> $3 GROUP BY network`,
    [minute, networks, source],
  );

/** What was used stays to be looked at for a month. */
const KEPT_DAYS = 35;
const KEPT_MINUTES = 10;

/** Rows that nobody needs any more. `minute` is the current one. */
export async function eraseOldUse(sql: Sql, minute: number): Promise<void> {
  await sql('DELETE FROM voice_prints.calls_per_minute WHERE minute < $1', [minute - KEPT_MINUTES]);
  await sql('DELETE FROM voice_prints.wrong_keys WHERE minute < $1', [minute - KEPT_MINUTES]);
  await sql(`DELETE FROM voice_prints.audio_per_day WHERE day < (now() AT TIME ZONE 'UTC')::date - ${KEPT_DAYS}`);
}
