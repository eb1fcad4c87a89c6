import type { CalibrationParameters } from '../core/calibration.js';
import type { StorePlace } from '../core/storePlace.js';
import {
  type CalibratedModel,
  calibrationOfDocument,
  calibrationText,
  readCalibration,
  removeCalibration,
  writeCalibration,
} from './calibrationFile.js';

/**
 * The calibration that a store keeps of a model; undefined where there is none.
 *
 * @throws VoicePrintsError REGISTRY_CORRUPT, REGISTRY_UNAVAILABLE
 */
export async function storedCalibration(
  { storeDirectory, databaseUrl }: StorePlace,
  model: CalibratedModel,
): Promise<CalibrationParameters | undefined> {
  if (databaseUrl === undefined) return readCalibration(storeDirectory, model);
  const { calibrationDocument } = await postgres();
  const document = await calibrationDocument(databaseUrl, model.id);
  return document === undefined ? undefined : calibrationOfDocument(document, model);
}

/** Keeps a calibration, and says where: the path of a file, or what stands for it. Throws REGISTRY_UNAVAILABLE. */
export async function storeCalibration(
  { storeDirectory, databaseUrl }: StorePlace,
  model: CalibratedModel,
  calibration: CalibrationParameters,
): Promise<string> {
  if (databaseUrl === undefined) return writeCalibration(storeDirectory, model, calibration);
  const { putCalibration } = await postgres();
  await putCalibration(databaseUrl, model.id, calibrationText(model, calibration));
  return `database: calibration of ${model.id}`;
}

/** False where there was none. Throws REGISTRY_UNAVAILABLE. */
export async function dropStoredCalibration(
  { storeDirectory, databaseUrl }: StorePlace,
  model: Pick<CalibratedModel, 'id'>,
): Promise<boolean> {
  if (databaseUrl === undefined) return removeCalibration(storeDirectory, model);
  const { eraseCalibration } = await postgres();
  return eraseCalibration(databaseUrl, model.id);
}

const postgres = () => import('./postgres/postgresCalibration.js');
