// The compiled engine, set up for measurements: one thread, one model, decoding without limits that matter here.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openRecording } from '../../dist/src/audio/openRecording.js';
import { WorkerCompute } from '../../dist/src/engine/compute/workerCompute.js';
import { ModelStore } from '../../dist/src/inference/modelStore.js';

const LIMITS = { maxBytes: 2 ** 32, maxDurationMs: 24 * 3_600_000, maxDecodeMs: 3_600_000 };

export const corpusFolder =
  process.env.VOICE_PRINTS_CORPUS ?? join(fileURLToPath(new URL('../../../', import.meta.url)), 'shared/corpus');

/** The named model of the manifest, or a file; the default one for undefined. `segmentation`: id or path of one, `off`, or null for the default one. */
export async function openCompute(idOrPath, segmentation = 'off') {
  const store = await ModelStore.open();
  return new WorkerCompute({
    model: await store.resolve(idOrPath),
    segmentation: await store.resolveSegmentation(segmentation ?? undefined),
    threads: 1,
  });
}

export const openFile = (path, signal = new AbortController().signal) =>
  openRecording({ kind: 'file', path }, LIMITS, signal);
