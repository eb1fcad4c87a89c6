import { ALL_TENANTS } from '../../database/sql.js';
import type { JobProgress } from '../job.js';
import type { JobClaim } from '../jobQueue.js';
import { LEASE, type QueueParts } from './queueParts.js';

interface Beat {
  readonly token: string;
  readonly progress: JobProgress | undefined;
  readonly resolve: (isHeld: boolean) => void;
  readonly reject: (error: unknown) => void;
}

const [ID, CLAIM] = [0, 1];

/** Renews claims: all heartbeats that come together, and suspects that wait for this process, in one statement. */
export class HeartbeatRound {
  readonly #parts: Pick<QueueParts, 'database' | 'holderId'>;
  #beats: Beat[] = [];

  constructor(parts: Pick<QueueParts, 'database' | 'holderId'>) {
    this.#parts = parts;
  }

  /** False: the claim is lost. Throws REGISTRY_UNAVAILABLE. */
  beat({ token }: JobClaim, progress: JobProgress | undefined): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.#beats.push({ token, progress, resolve, reject });
      if (this.#beats.length === 1) setImmediate(() => void this.#send(this.#beats.splice(0)));
    });
  }

  async #send(beats: readonly Beat[]): Promise<void> {
    try {
      const held = await this.#renew(beats);
      for (const { token, resolve } of beats) resolve(held.has(token));
    } catch (error) {
      for (const { reject } of beats) reject(error);
    }
  }

  async #renew(beats: readonly Beat[]): Promise<ReadonlySet<string>> {
    const { database, holderId } = this.#parts;
    const parts = beats.map(({ token }) => token.split(':'));
    const rows = await database.query<{ token: string }>(
      ALL_TENANTS,
      `WITH waiting AS (
        UPDATE voice_prints.jobs SET lease_until = clock_timestamp() + ${LEASE}
        WHERE status = 'queued' AND is_suspect AND holder = $1
      )
      UPDATE voice_prints.jobs j SET lease_until = clock_timestamp() + ${LEASE},
        progress_done_ms = coalesce(b.done, j.progress_done_ms), progress_total_ms = coalesce(b.total, j.progress_total_ms)
      FROM unnest($2::bigint[], $3::uuid[], $4::double precision[], $5::double precision[]) AS b (id, claim, done, total)
      WHERE j.id = b.id AND j.claim = b.claim AND j.status = 'running'
      RETURNING j.id || ':' || j.claim AS token`,
      [
        holderId,
        parts.map((part) => part[ID]),
        parts.map((part) => part[CLAIM]),
        beats.map(({ progress }) => progress?.doneMs ?? null),
        beats.map(({ progress }) => progress?.totalMs ?? null),
      ],
    );
    return new Set(rows.map(({ token }) => token));
  }
}
