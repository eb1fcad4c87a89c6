import { ModelStore } from '../inference/modelStore.js';
import type { SpeakerModel } from '../inference/speakerModel.js';
import { readCalibration } from '../registry/calibrationFile.js';

/**
 * A model of a store, by id or path, or the one in use, with the calibration that `calibrate --write` kept in the store
 * in place of its own.
 *
 * @throws VoicePrintsError MODEL_NOT_FOUND, MODEL_INVALID, REGISTRY_CORRUPT, and what reading the store throws
 */
export async function modelInStore(storeDirectory: string, idOrPath?: string): Promise<SpeakerModel> {
  const model = await (await ModelStore.openFor(storeDirectory)).resolve(idOrPath);
  const own = await readCalibration(storeDirectory, model);
  return own ? { ...model, calibration: own } : model;
}
