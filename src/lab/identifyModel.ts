import { openRecording } from '../audio/openRecording.js';
import type { RecordingLimits } from '../core/recording.js';
import type { StorePlace } from '../core/storePlace.js';
import { WorkerCompute } from '../engine/compute/workerCompute.js';
import { modelInStore } from '../engine/models/modelInStore.js';
import { evaluateIdentification, type IdentificationResult } from './evaluateIdentification.js';

export interface IdentifyModelOptions {
  readonly manifestPath: string;
  /** Id or path; the model in use where undefined. */
  readonly model?: string | undefined;
  /** Store whose added models and calibration are available besides those of the package. */
  readonly place: StorePlace;
  readonly gallery?: number | undefined;
  readonly seconds?: number | undefined;
  readonly signal: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Utterances are held in memory; longer files are refused. */
const LIMITS: RecordingLimits = { maxBytes: 2 ** 31, maxDurationMs: 3_600_000, maxDecodeMs: 300_000 };

/** Open-set identification with a model of this package or any other, needing no voiceprints. Throws as evaluateIdentification. */
export async function identifyModel(options: IdentifyModelOptions): Promise<IdentificationResult> {
  const { model, place, signal } = options;
  await using compute = new WorkerCompute({ model: await modelInStore(place, model) });
  return await evaluateIdentification({
    ...options,
    compute,
    openRecording: (path) => openRecording({ kind: 'file', path }, LIMITS, signal),
  });
}
