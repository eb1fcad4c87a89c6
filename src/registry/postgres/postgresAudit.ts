import type { AuditEntry, AuditTrail } from '../../core/audit.js';
import { VoicePrintsError } from '../../core/errors.js';
import { Database } from '../../database/database.js';
import { ALL_TENANTS } from '../../database/sql.js';
import { type AuditFilter, entryOf } from '../auditEntry.js';

/** Entries of one tenant that are kept at least, some 50 MB; those before them are erased. */
const MOST_ENTRIES = 250_000;
/** Between two looks for older ones, in entries of all tenants. */
const TIDY_EVERY = 1_000n;
const PART = 1_000;

/** The audit log in a PostgreSQL database. Holds no connection of its own. */
export class PostgresAudit implements AuditTrail {
  readonly #databaseUrl: string;
  readonly #mostEntries: number;

  constructor(databaseUrl: string, mostEntries: number = MOST_ENTRIES) {
    this.#databaseUrl = databaseUrl;
    this.#mostEntries = mostEntries;
  }

  async append(entries: readonly AuditEntry[]): Promise<void> {
    try {
      await using shared = await Database.share(this.#databaseUrl);
      for (const tenantId of new Set(entries.map((entry) => entry.tenantId))) {
        const own = entries.filter((entry) => entry.tenantId === tenantId);
        await this.#append(shared.database, tenantId, own);
      }
    } catch (cause) {
      const message = 'the change was made, but the audit log could not be written; check the database';
      throw new VoicePrintsError('REGISTRY_UNAVAILABLE', message, { cause });
    }
  }

  #append(database: Database, tenantId: string, entries: readonly AuditEntry[]): Promise<void> {
    return database.transaction(tenantId, async (sql) => {
      const texts = entries.map((entry) => JSON.stringify(entry));
      const rows = await sql<{ id: string }>(
        `INSERT INTO voice_prints.audit (tenant_id, entry) SELECT $1, entry::jsonb FROM unnest($2::text[]) AS entry RETURNING id::text`,
        [tenantId, texts],
      );
      if (!rows.some(({ id }) => BigInt(id) % TIDY_EVERY === 0n)) return;
      await sql(
        `DELETE FROM voice_prints.audit WHERE tenant_id = $1 AND id <= (
          SELECT id FROM voice_prints.audit WHERE tenant_id = $1 ORDER BY id DESC OFFSET $2 LIMIT 1)`,
        [tenantId, this.#mostEntries],
      );
    });
  }
}

/** All entries, oldest first; what no release knows is yielded as undefined. Throws REGISTRY_UNAVAILABLE. */
export async function* readPostgresAudit(
  databaseUrl: string,
  { speakerId, tenantId }: AuditFilter,
): AsyncGenerator<AuditEntry | undefined> {
  await using shared = await Database.share(databaseUrl);
  for (let after = '0'; ; ) {
    // By the number: `id` alone would be the text that is selected, in whose order 10 comes before 9.
    const rows = await shared.database.query<{ id: string; entry: unknown }>(
      tenantId ?? ALL_TENANTS,
      `SELECT id::text, entry FROM voice_prints.audit
        WHERE id > $1::bigint AND ($2::text IS NULL OR entry ->> 'speakerId' = $2) AND ($3::text IS NULL OR tenant_id = $3)
        ORDER BY audit.id LIMIT $4`,
      [after, speakerId ?? null, tenantId ?? null, PART],
    );
    for (const { entry } of rows) yield entryOf(entry);
    if (rows.length < PART) return;
    after = rows.at(-1)!.id;
  }
}
