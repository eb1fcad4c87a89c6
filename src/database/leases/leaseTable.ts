import type { OwnConnection } from '../ownConnection.js';
import { type HeldLease, LEASE_MS, type Peer } from './lease.js';

/** Notified where leases were given back. */
export const LEASES_CHANNEL = 'voice_prints_leases';

const FROM_NOW = `clock_timestamp() + ${LEASE_MS} * interval '1 millisecond'`;
const FORGOTTEN = `interval '1 hour'`;

export interface OwnState extends Peer {
  readonly host: string;
  readonly roles: readonly string[];
}

/** What is going on, as the server knows it. */
export interface Overview {
  readonly peers: readonly Peer[];
  readonly leases: readonly HeldLease[];
  /** Until the first lease of another process ends unless it is renewed; undefined without any. */
  readonly firstEndMs: number | undefined;
}

/** The tables of processes and leases. Methods throw REGISTRY_UNAVAILABLE. */
export class LeaseTable {
  readonly #connection: OwnConnection;

  constructor(connection: OwnConnection) {
    this.#connection = connection;
  }

  /** This process is there, and renews its leases: those that have not ended. Returns their names. */
  async renew(
    { processId, host, roles, load, wants }: OwnState,
    leases: readonly { readonly token: number; readonly report: object | undefined }[],
  ): Promise<readonly string[]> {
    const rows = await this.#connection.query<{ name: string }>(
      `WITH me AS (
         INSERT INTO voice_prints.processes AS p (process_id, host, roles, load, wants, seen_until)
           VALUES ($1, $2, $3, $4, $5, ${FROM_NOW})
           ON CONFLICT (process_id) DO UPDATE
             SET load = excluded.load, wants = excluded.wants, seen_until = excluded.seen_until),
       forgotten AS (
         DELETE FROM voice_prints.processes WHERE seen_until < clock_timestamp() - ${FORGOTTEN})
       UPDATE voice_prints.leases AS l SET expires_at = ${FROM_NOW}, report = own.report::jsonb
         FROM unnest($6::bigint[], $7::text[]) AS own (token, report)
         WHERE l.holder = $1 AND l.token = own.token AND l.expires_at > clock_timestamp() RETURNING l.name`,
      [
        ...[processId, host, roles, load, wants],
        leases.map(({ token }) => token),
        leases.map(({ report }) => (report === undefined ? null : JSON.stringify(report))),
      ],
    );
    return rows.map(({ name }) => name);
  }

  /** The processes that are there, and which of these leases are held. */
  async overview(processId: string, names: readonly string[]): Promise<Overview> {
    const [row] = await this.#connection.query<{
      peers: readonly Peer[];
      leases: readonly HeldLease[];
      firstEndMs: number | null;
    }>(
      `WITH held AS (
         SELECT name, token, holder, expires_at FROM voice_prints.leases
           WHERE holder IS NOT NULL AND expires_at > clock_timestamp())
       SELECT
         (SELECT coalesce(json_agg(json_build_object('processId', process_id, 'load', load, 'wants', wants)), '[]')
            FROM voice_prints.processes WHERE seen_until > clock_timestamp()) AS peers,
         (SELECT coalesce(json_agg(json_build_object('name', name, 'token', token, 'processId', holder)), '[]')
            FROM held) AS leases,
         (SELECT (extract(epoch FROM min(expires_at) - clock_timestamp()) * 1000)::float8
            FROM held WHERE holder <> $1 AND name = ANY($2)) AS "firstEndMs"`,
      [processId, names],
    );
    return { peers: row!.peers, leases: row!.leases, firstEndMs: row!.firstEndMs ?? undefined };
  }

  /** Takes those of the leases that nobody holds. Returns the names and tokens of what was taken. */
  async take(
    processId: string,
    names: readonly string[],
  ): Promise<readonly { readonly name: string; readonly token: number }[]> {
    const rows = await this.#connection.query<{ name: string; token: string }>(
      `INSERT INTO voice_prints.leases AS l (name, token, holder, expires_at)
         SELECT name, nextval('voice_prints.lease_tokens'), $1, ${FROM_NOW} FROM unnest($2::text[]) AS name ORDER BY name
         ON CONFLICT (name) DO UPDATE
           SET token = nextval('voice_prints.lease_tokens'), holder = $1, expires_at = ${FROM_NOW}, report = NULL
           WHERE l.holder IS NULL OR l.expires_at <= clock_timestamp()
         RETURNING name, token::text`,
      [processId, names],
    );
    return rows.map(({ name, token }) => ({ name, token: Number(token) }));
  }

  /** What the holders say of leases whose names begin so, in their order. */
  async reports(prefix: string): Promise<readonly object[]> {
    const rows = await this.#connection.query<{ report: object }>(
      `SELECT report FROM voice_prints.leases
         WHERE starts_with(name, $1) AND holder IS NOT NULL AND expires_at > clock_timestamp() AND report IS NOT NULL
         ORDER BY name`,
      [prefix],
    );
    return rows.map(({ report }) => report);
  }

  /** These leases end now. */
  async giveBack(processId: string, tokens: readonly number[]): Promise<void> {
    await this.#connection.query(
      `WITH given AS (
         UPDATE voice_prints.leases SET holder = NULL, expires_at = clock_timestamp()
           WHERE holder = $1 AND token = ANY($2::bigint[]) RETURNING 1)
       SELECT pg_notify('${LEASES_CHANNEL}', '') FROM (SELECT count(*) AS n FROM given) AS c WHERE n > 0`,
      [processId, tokens],
    );
  }

  /** The process ends: its leases, and what was known of it. */
  async leave(processId: string): Promise<void> {
    await this.#connection.query(
      `WITH given AS (
         UPDATE voice_prints.leases SET holder = NULL, expires_at = clock_timestamp() WHERE holder = $1 RETURNING 1),
       gone AS (DELETE FROM voice_prints.processes WHERE process_id = $1)
       SELECT pg_notify('${LEASES_CHANNEL}', '') FROM (SELECT count(*) FROM given) AS c`,
      [processId],
    );
  }
}
