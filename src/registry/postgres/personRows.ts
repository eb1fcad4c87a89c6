import type { DatabaseSealing } from '../../database/databaseSealing.js';
import { PEOPLE } from '../../database/sealedTables.js';
import type { Sql } from '../../database/sql.js';
import { personBytes, personOf } from '../stored/personForm.js';
import { audioIdsOf, type VoiceprintRow } from '../stored/row.js';

interface StoredPerson {
  readonly id: string;
  readonly version: string;
  readonly body: Buffer;
}

/** A place in the order in which the people of a tenant were changed last. */
export interface ChangedPlace {
  readonly version: string;
  readonly id: string;
}

/** Rows that are put in one statement: some megabytes. */
const PUT_AT_ONCE = 200;
/** Topic of `voice_prints.changed`. */
export const PEOPLE_TOPIC = 'people';

/** The people of one tenant within a transaction. Rows are locked first, the tenant's version last. */
export class PersonRows {
  readonly #sql: Sql;
  readonly #tenantId: string;
  readonly #sealing: DatabaseSealing;

  constructor(sql: Sql, tenantId: string, sealing: DatabaseSealing) {
    this.#sql = sql;
    this.#tenantId = tenantId;
    this.#sealing = sealing;
  }

  async get(id: string, lock: '' | 'FOR UPDATE' | 'FOR SHARE' = ''): Promise<VoiceprintRow | undefined> {
    const [row] = await this.#sql<StoredPerson>(
      `SELECT id, body FROM voice_prints.people WHERE tenant_id = $1 AND id = $2 ${lock}`,
      [this.#tenantId, id],
    );
    return row && this.#opened(row);
  }

  /** Up to `limit` people by id. */
  async page(limit: number, after: string | undefined): Promise<VoiceprintRow[]> {
    const rows = await this.#sql<StoredPerson>(
      `SELECT id, body FROM voice_prints.people WHERE tenant_id = $1 AND id > $2 ORDER BY id LIMIT $3`,
      [this.#tenantId, after ?? '', limit],
    );
    return rows.map((row) => this.#opened(row));
  }

  /** Up to `limit` people that were changed after a place, in the order of their changes. */
  async changedAfter(
    { version, id }: ChangedPlace,
    limit: number,
  ): Promise<{ readonly rows: VoiceprintRow[]; readonly last: ChangedPlace | undefined }> {
    // By the number: `version` alone would be the text that is selected, in whose order 10 comes before 9.
    const found = await this.#sql<StoredPerson>(
      `SELECT id, version::text, body FROM voice_prints.people
        WHERE tenant_id = $1 AND (version, id) > ($2::bigint, $3) ORDER BY people.version, id LIMIT $4`,
      [this.#tenantId, version, id, limit],
    );
    return { rows: found.map((row) => this.#opened(row)), last: found.at(-1) };
  }

  /** Ids of all people. */
  async ids(): Promise<Set<string>> {
    const rows = await this.#sql<{ id: string }>('SELECT id FROM voice_prints.people WHERE tenant_id = $1', [
      this.#tenantId,
    ]);
    return new Set(rows.map(({ id }) => id));
  }

  /** Locks those that exist, and returns their ids. */
  async lock(ids: readonly string[]): Promise<Set<string>> {
    const rows = await this.#sql<{ id: string }>(
      'SELECT id FROM voice_prints.people WHERE tenant_id = $1 AND id = ANY ($2) ORDER BY id FOR UPDATE',
      [this.#tenantId, ids],
    );
    return new Set(rows.map(({ id }) => id));
  }

  /** False where somebody else has added the person meanwhile. */
  async add(row: VoiceprintRow): Promise<boolean> {
    return (await this.#put([row], 'NOTHING')).size > 0;
  }

  /** Of a person that is locked: speech that no exemplar refers to any more is erased. */
  async replace(row: VoiceprintRow): Promise<void> {
    await this.#put([row], UPDATE);
    await this.#eraseSpeechBut([row]);
  }

  /** Adds people, and returns the ids of those that exist already: the caller undoes it. */
  async addAll(rows: readonly VoiceprintRow[]): Promise<readonly string[]> {
    const taken: string[] = [];
    for (const part of parts(rows)) {
      const added = await this.#put(part, 'NOTHING');
      taken.push(...part.flatMap(({ id }) => (added.has(id) ? [] : id)));
    }
    return taken;
  }

  async replaceAll(rows: readonly VoiceprintRow[]): Promise<void> {
    for (const part of parts(rows)) {
      await this.#put(part, UPDATE);
      await this.#eraseSpeechBut(part);
    }
  }

  /** Erases a person and what was kept of their speech. False where there was none. */
  async erase(id: string): Promise<boolean> {
    const gone = await this.#sql('DELETE FROM voice_prints.people WHERE tenant_id = $1 AND id = $2 RETURNING 1', [
      this.#tenantId,
      id,
    ]);
    if (gone.length === 0) return false;
    await this.#sql(
      `INSERT INTO voice_prints.erased_people AS e (tenant_id, id, version)
        VALUES ($1, $2, voice_prints.changed('${PEOPLE_TOPIC}', $1))
        ON CONFLICT (tenant_id, id) DO UPDATE SET version = excluded.version, erased_at = now()`,
      [this.#tenantId, id],
    );
    return true;
  }

  async #put(rows: readonly VoiceprintRow[], onConflict: string): Promise<Set<string>> {
    const ids = rows.map(({ id }) => id);
    const bodies = rows.map((row) => this.#sealing.seal(personBytes(row), PEOPLE, this.#tenantId, row.id));
    const put = await this.#sql<{ id: string }>(
      `WITH news AS (SELECT voice_prints.changed('${PEOPLE_TOPIC}', $1) AS version),
          back AS (DELETE FROM voice_prints.erased_people WHERE tenant_id = $1 AND id = ANY ($2))
        INSERT INTO voice_prints.people (tenant_id, id, version, body)
        SELECT $1, id, version, body FROM news, unnest($2::text[], $3::bytea[]) AS given (id, body)
        ON CONFLICT (tenant_id, id) DO ${onConflict} RETURNING id`,
      [this.#tenantId, ids, bodies],
    );
    return new Set(put.map(({ id }) => id));
  }

  async #eraseSpeechBut(rows: readonly VoiceprintRow[]): Promise<void> {
    await this.#sql(
      `DELETE FROM voice_prints.speech WHERE tenant_id = $1 AND person_id = ANY ($2) AND NOT (audio_id = ANY ($3))`,
      [this.#tenantId, rows.map(({ id }) => id), rows.flatMap(audioIdsOf)],
    );
  }

  #opened({ id, body }: StoredPerson): VoiceprintRow {
    return personOf(this.#sealing.open(body, PEOPLE, this.#tenantId, id));
  }
}

const UPDATE = 'UPDATE SET version = excluded.version, body = excluded.body';

function* parts(rows: readonly VoiceprintRow[]): Generator<readonly VoiceprintRow[]> {
  for (let from = 0; from < rows.length; from += PUT_AT_ONCE) yield rows.slice(from, from + PUT_AT_ONCE);
}
