import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import type * as Ort from 'onnxruntime-node';
import { VoicePrintsError } from '../core/errors.js';
import { lazy } from '../core/lazy.js';
import type { RuntimeReport } from '../core/runtimeReport.js';
import { isMusl } from './isMusl.js';
import { runtimeRemedy } from './runtimeRemedy.js';

/** The two builds of ONNX Runtime: `native` is onnxruntime-node, `wasm` the WebAssembly build in this package. */
export const RUNTIME_KINDS = ['native', 'wasm'] as const satisfies readonly RuntimeReport['runtime'][];
export type RuntimeKind = RuntimeReport['runtime'];

/** A loaded build. Both have the same interface. */
export interface OnnxRuntime {
  readonly kind: RuntimeKind;
  /** Name of its execution provider. */
  readonly provider: 'cpu' | 'wasm';
  readonly ort: typeof Ort;
  /** Why the WebAssembly build was taken although nobody asked for it, and what to do for native speed. */
  readonly fallback?: string | undefined;
}

const require = createRequire(import.meta.url);

const native = lazy(loadNative);
const wasm = lazy(loadWasm);

/**
 * The build that VOICE_PRINTS_RUNTIME asks for; where it is not set, native if it can be loaded, else WebAssembly. One of each
 * is kept per thread. Throws CONFIG_INVALID for another value, INFERENCE_UNAVAILABLE where the build cannot be loaded.
 */
export async function openRuntime(): Promise<OnnxRuntime> {
  const wanted = wantedRuntime();
  if (wanted === 'wasm') return wasm.get();
  if (wanted === 'native') return native.get();
  try {
    return await native.get();
  } catch (error) {
    if (!(error instanceof VoicePrintsError)) throw error;
    return { ...(await wasm.get()), fallback: error.message };
  }
}

/** What VOICE_PRINTS_RUNTIME asks for; undefined where it is unset or empty. Throws CONFIG_INVALID. */
export function wantedRuntime(env: NodeJS.ProcessEnv = process.env): RuntimeKind | undefined {
  const value = env.VOICE_PRINTS_RUNTIME?.trim().toLowerCase();
  if (!value) return undefined;
  const kind = RUNTIME_KINDS.find((name) => name === value);
  if (kind) return kind;
  const message = 'VOICE_PRINTS_RUNTIME is neither native nor wasm; correct it, or unset it to let the program choose';
  throw new VoicePrintsError('CONFIG_INVALID', message);
}

/**
 * The build that `openRuntime` will take, without loading either; an installed native one that cannot be loaded is not noticed.
 * Throws CONFIG_INVALID.
 */
export function likelyRuntime(): RuntimeKind {
  return wantedRuntime() ?? (isMusl() || !isInstalled() ? 'wasm' : 'native');
}

/**
 * From 1.29 on the runtime sends telemetry, and writes a device id, unless this variable is set before it is loaded
 * (microsoft/onnxruntime#27379). It reads the environment of the process, of which a worker thread has only a copy, so the
 * main thread has to set it before the first worker starts.
 */
export function keepRuntimeSilent(): void {
  process.env.ORT_DISABLE_TELEMETRY = '1';
}

async function loadNative(): Promise<OnnxRuntime> {
  keepRuntimeSilent();
  // With a glibc emulation (gcompat) the library loads on musl, and ends the process when it runs.
  if (isMusl()) throw unavailable(cannotLoad());
  try {
    return { kind: 'native', provider: 'cpu', ort: await import('onnxruntime-node') };
  } catch (cause) {
    throw unavailable(isInstalled() ? cannotLoad() : notInstalled(), cause);
  }
}

async function loadWasm(): Promise<OnnxRuntime> {
  try {
    const ort = (await import(pathToFileURL(require.resolve('#onnxruntime-wasm')).href)) as typeof Ort;
    // Each worker thread has a network of its own: more threads per network would take the cores from each other.
    ort.env.wasm.numThreads = 1;
    return { kind: 'wasm', provider: 'wasm', ort };
  } catch (cause) {
    throw unavailable('the WebAssembly build of ONNX Runtime is damaged or missing; install this package again', cause);
  }
}

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
  return `onnxruntime-node is not installed; for native speed ${runtimeRemedy(packageRoot)}, then restart Node-RED or the program`;
};

const cannotLoad = (): string => {
  const system = `${process.platform}-${process.arch}${isMusl() ? ' with musl' : ''}`;
  return `onnxruntime-node has no program that runs here (${system}); for native speed use a system that has one (x64 or arm64, on Linux with glibc: Debian instead of Alpine)`;
};

const unavailable = (message: string, cause?: unknown): VoicePrintsError =>
  new VoicePrintsError('INFERENCE_UNAVAILABLE', message, { cause });
