import type { AuditEntry, AuditTrail } from '../core/audit.js';
import { type StorePlace, storePlaceOf } from '../core/storePlace.js';
import type { AuditFilter } from './auditEntry.js';
import { AuditLog, readAuditFiles } from './auditLog.js';

/** The audit log of a store, to be written. Opens nothing until there is an entry, and has to be closed by nobody. */
export function auditTrailOf({ storeDirectory, databaseUrl }: StorePlace): AuditTrail {
  if (databaseUrl === undefined) return new AuditLog(storeDirectory);
  return {
    async append(entries) {
      const { PostgresAudit } = await import('./postgres/postgresAudit.js');
      await new PostgresAudit(databaseUrl).append(entries);
    },
  };
}

/**
 * All entries of the audit log of a store, oldest first; unreadable ones are yielded as undefined. Throws REGISTRY_UNAVAILABLE.
 *
 * @param place or only its folder, where it has no database
 */
export async function* readAuditLog(
  place: StorePlace | string,
  filter: AuditFilter = {},
): AsyncGenerator<AuditEntry | undefined> {
  const { storeDirectory, databaseUrl } = storePlaceOf(place);
  if (databaseUrl === undefined) {
    yield* readAuditFiles(storeDirectory, filter);
    return;
  }
  const { readPostgresAudit } = await import('./postgres/postgresAudit.js');
  yield* readPostgresAudit(databaseUrl, filter);
}
