import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import type * as Ort from 'onnxruntime-node';
import { VoicePrintsError } from '../core/errors.js';
import { runtimeRemedy } from './runtimeRemedy.js';

/** A tensor as plain data: row-major values and their shape. */
export interface TensorData {
  readonly data: Float32Array | BigInt64Array;
  readonly shape: readonly number[];
}

/** One loaded network. `run` blocks its thread: only worker threads load networks. */
export interface OnnxSession {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  /** Runs the network once. The arrays of the result belong to the caller. Throws INFERENCE_FAILED. */
  run(inputs: Readonly<Record<string, TensorData>>): Promise<Readonly<Record<string, Float32Array<ArrayBuffer>>>>;
}

/** One thread per session: the pool has one session per core, which is most efficient. */
const SESSION_OPTIONS = {
  executionProviders: ['cpu'],
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: 'sequential',
  graphOptimizationLevel: 'all',
} as const;

/** Loads a network from a file. Throws INFERENCE_UNAVAILABLE without a runtime, MODEL_INVALID for an unusable file. */
export async function openOnnxSession(path: string): Promise<OnnxSession> {
  const ort = await loadRuntime();
  let session: Ort.InferenceSession;
  try {
    session = await ort.InferenceSession.create(path, SESSION_OPTIONS);
  } catch (cause) {
    const problem = 'the runtime cannot load the model; check that the file is a complete ONNX model';
    throw new VoicePrintsError('MODEL_INVALID', problem, { cause });
  }
  return new OrtSession(ort, session);
}

/**
 * From 1.29 on the runtime sends telemetry, and writes a device id, unless this variable is set before it is loaded
 * (microsoft/onnxruntime#27379). It reads the environment of the process, of which a worker thread has only a copy, so the
 * main thread has to set it before the first worker starts.
 */
export function keepRuntimeSilent(): void {
  process.env.ORT_DISABLE_TELEMETRY = '1';
}

async function loadRuntime(): Promise<typeof Ort> {
  keepRuntimeSilent();
  try {
    return await import('onnxruntime-node');
  } catch (cause) {
    throw new VoicePrintsError('INFERENCE_UNAVAILABLE', isInstalled() ? cannotLoad() : notInstalled(), { cause });
  }
}

const require = createRequire(import.meta.url);

function isInstalled(): boolean {
  try {
    require.resolve('onnxruntime-node/package.json');
    return true;
  } catch {
    return false;
  }
}

const notInstalled = (): string => {
  const packageRoot = dirname(require.resolve('@voice-prints/node-red/package.json'));
  return `ONNX Runtime was left out when this package was installed; ${runtimeRemedy(packageRoot)}`;
};

const cannotLoad = (): string =>
  `ONNX Runtime has no program that runs here (${process.platform}-${process.arch}); use a machine or image with one (x64 or arm64; on Linux with glibc: Alpine has none)`;

class OrtSession implements OnnxSession {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  readonly #ort: typeof Ort;
  readonly #session: Ort.InferenceSession;

  constructor(ort: typeof Ort, session: Ort.InferenceSession) {
    this.#ort = ort;
    this.#session = session;
    this.inputNames = session.inputNames;
    this.outputNames = session.outputNames;
  }

  async run(inputs: Readonly<Record<string, TensorData>>): Promise<Record<string, Float32Array<ArrayBuffer>>> {
    const feeds: Record<string, Ort.Tensor> = {};
    for (const [name, { data, shape }] of Object.entries(inputs)) feeds[name] = this.#tensor(data, shape);
    let results: Ort.InferenceSession.OnnxValueMapType;
    try {
      results = await this.#session.run(feeds);
    } catch (cause) {
      throw new VoicePrintsError('INFERENCE_FAILED', 'the model failed on its input; see the cause in the log', {
        cause,
      });
    }
    const outputs: Record<string, Float32Array<ArrayBuffer>> = {};
    for (const [name, value] of Object.entries(results)) {
      if (value.data instanceof Float32Array) outputs[name] = value.data as Float32Array<ArrayBuffer>;
    }
    return outputs;
  }

  #tensor(data: TensorData['data'], shape: readonly number[]): Ort.Tensor {
    return data instanceof Float32Array
      ? new this.#ort.Tensor('float32', data, shape)
      : new this.#ort.Tensor('int64', data, shape);
  }
}
