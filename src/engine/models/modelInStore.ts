import type { CalibrationParameters } from '../../core/calibration.js';
import { ModelStore } from '../../inference/modelStore.js';
import type { SpeakerModel } from '../../inference/speakerModel.js';
import { readCalibration } from '../../registry/calibrationFile.js';

/**
 * A model of a store, by id or path, or the one in use, with the calibration that `calibrate --write` kept in the store
 * in place of its own.
 *
 * @throws VoicePrintsError MODEL_NOT_FOUND, MODEL_INVALID, REGISTRY_CORRUPT, and what reading the store throws
 */
export async function modelInStore(storeDirectory: string, idOrPath?: string): Promise<SpeakerModel> {
  const model = await (await ModelStore.openFor(storeDirectory)).resolve(idOrPath);
  return { ...model, calibration: (await calibrationInStore(storeDirectory, model)).calibration };
}

export interface CalibrationInStore {
  readonly calibration: CalibrationParameters | undefined;
  /** True where the store keeps one that was fitted to its owner's recordings. */
  readonly isOwnCalibration: boolean;
}

/** The calibration by which a store scores with this model: its own, else the model's. Throws REGISTRY_CORRUPT. */
export async function calibrationInStore(storeDirectory: string, model: SpeakerModel): Promise<CalibrationInStore> {
  const own = await readCalibration(storeDirectory, model);
  return { calibration: own ?? model.calibration, isOwnCalibration: own !== undefined };
}
