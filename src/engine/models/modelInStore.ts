import type { CalibrationParameters } from '../../core/calibration.js';
import { type StorePlace, storePlaceOf } from '../../core/storePlace.js';
import { ModelStore } from '../../inference/modelStore.js';
import type { SpeakerModel } from '../../inference/speakerModel.js';
import { storedCalibration } from '../../registry/calibrationStore.js';

/**
 * A model of a store (its place, or its folder where it has no database), by id or path, or the one in use, with the calibration that `calibrate --write` kept in the store
 * in place of its own.
 *
 * @throws VoicePrintsError MODEL_NOT_FOUND, MODEL_INVALID, REGISTRY_CORRUPT, and what reading the store throws
 */
export async function modelInStore(place: StorePlace | string, idOrPath?: string): Promise<SpeakerModel> {
  const { storeDirectory } = storePlaceOf(place);
  const model = await (await ModelStore.openFor(storeDirectory)).resolve(idOrPath);
  return { ...model, calibration: (await calibrationInStore(place, model)).calibration };
}

export interface CalibrationInStore {
  readonly calibration: CalibrationParameters | undefined;
  /** True where the store keeps one that was fitted to its owner's recordings. */
  readonly isOwnCalibration: boolean;
}

/** The calibration by which a store scores with this model: its own, else the model's. Throws REGISTRY_CORRUPT. */
export async function calibrationInStore(place: StorePlace | string, model: SpeakerModel): Promise<CalibrationInStore> {
  const own = await storedCalibration(storePlaceOf(place), model);
  return { calibration: own ?? model.calibration, isOwnCalibration: own !== undefined };
}
