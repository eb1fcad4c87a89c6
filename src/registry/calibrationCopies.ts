import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CalibrationParameters } from '../core/calibration.js';
import type { StorePlace } from '../core/storePlace.js';
import { type CalibratedModel, calibrationAsStored } from './calibrationFile.js';

const FILE = /^calibration-.+\.json$/;

/** A calibration with the model that it is of. */
export interface StoredCalibration {
  readonly model: CalibratedModel;
  readonly calibration: CalibrationParameters;
}

/** All calibrations that a store keeps. Throws REGISTRY_CORRUPT, REGISTRY_UNAVAILABLE. */
export async function storedCalibrations({
  storeDirectory,
  databaseUrl,
}: StorePlace): Promise<readonly StoredCalibration[]> {
  if (databaseUrl !== undefined) {
    const { calibrationDocuments } = await import('./postgres/postgresCalibration.js');
    return (await calibrationDocuments(databaseUrl)).map(({ document }) => calibrationAsStored(document));
  }
  const names = (await readdir(storeDirectory).catch(() => [])).filter((name) => FILE.test(name)).sort();
  const texts = await Promise.all(names.map((name) => readFile(join(storeDirectory, name), 'utf8')));
  return texts.map((text) => calibrationAsStored(jsonOf(text)));
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // refused by the schema
  }
}
