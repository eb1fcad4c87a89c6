import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { pathToFileURL } from 'node:url';
import type { SampleSpan } from '../../core/audioFrame.js';
import type { RuntimeReport } from '../../core/runtimeReport.js';
import type { VoicesInput, VoicesResult } from '../../identity/resolveVoices.js';
import { likelyRuntime } from '../../inference/onnxRuntime.js';
import type { SegmentationModel } from '../../inference/segmentationModel.js';
import type { SpeakerModel } from '../../inference/speakerModel.js';
import { WorkerPool } from '../../inference/workerPool.js';
import type { SpeechQuality } from '../../speech/quality.js';
import type { Compute, LiveBlock, SpeechAudio, VadState } from './compute.js';
import type { ComputeTask, ComputeWorkerData } from './computeTask.js';

const require = createRequire(import.meta.url);

export interface WorkerComputeOptions {
  readonly model: SpeakerModel;
  readonly segmentation?: SegmentationModel | undefined;
  /** Threads for the networks; by default one less than the cores, at least 1, at most 4. */
  readonly threads?: number | undefined;
}

/** Most windows in one task: about a third of a second of work, so that threads share and an abort is soon felt. */
const TASK_WINDOWS = 64;

/** Worker threads of this process, started with the first call. */
export class WorkerCompute implements Compute {
  readonly model: SpeakerModel;
  readonly segmentation: SegmentationModel | undefined;
  readonly threads: number;
  readonly #pool: WorkerPool;

  constructor({ model, segmentation, threads }: WorkerComputeOptions) {
    this.model = model;
    this.segmentation = segmentation;
    this.threads = threads ?? Math.min(4, Math.max(1, availableParallelism() - 1));
    const workerData: ComputeWorkerData = { model, segmentation, vadPath: require.resolve('#silero-vad') };
    const filename = pathToFileURL(require.resolve('#compute-worker')).href;
    this.#pool = new WorkerPool({ filename, threads: this.threads, workerData });
  }

  get runtime(): RuntimeReport['runtime'] {
    return likelyRuntime();
  }

  detectSpeech(
    samples: Float32Array<ArrayBuffer>,
    state: VadState | undefined,
    signal: AbortSignal,
  ): Promise<{ readonly probabilities: Float32Array<ArrayBuffer>; readonly state: VadState }> {
    return this.#run({ kind: 'detectSpeech', samples, state }, buffersOf([samples]), signal);
  }

  detectSpeechIn(
    blocks: readonly LiveBlock[],
    signal: AbortSignal,
  ): Promise<readonly { readonly probabilities: Float32Array<ArrayBuffer>; readonly state: VadState }[]> {
    return this.#run({ kind: 'detectSpeechIn', blocks }, buffersOf(blocks.map(({ samples }) => samples)), signal);
  }

  localVoices(samples: Float32Array<ArrayBuffer>, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
    return this.#run({ kind: 'localVoices', samples }, buffersOf([samples]), signal);
  }

  async embed(spans: readonly SpeechAudio[], signal: AbortSignal): Promise<readonly Float32Array<ArrayBuffer>[]> {
    const tasks = tasksOf(spans);
    const results = new Array<readonly Float32Array<ArrayBuffer>[]>(tasks.length);
    let next = 0;
    // As many lanes as threads: after an abort or a failure nothing further is posted.
    const lane = async (): Promise<void> => {
      for (let at = next++; at < tasks.length; at = next++) {
        const part = tasks[at]!;
        const buffers = buffersOf(part.map(({ samples }) => samples));
        results[at] = await this.#run({ kind: 'embed', spans: part }, buffers, signal);
      }
    };
    await Promise.all(Array.from({ length: Math.min(this.threads, tasks.length) }, lane));
    return results.flat();
  }

  measureQuality(
    samples: Float32Array<ArrayBuffer>,
    speech: readonly SampleSpan[],
    signal: AbortSignal,
  ): Promise<SpeechQuality> {
    return this.#run({ kind: 'measureQuality', samples, speech }, buffersOf([samples]), signal);
  }

  async tryModels(signal: AbortSignal): Promise<RuntimeReport> {
    const found = await this.#run<Omit<RuntimeReport, 'threads'>>({ kind: 'tryModels' }, [], signal);
    return { ...found, threads: this.threads };
  }

  resolveVoices(input: VoicesInput, signal: AbortSignal): Promise<VoicesResult> {
    return this.#run({ kind: 'resolveVoices', input }, [], signal);
  }

  #run<R>(task: ComputeTask, transfer: readonly ArrayBuffer[], signal: AbortSignal): Promise<R> {
    return this.#pool.run<ComputeTask, R>(task, transfer, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool[Symbol.asyncDispose]();
  }
}

/** Spans in order, cut into tasks of about TASK_WINDOWS windows. */
function tasksOf(spans: readonly SpeechAudio[]): SpeechAudio[][] {
  const tasks: SpeechAudio[][] = [];
  let windows = TASK_WINDOWS;
  for (const span of spans) {
    if (windows >= TASK_WINDOWS) {
      tasks.push([]);
      windows = 0;
    }
    tasks.at(-1)!.push(span);
    windows += span.windows.length;
  }
  return tasks;
}

/** Buffers that can be given away whole: those the array fills. Two spans on one buffer give it away once. */
function buffersOf(arrays: readonly Float32Array<ArrayBuffer>[]): ArrayBuffer[] {
  const whole = arrays.filter((array) => array.byteLength === array.buffer.byteLength).map(({ buffer }) => buffer);
  return [...new Set(whole)];
}
