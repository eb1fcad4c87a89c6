import { randomUUID } from 'node:crypto';
import type { Sql } from './sql.js';

/** The row that a transaction of this process has for itself, and the number by which the row knows it. */
export interface CommitMark {
  readonly place: string;
  readonly number: number;
}

/** Waits for the end of the transaction that may still have the row. */
const LAST_NUMBER = `INSERT INTO voice_prints.commits AS c (place, number) VALUES ($1, 0)
  ON CONFLICT (place) DO UPDATE SET place = c.place RETURNING number`;

const FORGET = `DELETE FROM voice_prints.commits WHERE place IN (
  SELECT place FROM voice_prints.commits WHERE marked_at < clock_timestamp() - interval '1 day' FOR UPDATE SKIP LOCKED)`;

/**
 * Marks that transactions leave, by which it is known of one whose end was not confirmed whether it was committed. As many rows as the
 * process has transactions at once.
 */
export class CommitMarks {
  #isPossible = false;
  readonly #free: CommitMark[] = [];

  /** To be called last in a transaction; undefined where it has changed nothing, or while the tables are of a release without marks. */
  async set(sql: Sql): Promise<CommitMark | undefined> {
    this.#isPossible ||= await isPossible(sql);
    if (!this.#isPossible) return undefined;
    const { place, number } = this.#free.pop() ?? { place: randomUUID(), number: 0 };
    const mark = { place, number: number + 1 };
    const [row] = await sql<{ isSet: boolean }>('SELECT voice_prints.mark_commit($1, $2) AS "isSet"', [
      mark.place,
      mark.number,
    ]);
    if (row?.isSet) return mark;
    this.free(mark);
    return undefined;
  }

  /** The transaction is over, and its row can be another's. */
  free(mark: CommitMark): void {
    this.#free.push(mark);
  }

  async isCommitted(sql: Sql, { place, number }: CommitMark): Promise<boolean> {
    const [row] = await sql<{ number: string }>(LAST_NUMBER, [place]);
    return Number(row?.number) === number;
  }

  /** Erases the rows of processes that ended long ago. */
  async forget(sql: Sql): Promise<void> {
    await sql(FORGET);
  }
}

async function isPossible(sql: Sql): Promise<boolean> {
  const found = `SELECT to_regprocedure('voice_prints.mark_commit(uuid,bigint)') IS NOT NULL AS "isThere"`;
  const [row] = await sql<{ isThere: boolean }>(found);
  return row?.isThere === true;
}
