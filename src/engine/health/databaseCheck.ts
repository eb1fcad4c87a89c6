import { VoicePrintsError } from '../../core/errors.js';
import { createEngine } from '../createEngine.js';
import { enrolledInWords } from './enrolledInWords.js';
import { failed, type HealthCheck, noted, passed } from './healthCheck.js';

export interface DatabaseCheckRequest {
  readonly storeDirectory: string;
  readonly databaseUrl: string;
  readonly encryptionKey?: string | undefined;
  readonly model?: string | undefined;
}

const LOOK = `SELECT current_setting('server_version') AS server, max(version)::int AS tables,
  EXISTS (SELECT FROM voice_prints.settings WHERE name = 'sealing') AS "isEncrypted" FROM voice_prints.migrations`;
/** Row-level security does not hold for the first; the second could enrol nobody. */
const RIGHTS = `SELECT rolsuper OR rolbypassrls AS "seesAll",
  has_table_privilege('voice_prints.people', 'INSERT') AND NOT pg_is_in_recovery() AS "mayWrite" FROM pg_roles WHERE rolname = current_user`;

const GRANT = 'connect to the primary server, with a role that "voice-prints migrate --grant" named';
const NO_SUPERUSER = 'serve as a role without these rights: the server then keeps tenants apart too';

/** The database of a store: what it is, how fast it answers, and who is enrolled there. Makes its tables where there are none. Rejects never. */
export async function databaseChecks(request: DatabaseCheckRequest): Promise<readonly HealthCheck[]> {
  try {
    const people = await peopleCheck(request); // first: it makes the tables of a new database, and its key
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
  const found = `PostgreSQL ${server}, tables of version ${tables}, ${sealed}, answered in ${tookMs} ms`;
  const [rights] = await shared.database.query<{ seesAll: boolean; mayWrite: boolean }>(ALL_TENANTS, RIGHTS);
  const { seesAll, mayWrite } = rights!;
  if (!mayWrite) throw new VoicePrintsError('REGISTRY_UNAVAILABLE', `${found}, but read-only for this user; ${GRANT}`);
  return seesAll ? noted('database', `${found}, as a superuser`, NO_SUPERUSER) : passed('database', found);
}

async function peopleCheck(request: DatabaseCheckRequest): Promise<HealthCheck> {
  try {
    await using engine = await createEngine(request);
    return passed('store', `in the database: ${enrolledInWords(await engine.speakers().list())}`);
  } catch (thrown) {
    return failed('store', thrown);
  }
}
