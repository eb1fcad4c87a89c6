import { readFile } from 'node:fs/promises';
import type * as Ort from 'onnxruntime-node';
import { VoicePrintsError } from '../core/errors.js';
import { openRuntime } from './onnxRuntime.js';

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

/**
 * One thread per session: the pool has one session per core, which is most efficient. Without memory patterns: they keep a plan of
 * each shape of input, and take the room of a whole run in one block, which is 30 MB more and no faster.
 */
const SESSION_OPTIONS = {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: 'sequential',
  graphOptimizationLevel: 'all',
  enableMemPattern: false,
} as const;

/** Loads a network from a file. Throws INFERENCE_UNAVAILABLE without a runtime, MODEL_INVALID for an unusable file, CONFIG_INVALID. */
export async function openOnnxSession(path: string): Promise<OnnxSession> {
  const { ort, provider } = await openRuntime();
  let session: Ort.InferenceSession;
  try {
    const options = { ...SESSION_OPTIONS, executionProviders: [provider] };
    session = await ort.InferenceSession.create(await readFile(path), options);
  } catch (cause) {
    const problem = 'the runtime cannot load the model; check that the file is a complete ONNX model';
    throw new VoicePrintsError('MODEL_INVALID', problem, { cause });
  }
  return new OrtSession(ort, session);
}

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
