import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import { guarded } from '../../core/guarded.js';
import { abortable, untilAborted } from '../../stream/abortable.js';
import type { ByteSource } from '../byteSource.js';
import { corrupt, decodeFailed } from './decodeErrors.js';
import type { WasmReply, WasmWorkerData } from './wasmDecoder.worker.js';
import { WASM_DECODERS } from './wasmDecoders.js';

const requireHere = createRequire(import.meta.url);

/** What a worker loads to decode this codec; undefined where no library does. */
export function wasmDecoderOf(container: string, codec: string | undefined): WasmWorkerData | undefined {
  const decoder = `${container}/${codec}`;
  return Object.hasOwn(WASM_DECODERS, decoder) ? { decoder } : undefined;
}

/**
 * Mono 16 kHz from a WebAssembly decoder in a worker thread. Throws AUDIO_CORRUPT where there was no sound at all.
 *
 * @returns whether the decoder met broken data
 */
export async function* decodeWithWasm(
  workerData: WasmWorkerData,
  source: ByteSource,
  container: string,
  signal: AbortSignal,
): AsyncGenerator<Float32Array, boolean> {
  // Swallowed: the decoders print what they meet, and a recording's faults are no log text.
  const worker = new Worker(requireHere.resolve('#wasm-decoder-worker'), { workerData, stdout: true, stderr: true });
  worker.stdout.resume();
  worker.stderr.resume();
  let onReply: (reply: WasmReply) => void = () => undefined;
  const ended = new Promise<undefined>((resolve) => {
    worker.on('error', () => resolve(undefined)).once('exit', () => resolve(undefined));
    worker.on(
      'message',
      guarded(
        () => resolve(undefined),
        (reply: WasmReply) => onReply(reply),
      ),
    );
  });
  let hasFailed = false;
  let hasSamples = false;
  const ask = async (chunk: Uint8Array | undefined): Promise<Float32Array> => {
    const answered = new Promise<WasmReply>((resolve) => {
      onReply = resolve;
    });
    worker.postMessage(chunk);
    const reply = await abortable(Promise.race([answered, ended]), signal);
    if (!reply) throw decodeFailed(container);
    hasFailed ||= reply.hasFailed;
    hasSamples ||= reply.samples.length > 0;
    return reply.samples;
  };
  try {
    for await (const chunk of untilAborted(source.chunks(), signal)) yield await ask(chunk);
    yield await ask(undefined);
  } finally {
    await worker.terminate();
  }
  if (!hasSamples) throw corrupt(`the ${container} recording has a header, but no audio follows`);
  return hasFailed;
}

/** Whether the decoder in this package can be loaded and started, in a thread of its own. Never rejects. */
export async function canDecode(container: string, codec: string): Promise<boolean> {
  const decoder = wasmDecoderOf(container, codec);
  if (!decoder) return false;
  const workerData: WasmWorkerData = { ...decoder, isTrial: true };
  const worker = new Worker(requireHere.resolve('#wasm-decoder-worker'), { workerData, stdout: true, stderr: true });
  const answer = new Promise<boolean>((resolve) => {
    worker.once('message', () => resolve(true));
    worker.once('error', () => resolve(false)).once('exit', () => resolve(false));
  });
  try {
    return await answer;
  } finally {
    await worker.terminate();
  }
}
