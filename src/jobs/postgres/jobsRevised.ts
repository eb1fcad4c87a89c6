import { ALL_TENANTS } from '../../database/sql.js';
import type { Job } from '../job.js';
import { type JobRow, jobOfRow, sealedColumns, unlessDamaged, WITHOUT_OUTCOME } from './jobRows.js';
import type { QueueParts } from './queueParts.js';

const AT_ONCE = 64;

type Change = (job: Job) => Job | undefined;

/** Changes of stored jobs. Those in work are changed once more when they end, here or, by their erasures, in another process. */
export class JobsRevised {
  readonly #parts: QueueParts;
  /** By claim. */
  readonly #later = new Map<string, Change[]>();

  constructor(parts: QueueParts) {
    this.#parts = parts;
  }

  /** See JobQueue.revise. */
  async revise(tenantId: string, change: Change): Promise<readonly Job[]> {
    const { database } = this.#parts;
    const ids = await database.query<{ id: string }>(
      tenantId,
      'SELECT id FROM voice_prints.jobs WHERE tenant_id = $1 ORDER BY id',
      [tenantId],
    );
    const revised: Job[] = [];
    while (ids.length > 0) {
      const some = ids.splice(0, AT_ONCE).map(({ id }) => id);
      revised.push(...(await this.#reviseSome(some, change)));
    }
    return revised;
  }

  /** A job that ends, with the changes made while it was in work. */
  whenEnded({ claim }: Pick<JobRow, 'claim'>, job: Job): Job {
    const changes = (claim && this.#later.get(claim)) || [];
    return changes.reduce((revised, change) => change(revised) ?? revised, job);
  }

  /** The claim is given up, or lost. */
  forget(claim: string): void {
    this.#later.delete(claim);
  }

  async #reviseSome(ids: readonly string[], change: Change): Promise<readonly Job[]> {
    const { database, sealing, holderId } = this.#parts;
    return database.transaction(ALL_TENANTS, async (sql) => {
      const lock = `SELECT ${WITHOUT_OUTCOME}, outcome FROM voice_prints.jobs WHERE id = ANY ($1::bigint[]) ORDER BY id FOR UPDATE`;
      const revised: Job[] = [];
      for (const row of await sql<JobRow>(lock, [ids])) {
        if (row.status === 'running' && row.claim && row.holder === holderId) this.#note(row.claim, change);
        const known = unlessDamaged(() => jobOfRow(sealing, row)); // one that is damaged keeps nobody from being erased elsewhere
        const job = known && change(known);
        if (job === undefined) continue;
        const { request, failure, outcome } = sealedColumns(sealing, job, row.request_key);
        await sql('UPDATE voice_prints.jobs SET request = $2, failure = $3, outcome = $4 WHERE id = $1', [
          row.id,
          request,
          failure,
          outcome,
        ]);
        revised.push(job);
      }
      return revised;
    });
  }

  #note(claim: string, change: Change): void {
    const own = this.#later.get(claim) ?? [];
    if (!own.includes(change)) own.push(change); // a transaction may run twice
    this.#later.set(claim, own);
  }
}
