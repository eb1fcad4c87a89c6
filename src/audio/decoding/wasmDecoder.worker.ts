import { parentPort, workerData } from 'node:worker_threads';
import { ENGINE_SAMPLE_RATE_HZ } from '../../core/audioFrame.js';
import { ChannelMixer } from '../samples/channelMixer.js';
import { Resampler } from '../samples/resampler.js';
import { type Decoded, WASM_DECODERS, type WasmDecoder } from './wasmDecoders.js';

/** Which decoder a worker is to load. */
export interface WasmWorkerData {
  /** A key of `WASM_DECODERS`. */
  readonly decoder: string;
  /** The only one used, from 0; undefined: all of them. */
  readonly channel?: number | undefined;
  /** Only starts the decoder, replies once and ends. */
  readonly isTrial?: boolean;
}

/** Answer to each chunk of bytes, and to `undefined`, which ends them. */
export interface WasmReply {
  /** Mono 16 kHz, shape (n,). */
  readonly samples: Float32Array<ArrayBuffer>;
  readonly hasFailed: boolean;
}

const { decoder: wanted, channel, isTrial } = workerData as WasmWorkerData;

let resampler: Resampler | undefined;
let mixer: ChannelMixer | undefined;

function toMono({ channelData, samplesDecoded, sampleRate }: Decoded): Float32Array<ArrayBuffer> {
  const only = channel === undefined ? undefined : channelData[channel];
  if (only) return only.slice(0, samplesDecoded) as Float32Array<ArrayBuffer>;
  const channels = channelData.length;
  const interleaved = new Float32Array(samplesDecoded * channels);
  channelData.forEach((samples, at) => {
    for (let i = 0; i < samplesDecoded; i += 1) interleaved[i * channels + at] = samples[i]!;
  });
  const mono = new Float32Array(samplesDecoded);
  if (samplesDecoded > 0) mixer ??= new ChannelMixer(channels, sampleRate); // known from the first samples on
  mixer?.mix(interleaved, mono);
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

const decoder = await WASM_DECODERS[wanted]!();
await decoder.ready;
if (isTrial) parentPort!.postMessage({ samples: new Float32Array(0), hasFailed: false } satisfies WasmReply);
else {
  parentPort!.on('message', (bytes: Uint8Array | undefined) => {
    answer(decoder, bytes).catch((thrown) => {
      throw thrown; // ends the thread, which is the answer
    });
  });
}
