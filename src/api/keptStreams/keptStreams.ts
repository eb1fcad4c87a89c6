import { guarded } from '../../core/guarded.js';
import { type Database, Database as Databases, type SharedDatabase } from '../../database/database.js';
import { ALL_TENANTS, type Sql } from '../../database/sql.js';

/** A stream as it is kept for the process in which it goes on. */
export interface KeptStream {
  readonly sessionId: string;
  readonly tenantId: string;
  /** See ResumeKey. */
  readonly check: Buffer;
  /** Counts the processes that have had it: whoever has an earlier one has lost it. */
  readonly epoch: number;
  /** Sealed. */
  readonly head: Buffer;
  /** Sealed; undefined where it is still the same. */
  readonly learnt: Buffer | undefined;
  /** From now. */
  readonly expiresInMs: number;
}

/** What became of a row that was written. */
export type Written = 'kept' | 'without learnt' | 'lost';

interface Waiting {
  readonly stream: KeptStream;
  readonly resolve: (written: Written) => void;
  readonly reject: (reason: unknown) => void;
}

interface TakenRow {
  readonly epoch: string;
  readonly head: Buffer;
  readonly learnt: Buffer | null;
}

const TIDY_MS = 60_000;

/**
 * The streams of all processes, as a database keeps them. What all streams of this process have to write while one transaction is
 * under way goes into the next one together.
 */
export class KeptStreams implements AsyncDisposable {
  readonly #shared: SharedDatabase;
  readonly #resumeMs: number;
  readonly #tidying: NodeJS.Timeout;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;

  private constructor(shared: SharedDatabase, resumeMs: number) {
    this.#shared = shared;
    this.#resumeMs = resumeMs;
    const tidy = guarded(
      () => undefined, // the database is away: the next time
      () => this.#tidy(),
    );
    this.#tidying = setInterval(tidy, TIDY_MS).unref();
  }

  /** @param resumeMs how long a stream waits for its client. Throws what Database.open throws. */
  static async open(url: string, resumeMs: number): Promise<KeptStreams> {
    return new KeptStreams(await Databases.share(url), resumeMs);
  }

  /** Writes a row, unless another process has taken the stream over. Throws REGISTRY_UNAVAILABLE. */
  write(stream: KeptStream): Promise<Written> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ stream, resolve, reject });
      this.#writing ??= this.#writeAll();
    });
  }

  /**
   * Takes a stream over; whoever has it can write nothing of it any more. Undefined where there is none of this token, or its time
   * is over. Throws REGISTRY_UNAVAILABLE.
   */
  async take(
    stream: Pick<KeptStream, 'sessionId' | 'tenantId' | 'check'>,
  ): Promise<{ readonly epoch: number; readonly head: Buffer; readonly learnt: Buffer | undefined } | undefined> {
    const { sessionId, tenantId, check } = stream;
    const [row] = await this.#database.query<TakenRow>(
      tenantId,
      `UPDATE voice_prints.live_streams SET epoch = epoch + 1, expires_at = now() + $3 * interval '1 ms'
       WHERE session_id = $1 AND token_check = $2 AND tenant_id = $4 AND expires_at > now()
       RETURNING epoch, head, learnt`,
      [sessionId, check, this.#resumeMs, tenantId],
    );
    return row && { epoch: Number(row.epoch), head: row.head, learnt: row.learnt ?? undefined };
  }

  /** Whether no other process has taken the stream over. Throws REGISTRY_UNAVAILABLE. */
  async isHeld({ sessionId, tenantId, epoch }: Pick<KeptStream, 'sessionId' | 'tenantId' | 'epoch'>): Promise<boolean> {
    const others = await this.#database.query(
      tenantId,
      'SELECT 1 FROM voice_prints.live_streams WHERE session_id = $1 AND epoch > $2',
      [sessionId, epoch],
    );
    return others.length === 0;
  }

  /** The stream is over. Throws REGISTRY_UNAVAILABLE. */
  async delete({ sessionId, tenantId, epoch }: Pick<KeptStream, 'sessionId' | 'tenantId' | 'epoch'>): Promise<void> {
    await this.#database.query(tenantId, 'DELETE FROM voice_prints.live_streams WHERE session_id = $1 AND epoch = $2', [
      sessionId,
      epoch,
    ]);
  }

  /**
   * A person was erased: streams that wait for their clients may know the voice, and cannot be read here, so they are deleted.
   * Those that a process has are written again without the person. Throws REGISTRY_UNAVAILABLE.
   */
  async deleteWaiting(tenantId: string): Promise<void> {
    await this.#database.query(
      tenantId,
      `DELETE FROM voice_prints.live_streams WHERE tenant_id = $1 AND expires_at <= now() + $2 * interval '1 ms'`,
      [tenantId, this.#resumeMs],
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#tidying);
    await this.#writing;
    await this.#shared[Symbol.asyncDispose]();
  }

  get #database(): Database {
    return this.#shared.database;
  }

  async #tidy(): Promise<void> {
    await this.#database.query(ALL_TENANTS, 'DELETE FROM voice_prints.live_streams WHERE expires_at < now()');
  }

  async #writeAll(): Promise<void> {
    await new Promise(setImmediate); // with those of other streams in this round of the event loop
    while (this.#waiting.length > 0) {
      const batch = new Map<string, Waiting>(); // a statement writes a row once
      const later: Waiting[] = [];
      for (const waiting of this.#waiting) {
        const { sessionId } = waiting.stream;
        if (batch.has(sessionId)) later.push(waiting);
        else batch.set(sessionId, waiting);
      }
      this.#waiting = later;
      await this.#writeSome([...batch.values()]);
    }
    this.#writing = undefined;
  }

  async #writeSome(batch: readonly Waiting[]): Promise<void> {
    const streams = batch.map(({ stream }) => stream);
    try {
      const written = await this.#database.transaction(ALL_TENANTS, (sql) => writeRows(sql, streams));
      for (const { stream, resolve } of batch) resolve(written.get(stream.sessionId) ?? 'lost');
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }
}

/** In the order of their ids, as two processes that write the same ones would else wait for each other. */
async function writeRows(sql: Sql, streams: readonly KeptStream[]): Promise<Map<string, Written>> {
  const sorted = streams.toSorted((a, b) => (a.sessionId < b.sessionId ? -1 : 1));
  const rows = await sql<{ readonly id: string; readonly hasLearnt: boolean }>(
    `INSERT INTO voice_prints.live_streams AS kept (session_id, tenant_id, token_check, epoch, head, learnt, expires_at)
     SELECT id, tenant, token_check, epoch, head, learnt, now() + ms * interval '1 ms'
     FROM unnest($1::text[], $2::text[], $3::bytea[], $4::bigint[], $5::bytea[], $6::bytea[], $7::float8[])
       AS new (id, tenant, token_check, epoch, head, learnt, ms)
     ON CONFLICT (session_id) DO UPDATE SET head = excluded.head, learnt = coalesce(excluded.learnt, kept.learnt),
       epoch = excluded.epoch, expires_at = excluded.expires_at
     WHERE kept.epoch <= excluded.epoch AND kept.tenant_id = excluded.tenant_id
     RETURNING session_id AS id, learnt IS NOT NULL AS "hasLearnt"`,
    [
      sorted.map(({ sessionId }) => sessionId),
      sorted.map(({ tenantId }) => tenantId),
      sorted.map(({ check }) => check),
      sorted.map(({ epoch }) => epoch),
      sorted.map(({ head }) => head),
      sorted.map(({ learnt }) => learnt ?? null),
      sorted.map(({ expiresInMs }) => expiresInMs),
    ],
  );
  return new Map(rows.map(({ id, hasLearnt }) => [id, hasLearnt ? 'kept' : 'without learnt']));
}
