import type { KeptSpeech, Voiceprint } from '../../core/voiceprint.js';
import { Database, type SharedDatabase } from '../../database/database.js';
import { DatabaseSealing } from '../../database/databaseSealing.js';
import { SPEECH } from '../../database/sealedTables.js';
import type { Sql } from '../../database/sql.js';
import { speakersExist } from '../speakersExist.js';
import { audioIdsOf, fromRow, toRow } from '../stored/row.js';
import { speechForm } from '../stored/speechForm.js';
import { parseSealedBody } from '../stored/storedForm.js';
import type { VoiceprintFollower, VoiceprintPage, VoiceprintRegistry } from '../voiceprintRegistry.js';
import { OpenCalls } from './openCalls.js';
import { PersonFollower } from './personFollower.js';
import { PersonRows } from './personRows.js';
import { RecentErasures } from './recentErasures.js';
import { VacuumSoon } from './vacuumSoon.js';

export interface PostgresRegistryOptions {
  /** Passphrase that seals what is biometric; the same for all who use the database. */
  readonly encryptionKey?: string | undefined;
}

/** People read at once where all of them are listed. */
const PART = 100;

/** Voiceprints in a PostgreSQL database, for any number of processes on any number of machines. */
export class PostgresRegistry implements VoiceprintRegistry {
  readonly #shared: SharedDatabase;
  readonly #sealing: DatabaseSealing;
  readonly #erasures: RecentErasures;
  readonly #vacuum: VacuumSoon;
  readonly #calls = new OpenCalls();

  private constructor(shared: SharedDatabase, sealing: DatabaseSealing) {
    this.#shared = shared;
    this.#sealing = sealing;
    this.#erasures = new RecentErasures(shared.database);
    this.#vacuum = new VacuumSoon(shared.database, ['people', 'speech']);
  }

  /**
   * Connects, and makes the tables where there are none. A plain database given a key is encrypted.
   *
   * @throws VoicePrintsError CONFIG_INVALID, REGISTRY_UNAVAILABLE, REGISTRY_VERSION_NEWER, REGISTRY_KEY_MISSING, REGISTRY_KEY_WRONG
   */
  static async open(databaseUrl: string, { encryptionKey }: PostgresRegistryOptions = {}): Promise<PostgresRegistry> {
    const shared = await Database.share(databaseUrl);
    try {
      return new PostgresRegistry(shared, await DatabaseSealing.open(shared.database, encryptionKey));
    } catch (error) {
      await shared[Symbol.asyncDispose]();
      throw error;
    }
  }

  async list(tenantId: string): Promise<readonly Voiceprint[]> {
    const all: Voiceprint[] = [];
    for (let after: string | undefined; ; ) {
      const { voiceprints, next } = await this.page(tenantId, { limit: PART, after });
      all.push(...voiceprints);
      if (next === undefined) return all;
      after = next;
    }
  }

  async page(
    tenantId: string,
    { limit, after }: { readonly limit: number; readonly after?: string | undefined },
  ): Promise<VoiceprintPage> {
    const rows = await this.#run(tenantId, (people) => people.page(limit + 1, after));
    const voiceprints = rows.slice(0, limit).map(fromRow);
    return { voiceprints, ...(rows.length > limit && { next: voiceprints.at(-1)!.id }) };
  }

  follow(tenantId: string): VoiceprintFollower {
    const { database } = this.#shared;
    return new PersonFollower({
      transaction: (tenant, work) => database.transaction(tenant, work),
      sealing: this.#sealing,
      calls: this.#calls,
      tenantId,
    });
  }

  async get(tenantId: string, id: string): Promise<Voiceprint | undefined> {
    const row = await this.#run(tenantId, (people) => people.get(id));
    return row && fromRow(row);
  }

  /** `change` may be called several times: where the connection ends meanwhile, or another process adds the same person. */
  async update(
    tenantId: string,
    id: string,
    change: (current: Voiceprint | undefined) => Voiceprint | undefined,
  ): Promise<Voiceprint | undefined> {
    const { wasErased, after } = await this.#run(tenantId, async (people) => {
      for (;;) {
        const row = await people.get(id, 'FOR UPDATE');
        const current = row && fromRow(row);
        const changed = change(current);
        if (changed === current) return { wasErased: false, after: changed };
        if (!changed) return { wasErased: await people.erase(id), after: changed };
        const changedRow = toRow({ ...changed, tenantId, id });
        if (current) await people.replace(changedRow);
        if (current || (await people.add(changedRow))) return { wasErased: false, after: changed };
      }
    });
    if (wasErased) this.#vacuum.erased();
    return after;
  }

  async putAll(
    tenantId: string,
    voiceprints: readonly Voiceprint[],
    { replace }: { readonly replace: boolean },
  ): Promise<void> {
    const rows = [...new Map(voiceprints.map((one) => [one.id, toRow({ ...one, tenantId })])).values()];
    await this.#run(tenantId, async (people) => {
      const there = await people.lock(rows.map(({ id }) => id));
      const taken = replace ? [] : rows.flatMap(({ id }) => (there.has(id) ? id : []));
      if (taken.length > 0) throw speakersExist(taken);
      if (replace) return people.replaceAll(rows);
      const meanwhile = await people.addAll(rows);
      if (meanwhile.length > 0) throw speakersExist(meanwhile);
    });
  }

  async delete(tenantId: string, id: string): Promise<boolean> {
    const wasThere = await this.#run(tenantId, (people) => people.erase(id));
    if (wasThere) this.#vacuum.erased();
    return wasThere;
  }

  keepSpeech(tenantId: string, id: string, audioId: string, speech: KeptSpeech): Promise<boolean> {
    const text = speechForm(tenantId, audioId).textOf(speech);
    return this.#run(tenantId, async (people, sql) => {
      const row = await people.get(id, 'FOR SHARE'); // nobody changes or erases the person meanwhile
      if (!row || !audioIdsOf(row).includes(audioId)) return false;
      await sql(
        `INSERT INTO voice_prints.speech (tenant_id, audio_id, person_id, body) VALUES ($1, $2, $3, $4)
          ON CONFLICT (tenant_id, audio_id) DO UPDATE SET person_id = excluded.person_id, body = excluded.body`,
        [tenantId, audioId, id, this.#sealing.seal(Buffer.from(text, 'utf8'), SPEECH, tenantId, audioId)],
      );
      return true;
    });
  }

  async speech(tenantId: string, audioId: string): Promise<KeptSpeech | undefined> {
    const [row] = await this.#run(tenantId, (_, sql) =>
      sql<{ body: Buffer }>('SELECT body FROM voice_prints.speech WHERE tenant_id = $1 AND audio_id = $2', [
        tenantId,
        audioId,
      ]),
    );
    if (!row) return undefined;
    return parseSealedBody(speechForm(tenantId, audioId), this.#sealing.open(row.body, SPEECH, tenantId, audioId));
  }

  /** Waits for calls under way; afterwards every call is refused. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#calls.close();
    await this.#erasures[Symbol.asyncDispose]();
    await this.#vacuum[Symbol.asyncDispose]();
    await this.#shared[Symbol.asyncDispose]();
  }

  #run<T>(tenantId: string, work: (people: PersonRows, sql: Sql) => Promise<T>): Promise<T> {
    const { database } = this.#shared;
    return this.#calls.run(() =>
      database.transaction(tenantId, (sql) => work(new PersonRows(sql, tenantId, this.#sealing), sql)),
    );
  }
}
