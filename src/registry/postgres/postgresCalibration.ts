import { Database } from '../../database/database.js';
import { ALL_TENANTS, type Sql } from '../../database/sql.js';

/** Topic of `voice_prints.changed`. */
export const CALIBRATION_TOPIC = 'calibration';

const CHANGED = `SELECT voice_prints.changed('${CALIBRATION_TOPIC}', '${ALL_TENANTS}')`;

/** The document of a model's calibration, unchecked; undefined where there is none. Throws REGISTRY_UNAVAILABLE. */
export async function calibrationDocument(databaseUrl: string, modelId: string): Promise<unknown> {
  const [row] = await inDatabase(databaseUrl, (sql) =>
    sql<{ document: unknown }>('SELECT document FROM voice_prints.calibrations WHERE model_id = $1', [modelId]),
  );
  return row?.document;
}

/** Keeps a calibration in place of another; every process uses it within a second. */
export async function putCalibration(databaseUrl: string, modelId: string, document: string): Promise<void> {
  await inDatabase(databaseUrl, async (sql) => {
    await sql(
      `INSERT INTO voice_prints.calibrations (model_id, document) VALUES ($1, $2)
        ON CONFLICT (model_id) DO UPDATE SET document = excluded.document`,
      [modelId, document],
    );
    await sql(CHANGED);
  });
}

/** False where there was none. */
export function eraseCalibration(databaseUrl: string, modelId: string): Promise<boolean> {
  return inDatabase(databaseUrl, async (sql) => {
    const gone = await sql('DELETE FROM voice_prints.calibrations WHERE model_id = $1 RETURNING 1', [modelId]);
    if (gone.length > 0) await sql(CHANGED);
    return gone.length > 0;
  });
}

/** All of them, for copies: by the id of the model. */
export async function calibrationDocuments(
  databaseUrl: string,
): Promise<readonly { readonly modelId: string; readonly document: unknown }[]> {
  return inDatabase(databaseUrl, (sql) =>
    sql<{ modelId: string; document: unknown }>(
      'SELECT model_id AS "modelId", document FROM voice_prints.calibrations ORDER BY model_id',
    ),
  );
}

async function inDatabase<T>(databaseUrl: string, work: (sql: Sql) => Promise<T>): Promise<T> {
  await using shared = await Database.share(databaseUrl);
  return await shared.database.transaction(ALL_TENANTS, work);
}
