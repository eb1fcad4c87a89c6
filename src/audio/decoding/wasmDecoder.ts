import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { guarded } from '../../core/guarded.js';
import { abortable, untilAborted } from '../../stream/abortable.js';
import type { ByteSource } from '../byteSource.js';
import { corrupt, decodeFailed } from './decodeErrors.js';
import type { WasmReply, WasmWorkerData } from './wasmDecoder.worker.js';

const requireHere = createRequire(import.meta.url);

/** The optional package for each codec, as `container/codec`. */
const PACKAGES: Readonly<Record<string, Omit<WasmWorkerData, 'moduleUrl'> & { readonly package: string }>> = {
  'flac/flac': { package: '@wasm-audio-decoders/flac', className: 'FLACDecoder' },
  'ogg/flac': { package: '@wasm-audio-decoders/flac', className: 'FLACDecoder' },
  'ogg/opus': { package: 'ogg-opus-decoder', className: 'OggOpusDecoder' },
  'mp3/mp3': { package: 'mpg123-decoder', className: 'MPEGDecoder' },
};

/** Where an installed package begins, or undefined. */
export function resolveInstalled(name: string): string | undefined {
  try {
    return requireHere.resolve(name);
  } catch {
    return undefined; // optional: not installed
  }
}

/** What a worker must load to decode this codec; undefined where no package does, or it is not installed. */
export function wasmDecoderOf(
  container: string,
  codec: string | undefined,
  resolvePackage: (name: string) => string | undefined,
): WasmWorkerData | undefined {
  const found = PACKAGES[`${container}/${codec}`];
  const file = found && resolvePackage(found.package);
  return file === undefined ? undefined : { moduleUrl: pathToFileURL(file).href, className: found!.className };
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
