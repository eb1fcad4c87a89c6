import { createEngine } from '../createEngine.js';
import { enrolledInWords } from './enrolledInWords.js';
import { failed, type HealthCheck, passed } from './healthCheck.js';

export interface DatabaseCheckRequest {
  readonly storeDirectory: string;
  readonly databaseUrl: string;
  readonly encryptionKey?: string | undefined;
  readonly model?: string | undefined;
}

const LOOK = `SELECT current_setting('server_version') AS server, max(version)::int AS tables,
  EXISTS (SELECT FROM voice_prints.settings WHERE name = 'sealing') AS "isEncrypted" FROM voice_prints.migrations`;

/** The database of a store: what it is, how fast it answers, and who is enrolled there. Makes its tables where there are none. Rejects never. */
export async function databaseChecks(request: DatabaseCheckRequest): Promise<readonly HealthCheck[]> {
  try {
    const people = await peopleCheck(request); // first: it may seal the database
    return [await serverCheck(request.databaseUrl), people];
  } catch (thrown) {
    return [failed('database', thrown)];
  }
}

async function serverCheck(databaseUrl: string): Promise<HealthCheck> {
  const { Database } = await import('../../database/database.js');
  const { ALL_TENANTS } = await import('../../database/sql.js');
  await using shared = await Database.share(databaseUrl);
  const beganMs = performance.now();
  const [row] = await shared.database.query<{ server: string; tables: number; isEncrypted: boolean }>(
    ALL_TENANTS,
    LOOK,
  );
  const tookMs = Math.ceil(performance.now() - beganMs);
  const { server, tables, isEncrypted } = row!;
  const sealed = isEncrypted ? 'encrypted' : 'not encrypted';
  return passed('database', `PostgreSQL ${server}, tables of version ${tables}, ${sealed}, answered in ${tookMs} ms`);
}

async function peopleCheck(request: DatabaseCheckRequest): Promise<HealthCheck> {
  try {
    await using engine = await createEngine(request);
    return passed('store', `in the database: ${enrolledInWords(await engine.speakers().list())}`);
  } catch (thrown) {
    return failed('store', thrown);
  }
}
