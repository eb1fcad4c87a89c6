import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { CalibrationParameters } from '../core/calibration.js';
import { VoicePrintsError } from '../core/errors.js';
import { replaceFile } from '../files/atomicFile.js';

/** Model of a calibration: the model id of its embeddings, and the file's checksum. */
export interface CalibratedModel {
  readonly id: string;
  readonly sha256: string;
}

const VERSION = 2;
const finite = z.number(); // zod's numbers are finite

const common = {
  offset: finite,
  cosine: finite,
  logSeconds: finite,
  cosineLogSeconds: finite,
  narrowBand: finite,
  narrowBandBoth: finite.exactOptional(),
  falseAcceptLlr: z.strictObject({ '0.1': finite, '1': finite, '5': finite }),
  gallerySize: z.number().int().positive().exactOptional(),
  windowCosine: z.strictObject({ same: finite, different: finite }).exactOptional(),
  recordingCosine: z.strictObject({ offset: finite, cosine: finite }).exactOptional(),
  source: z.string(),
};

const parameters = z.strictObject({
  ...common,
  voiceLogSeconds: finite.exactOptional(),
  cosineVoiceLogSeconds: finite.exactOptional(),
  alone: finite.exactOptional(),
  cosineAlone: finite.exactOptional(),
  mostSeconds: z.number().positive().exactOptional(),
  centring: z.number().positive().exactOptional(),
  gallerySlope: z.number().min(0).exactOptional(),
}) satisfies z.ZodType<CalibrationParameters>;

/** Until 0.1 the similarity of both sides to a mean voice counted, too: it distinguished the recordings of the fit from others. */
const earlierParameters = z
  .strictObject({
    ...common,
    meanVoice: z.array(finite).exactOptional(),
    probeTypicality: finite.exactOptional(),
    voiceTypicality: finite.exactOptional(),
  })
  .transform(({ meanVoice, probeTypicality = 0, voiceTypicality = 0, ...kept }): CalibrationParameters => {
    // The mean of that similarity goes into the offset; the thresholds keep their meaning.
    const usual = (meanVoice ?? []).reduce((sum, value) => sum + value * value, 0);
    return { ...kept, offset: kept.offset + (probeTypicality + voiceTypicality) * usual };
  });

const head = { format: z.literal('voice-prints-calibration'), model: z.string(), sha256: z.string() };
const stored = z.discriminatedUnion('version', [
  z.strictObject({ ...head, version: z.literal(1), calibration: earlierParameters }),
  z.strictObject({ ...head, version: z.literal(VERSION), calibration: parameters }),
]);

/** Path in a store of the calibration fitted to its owner's recordings. */
export const calibrationPath = (storeDirectory: string, { id }: Pick<CalibratedModel, 'id'>): string =>
  join(storeDirectory, `calibration-${id.replace(/[^\w.@-]/g, '_')}.json`);

/** Text of a calibration file. */
export const calibrationText = ({ id, sha256 }: CalibratedModel, calibration: CalibrationParameters): string =>
  `${JSON.stringify({ format: 'voice-prints-calibration', version: VERSION, model: id, sha256, calibration })}\n`;

/**
 * The calibration of a model in a store; undefined where there is none.
 *
 * @throws VoicePrintsError REGISTRY_CORRUPT for a file that is damaged, of another format or of another model;
 *   REGISTRY_UNAVAILABLE where it cannot be read
 */
export async function readCalibration(
  storeDirectory: string,
  model: CalibratedModel,
): Promise<CalibrationParameters | undefined> {
  const text = await textOf(calibrationPath(storeDirectory, model));
  if (text === undefined) return undefined;
  return calibrationOfDocument(jsonOf(text), model);
}

/** A calibration as it is stored, of whatever model. Throws REGISTRY_CORRUPT. */
export function calibrationAsStored(document: unknown): {
  readonly model: CalibratedModel;
  readonly calibration: CalibrationParameters;
} {
  const { data } = stored.safeParse(document);
  if (data) return { model: { id: data.model, sha256: data.sha256 }, calibration: data.calibration };
  throw new VoicePrintsError(
    'REGISTRY_CORRUPT',
    'a calibration in the store is damaged; delete it, then calibrate again',
  );
}

/** A calibration as it is stored. Throws REGISTRY_CORRUPT where it is damaged, of another format or of another model. */
export function calibrationOfDocument(document: unknown, model: CalibratedModel): CalibrationParameters {
  const parsed = stored.safeParse(document);
  if (parsed.success && parsed.data.sha256 === model.sha256) return parsed.data.calibration;
  throw new VoicePrintsError(
    'REGISTRY_CORRUPT',
    `calibration-*.json of model ${model.id} in the store is damaged or of another model; delete it, then calibrate again`,
  );
}

/** Writes a calibration to the store atomically. Throws REGISTRY_UNAVAILABLE. */
export async function writeCalibration(
  storeDirectory: string,
  model: CalibratedModel,
  calibration: CalibrationParameters,
): Promise<string> {
  const path = calibrationPath(storeDirectory, model);
  try {
    await mkdir(storeDirectory, { recursive: true, mode: 0o700 });
    await replaceFile(path, calibrationText(model, calibration));
    return path;
  } catch (cause) {
    const message = 'the calibration cannot be written; check the permissions and room of the store folder';
    throw new VoicePrintsError('REGISTRY_UNAVAILABLE', message, { cause });
  }
}

/** Removes the calibration of a model from a store. False where there was none. Throws REGISTRY_UNAVAILABLE. */
export async function removeCalibration(storeDirectory: string, model: Pick<CalibratedModel, 'id'>): Promise<boolean> {
  try {
    await rm(calibrationPath(storeDirectory, model));
    return true;
  } catch (cause) {
    if (['ENOENT', 'ENOTDIR'].includes((cause as NodeJS.ErrnoException).code ?? '')) return false;
    const message = 'the calibration cannot be removed; check the permissions of the store folder';
    throw new VoicePrintsError('REGISTRY_UNAVAILABLE', message, { cause });
  }
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    // A store that does not exist, or is not a folder, has no calibration; opening the store itself reports what is wrong.
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    const message = 'the calibration in the store cannot be read; check the permissions of the store folder';
    throw new VoicePrintsError('REGISTRY_UNAVAILABLE', message, { cause });
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // rejected by the schema
  }
}
