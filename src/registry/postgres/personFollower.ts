import type { DatabaseSealing } from '../../database/databaseSealing.js';
import type { Sql } from '../../database/sql.js';
import { fromRow } from '../stored/row.js';
import type { VoiceprintChanges, VoiceprintFollower } from '../voiceprintRegistry.js';
import type { OpenCalls } from './openCalls.js';
import { type ChangedPlace, PEOPLE_TOPIC, PersonRows } from './personRows.js';

/** People in one part of the changes: some megabytes, and some milliseconds to open. */
const PART = 100;
const BEGINNING: ChangedPlace = { version: '-1', id: '' };

export interface PersonFollowerParts {
  readonly transaction: <T>(tenantId: string, work: (sql: Sql) => Promise<T>) => Promise<T>;
  readonly sealing: DatabaseSealing;
  readonly calls: OpenCalls;
  readonly tenantId: string;
}

/**
 * Follows the people of one tenant by the versions of their rows. Ids of those erased come from the table of recent erasures, and
 * where that does not reach back to the last look, from a comparison of all ids.
 */
export class PersonFollower implements VoiceprintFollower {
  readonly #parts: PersonFollowerParts;
  /** Version of the tenant's people at the last complete look. */
  #known: string | undefined;
  /** Ids that were given. */
  readonly #ids = new Set<string>();

  constructor(parts: PersonFollowerParts) {
    this.#parts = parts;
  }

  async *changes(): AsyncGenerator<VoiceprintChanges> {
    const hasGiven = this.#ids.size > 0;
    const version = await this.#version();
    if (version === this.#known) return;
    // An older version than the known one is that of a backup which was restored: all of it may differ.
    const since = this.#known !== undefined && BigInt(version) > BigInt(this.#known) ? this.#known : undefined;
    yield* this.#changed(since === undefined ? BEGINNING : { version: since, id: LAST_ID });
    const gone = hasGiven ? await this.#gone(since) : [];
    if (gone.length > 0) yield { put: [], gone };
    for (const id of gone) this.#ids.delete(id);
    this.#known = version;
  }

  /** One look at one row. */
  async #version(): Promise<string> {
    const [row] = await this.#run((sql) =>
      sql<{ version: string }>(
        `SELECT version::text FROM voice_prints.changes WHERE topic = '${PEOPLE_TOPIC}' AND tenant_id = $1`,
        [this.#parts.tenantId],
      ),
    );
    return row?.version ?? '0';
  }

  async *#changed(after: ChangedPlace): AsyncGenerator<VoiceprintChanges> {
    let place: ChangedPlace | undefined = after;
    while (place) {
      const from: ChangedPlace = place;
      const { rows, last } = await this.#run((sql) => this.#rows(sql).changedAfter(from, PART));
      if (rows.length > 0) yield { put: rows.map(fromRow), gone: [] };
      for (const { id } of rows) this.#ids.add(id);
      place = rows.length < PART ? undefined : last;
    }
  }

  /** Of the ids that were given, those of people who are not there any more. */
  async #gone(since: string | undefined): Promise<string[]> {
    const erased = since === undefined ? undefined : await this.#erasedSince(since);
    if (erased) return erased.filter((id) => this.#ids.has(id));
    const there = await this.#run((sql) => this.#rows(sql).ids());
    return [...this.#ids].filter((id) => !there.has(id));
  }

  /** Undefined where not all of them are known any more. */
  async #erasedSince(version: string): Promise<string[] | undefined> {
    const rows = await this.#run((sql) =>
      sql<{ isKnown: boolean; id: string | null }>(
        `SELECT coalesce((SELECT known_since FROM voice_prints.erasures WHERE tenant_id = $1), 0) <= $2::bigint AS "isKnown", id
          FROM (SELECT) AS one LEFT JOIN voice_prints.erased_people ON tenant_id = $1 AND version > $2::bigint`,
        [this.#parts.tenantId, version],
      ),
    );
    return rows[0]!.isKnown ? rows.flatMap(({ id }) => id ?? []) : undefined;
  }

  #rows(sql: Sql): PersonRows {
    return new PersonRows(sql, this.#parts.tenantId, this.#parts.sealing);
  }

  #run<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    const { calls, transaction, tenantId } = this.#parts;
    return calls.run(() => transaction(tenantId, work));
  }
}

/** After every id: of the rows of one version all were given. */
const LAST_ID = '\uffff';
