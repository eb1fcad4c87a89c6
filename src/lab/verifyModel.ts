import { openRecording } from '../audio/openRecording.js';
import type { RecordingLimits } from '../core/recording.js';
import type { StorePlace } from '../core/storePlace.js';
import { WorkerCompute } from '../engine/compute/workerCompute.js';
import { modelInStore } from '../engine/models/modelInStore.js';
import type { VerificationResult } from '../evaluation/verification.js';
import { evaluateVerification } from './evaluateVerification.js';

export interface VerifyModelOptions {
  readonly manifestPath: string;
  /** Id or path; the model in use where undefined. */
  readonly model?: string | undefined;
  /** Store whose added models, calibration and model in use are available besides those of the package. */
  readonly place: StorePlace;
  /** Only the middle of each utterance; undefined: all of it. */
  readonly seconds?: number | undefined;
  readonly signal: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Utterances are held in memory; longer files are refused. */
const LIMITS: RecordingLimits = { maxBytes: 2 ** 31, maxDurationMs: 3_600_000, maxDecodeMs: 300_000 };

/** All-pairs verification with a model of this package or any other, needing no voiceprints. Throws as evaluateVerification. */
export async function verifyModel(options: VerifyModelOptions): Promise<VerificationResult> {
  const { manifestPath, model, place, seconds, signal, onProgress } = options;
  await using compute = new WorkerCompute({ model: await modelInStore(place, model) });
  return await evaluateVerification({
    manifestPath,
    seconds,
    compute,
    openRecording: (path) => openRecording({ kind: 'file', path }, LIMITS, signal),
    signal,
    onProgress,
  });
}
