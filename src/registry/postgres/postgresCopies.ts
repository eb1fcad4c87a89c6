import { Database } from '../../database/database.js';
import { DatabaseSealing } from '../../database/databaseSealing.js';
import { ALL_TENANTS } from '../../database/sql.js';
import type { StoredUnknownVoices } from '../stored/unknownVoiceForm.js';
import { EARLIER_KEEP_MS } from '../unknownVoiceRules.js';
import { UnknownVoiceRows } from './unknownVoiceRows.js';

/** Tenants with people in a database. */
export async function tenantsOfDatabase(databaseUrl: string): Promise<string[]> {
  await using shared = await Database.share(databaseUrl);
  const rows = await shared.database.query<{ tenantId: string }>(
    ALL_TENANTS,
    'SELECT DISTINCT tenant_id AS "tenantId" FROM voice_prints.people ORDER BY 1',
  );
  return rows.map(({ tenantId }) => tenantId);
}

/** All unknown voices of a database, and the numbers that were given. */
export async function unknownVoicesOfDatabase(
  databaseUrl: string,
  encryptionKey: string | undefined,
): Promise<StoredUnknownVoices> {
  await using shared = await Database.share(databaseUrl);
  const sealing = await DatabaseSealing.open(shared.database, encryptionKey);
  return await shared.database.transaction(ALL_TENANTS, async (sql) => {
    const numbers = await sql<{ tenantId: string; last: number }>(
      'SELECT tenant_id AS "tenantId", last_number AS last FROM voice_prints.unknown_numbers',
    );
    const voices = [];
    for (const { tenantId } of numbers) voices.push(...(await new UnknownVoiceRows(sql, tenantId, sealing).list()));
    return { voices, lastNumbers: new Map(numbers.map(({ tenantId, last }) => [tenantId, last])) };
  });
}

/** Stores unknown voices with their numbers: in place of those that have the same. */
export async function putUnknownVoicesInDatabase(
  databaseUrl: string,
  encryptionKey: string | undefined,
  { voices, lastNumbers }: StoredUnknownVoices,
): Promise<void> {
  await using shared = await Database.share(databaseUrl);
  const sealing = await DatabaseSealing.open(shared.database, encryptionKey);
  for (const [tenantId, last] of lastNumbers) {
    await shared.database.transaction(tenantId, async (sql) => {
      const rows = new UnknownVoiceRows(sql, tenantId, sealing);
      await rows.lock();
      await sql(
        `INSERT INTO voice_prints.unknown_numbers AS n (tenant_id, last_number) VALUES ($1, $2)
          ON CONFLICT (tenant_id) DO UPDATE SET last_number = greatest(n.last_number, excluded.last_number)`,
        [tenantId, last],
      );
      for (const row of voices.filter((voice) => voice.tenantId === tenantId)) {
        const { expiresAtMs = row.lastHeardMs + EARLIER_KEEP_MS } = row;
        await rows.put({ ...row, expiresAtMs }, true);
      }
    });
  }
}
