import { parentPort, workerData } from 'node:worker_threads';
import { ENGINE_SAMPLE_RATE_HZ } from '../../core/audioFrame.js';
import { Resampler } from '../samples/resampler.js';

/** Which decoder a worker is to load. */
export interface WasmWorkerData {
  readonly moduleUrl: string;
  readonly className: 'FLACDecoder' | 'OggOpusDecoder' | 'MPEGDecoder';
  /** The only one that counts; undefined: all of them. */
  readonly channel?: number | undefined;
}

/** Answer to each chunk of bytes, and to `undefined`, which ends them. */
export interface WasmReply {
  /** Mono 16 kHz, shape (n,). */
  readonly samples: Float32Array<ArrayBuffer>;
  readonly hasFailed: boolean;
}

interface Decoded {
  readonly channelData: readonly Float32Array[];
  readonly samplesDecoded: number;
  readonly sampleRate: number;
  readonly errors: readonly unknown[];
}

/** What the three packages have in common. */
interface WasmDecoder {
  readonly ready: Promise<void>;
  decode(bytes: Uint8Array): Decoded | Promise<Decoded>;
  flush?(): Decoded | Promise<Decoded>;
}

const { moduleUrl, className, channel } = workerData as WasmWorkerData;

let resampler: Resampler | undefined;

function toMono({ channelData, samplesDecoded }: Decoded): Float32Array<ArrayBuffer> {
  const only = channel === undefined ? undefined : channelData[channel];
  if (only) return only.slice(0, samplesDecoded) as Float32Array<ArrayBuffer>;
  const mono = new Float32Array(samplesDecoded);
  for (const channel of channelData) for (let i = 0; i < mono.length; i += 1) mono[i]! += channel[i]!;
  for (let i = 0; i < mono.length; i += 1) mono[i]! /= channelData.length;
  return mono;
}

function toEngineRate(decoded: Decoded, isLast: boolean): Float32Array<ArrayBuffer> {
  const mono = toMono(decoded);
  if (decoded.sampleRate === ENGINE_SAMPLE_RATE_HZ) return mono;
  if (mono.length > 0) resampler ??= new Resampler(decoded.sampleRate); // the rate is known from the first samples on
  const pieces = resampler ? [...resampler.push(mono)] : [];
  if (resampler && isLast) pieces.push(resampler.flush());
  const samples = new Float32Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    samples.set(piece, at);
    at += piece.length;
  }
  return samples;
}

const NOTHING: Decoded = { channelData: [], samplesDecoded: 0, sampleRate: 0, errors: [] };

async function answer(decoder: WasmDecoder, bytes: Uint8Array | undefined): Promise<void> {
  const decoded = bytes ? await decoder.decode(bytes) : ((await decoder.flush?.()) ?? NOTHING);
  const samples = toEngineRate(decoded, bytes === undefined);
  const reply: WasmReply = { samples, hasFailed: decoded.errors.length > 0 };
  parentPort!.postMessage(reply, [samples.buffer]);
}

const module = (await import(moduleUrl)) as Record<WasmWorkerData['className'], new () => WasmDecoder>;
const decoder = new module[className]();
await decoder.ready;
parentPort!.on('message', (bytes: Uint8Array | undefined) => {
  answer(decoder, bytes).catch((thrown) => {
    throw thrown; // ends the thread, which is the answer
  });
});
