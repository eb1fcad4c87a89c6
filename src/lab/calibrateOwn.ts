import { openRecording } from '../audio/openRecording.js';
import type { CalibrationParameters } from '../core/calibration.js';
import { VoicePrintsError } from '../core/errors.js';
import type { FalseAcceptPercent } from '../core/identification.js';
import type { RecordingLimits } from '../core/recording.js';
import type { StorePlace } from '../core/storePlace.js';
import { WorkerCompute } from '../engine/compute/workerCompute.js';
import { modelInStore } from '../engine/models/modelInStore.js';
import type { Trials } from '../evaluation/detectionMetrics.js';
import { acceptLlr, UNCALIBRATED } from '../identity/calibration.js';
import { ModelStore } from '../inference/modelStore.js';
import type { SpeakerModel } from '../inference/speakerModel.js';
import { dropStoredCalibration, storeCalibration } from '../registry/calibrationStore.js';
import { calibrationOf, llrsOf, rescaledCalibration } from './calibrateModel.js';
import { type CalibrationSpeaker, calibrationSpeakers } from './calibrationMaterial.js';
import { readManifestRows } from './manifestAudio.js';

export interface CalibrateOwnOptions {
  readonly manifestPath: string;
  /** Id or path; the model in use where undefined. */
  readonly model?: string | undefined;
  readonly place: StorePlace;
  readonly signal: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

export interface OwnCalibration {
  readonly model: SpeakerModel;
  /** Fitted to all people. */
  readonly calibration: CalibrationParameters;
  readonly people: number;
  /** Log likelihood ratios of the existing calibration. */
  readonly before: Trials;
  /** Log likelihood ratios of the same trials, each by a fit to the other half of the people. */
  readonly after: Trials;
}

const MAX_PEOPLE = 300;
/** Four per half: fewer do not show how voices differ. */
const LEAST_PEOPLE = 8;
const SOURCE = 'own recordings';
/** With fewer, a fit of every weight can do worse than none: halves of 24 learners of English, Cllr .55 after .26. */
const FULL_FIT_PEOPLE = 100;
/** Utterances are held in memory. */
const LIMITS: RecordingLimits = { maxBytes: 2 ** 31, maxDurationMs: 3_600_000, maxDecodeMs: 300_000 };

/**
 * Fits a model's scores to recordings of the user's own people, and measures the gain on held-out people: each half by a
 * fit to the other.
 *
 * @throws VoicePrintsError FILE_NOT_FOUND, FILE_UNREADABLE, INPUT_INVALID with too few people, and the errors of the
 *   decoder, the network and the signal
 */
export async function calibrateOwn(options: CalibrateOwnOptions): Promise<OwnCalibration> {
  const { manifestPath, place, signal, onProgress } = options;
  await readManifestRows(manifestPath); // reports errors before anything is loaded
  const model = await modelInStore(place, options.model);
  await using compute = new WorkerCompute({ model });
  const speakers = await calibrationSpeakers({
    manifestPath,
    maxSpeakers: MAX_PEOPLE,
    isShifted: false,
    compute,
    openRecording: (path) => openRecording({ kind: 'file', path }, LIMITS, signal),
    signal,
    onProgress,
  });
  const before = model.calibration ?? UNCALIBRATED;
  const halves = halvesOf(speakers);
  const fits = halves.map((half) => fitted(half, before));
  return {
    model,
    calibration: withPresets(fitted(speakers, before), before),
    people: speakers.length,
    before: joined(halves.map((half) => llrsOf(half, before))),
    after: joined(halves.map((half, i) => llrsOf(half, fits[1 - i]!))),
  };
}

/** Installs a calibration in a store, in place of the model's own; with a database it applies at once in every process, else to engines opened from now on. Returns where. */
export const keepCalibration = (
  place: StorePlace,
  { model, calibration }: Pick<OwnCalibration, 'model' | 'calibration'>,
): Promise<string> => storeCalibration(place, model, calibration);

/**
 * Reverts to the model's own calibration, also from a damaged one; it applies when a kept one would.
 *
 * @throws VoicePrintsError MODEL_NOT_FOUND, MODEL_INVALID, REGISTRY_UNAVAILABLE
 */
export async function dropCalibration(
  place: StorePlace,
  idOrPath?: string,
): Promise<{ readonly model: SpeakerModel; readonly wasThere: boolean }> {
  const model = await (await ModelStore.openFor(place.storeDirectory)).resolve(idOrPath);
  return { model, wasThere: await dropStoredCalibration(place, model) };
}

/** Fits all weights where there are enough people; else scales and shifts the existing calibration. */
const fitted = (speakers: readonly CalibrationSpeaker[], before: CalibrationParameters): CalibrationParameters =>
  speakers.length >= FULL_FIT_PEOPLE ? calibrationOf(speakers, SOURCE) : rescaledCalibration(speakers, before, SOURCE);

/** Every other person of each group. Throws INPUT_INVALID where a person would have no one in their half to compare with. */
function halvesOf(speakers: readonly CalibrationSpeaker[]): [CalibrationSpeaker[], CalibrationSpeaker[]] {
  const halves: [CalibrationSpeaker[], CalibrationSpeaker[]] = [[], []];
  const groups = new Map<string, number>();
  for (const speaker of speakers) {
    const before = groups.get(speaker.group) ?? 0;
    halves[before % 2 === 0 ? 0 : 1].push(speaker);
    groups.set(speaker.group, before + 1);
  }
  if (speakers.length >= LEAST_PEOPLE && Math.max(...groups.values()) >= LEAST_PEOPLE) return halves;
  throw new VoicePrintsError(
    'INPUT_INVALID',
    `${speakers.length} people with 17 s of speech each were found; list ${LEAST_PEOPLE} or more (with a slash in their names, ${LEAST_PEOPLE} that share what is before it: others are not compared)`,
  );
}

/** With too few people for impostor trials against a gallery, keeps the existing thresholds: llrs mean the same in both. */
function withPresets(own: CalibrationParameters, before: CalibrationParameters): CalibrationParameters {
  const { falseAcceptLlr, gallerySize = 1 } = own;
  if (Object.values(falseAcceptLlr).every(Number.isFinite)) return own;
  const kept = (percent: FalseAcceptPercent) => acceptLlr(before, percent, gallerySize);
  return { ...own, falseAcceptLlr: { '0.1': kept(0.1), '1': kept(1), '5': kept(5) } };
}

function joined(parts: readonly Trials[]): Trials {
  const all = (of: (part: Trials) => Float64Array) => Float64Array.from(parts.flatMap((part) => [...of(part)]));
  return { targets: all(({ targets }) => targets), nontargets: all(({ nontargets }) => nontargets) };
}
