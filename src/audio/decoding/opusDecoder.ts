/** What we use of the package `opus-decoder`: libopus in WebAssembly, about .1 ms per packet. */
interface WasmDecoder {
  readonly ready: Promise<void>;
  decodeFrame(packet: Uint8Array): {
    readonly channelData: readonly Float32Array[];
    readonly samplesDecoded: number;
    readonly errors: readonly unknown[];
  };
  free(): void;
}
type WasmDecoderClass = new (options: {
  readonly sampleRate: 16000;
  readonly channels: 1;
  readonly preSkip: 0;
}) => WasmDecoder;

/** RFC 6716, 3.4: the longest frame, and the longest packet in tenths of a millisecond. */
const MOST_FRAME_BYTES = 1_275;
const MOST_PACKET_DECIMS = 1_200;
/** What the library has room for; past it, it throws. Longer packets are decoded frame by frame. */
const MOST_AT_ONCE_BYTES = 3_840;

/** Opus packets from outside, decoded one after the other: one decoder per stream, since it remembers what came before. */
export class OpusDecoder implements Disposable {
  readonly #decoder: WasmDecoder;

  private constructor(decoder: WasmDecoder) {
    this.#decoder = decoder;
  }

  static async open(): Promise<OpusDecoder> {
    const { OpusDecoder: Wasm } = (await import('opus-decoder')) as unknown as { OpusDecoder: WasmDecoderClass };
    const decoder = new Wasm({ sampleRate: 16000, channels: 1, preSkip: 0 });
    await decoder.ready;
    return new OpusDecoder(decoder);
  }

  /**
   * One packet, up to 120 ms, as mono samples in [-1, 1] at 16 kHz; undefined where the bytes are no Opus packet. Never
   * throws: the next packet may be good again.
   */
  decode(packet: Uint8Array): Float32Array | undefined {
    // Looked at first: the library prints a line for every malformed packet, which would let a caller fill the log.
    const frames = framesOf(packet);
    if (frames === undefined) return undefined;
    if (packet.length <= MOST_AT_ONCE_BYTES) return this.#decode(packet);
    const parts: Float32Array[] = [];
    for (const frame of frames) {
      const part = this.#decode(Buffer.concat([Buffer.of(packet[0]! & 0xfc), frame]));
      if (part === undefined) return undefined;
      parts.push(part);
    }
    return joined(parts);
  }

  #decode(packet: Uint8Array): Float32Array | undefined {
    try {
      const { channelData, samplesDecoded, errors } = this.#decoder.decodeFrame(packet);
      if (errors.length > 0 || samplesDecoded === 0) return undefined;
      return channelData[0]!.subarray(0, samplesDecoded);
    } catch {
      return undefined;
    }
  }

  [Symbol.dispose](): void {
    this.#decoder.free();
  }
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const samples = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    samples.set(part, at);
    at += part.length;
  }
  return samples;
}

/** Length of one frame by the configuration in the first byte, in tenths of a millisecond (RFC 6716, table 2). */
function frameDecims(configuration: number): number {
  if (configuration < 12) return [100, 200, 400, 600][configuration % 4]!;
  if (configuration < 16) return [100, 200][configuration % 2]!;
  return [25, 50, 100, 200][configuration % 4]!;
}

/** The frames of a packet by the rules of RFC 6716, 3.4; undefined where it breaks one. */
function framesOf(packet: Uint8Array): Uint8Array[] | undefined {
  if (packet.length === 0) return undefined;
  const [configuration, code] = [packet[0]! >> 3, packet[0]! & 3];
  const frames = code === 3 ? manyFrames(packet, frameDecims(configuration)) : oneOrTwoFrames(packet, code);
  return frames?.every(({ length }) => length <= MOST_FRAME_BYTES) ? frames : undefined;
}

function oneOrTwoFrames(packet: Uint8Array, code: number): Uint8Array[] | undefined {
  const data = packet.subarray(1);
  if (code === 0) return [data];
  if (code === 1) {
    const half = data.length / 2;
    return Number.isInteger(half) ? [data.subarray(0, half), data.subarray(half)] : undefined;
  }
  const first = lengthAt(data, 0);
  if (first === undefined || first.end + first.length > data.length) return undefined;
  const cut = first.end + first.length;
  return [data.subarray(first.end, cut), data.subarray(cut)];
}

/** Code 3: a count, perhaps padding, and frames of one length or of lengths that are given. */
function manyFrames(packet: Uint8Array, decims: number): Uint8Array[] | undefined {
  if (packet.length < 2) return undefined;
  const count = packet[1]! & 0x3f;
  if (count === 0 || count * decims > MOST_PACKET_DECIMS) return undefined;
  const isVariable = (packet[1]! & 0x80) !== 0;
  let at = 2;
  let end = packet.length;
  for (let isPadded = (packet[1]! & 0x40) !== 0; isPadded; at += 1) {
    const size = packet[at];
    if (size === undefined) return undefined;
    end -= size === 255 ? 254 : size;
    isPadded = size === 255;
  }
  const lengths: number[] = [];
  for (let i = 1; isVariable && i < count; i += 1) {
    const next = lengthAt(packet, at);
    if (next === undefined) return undefined;
    lengths.push(next.length);
    at = next.end;
  }
  if (end < at) return undefined;
  if (isVariable) lengths.push(end - at - lengths.reduce((sum, length) => sum + length, 0));
  else lengths.push(...Array<number>(count).fill((end - at) / count));
  if (!lengths.every((length) => Number.isInteger(length) && length >= 0)) return undefined;
  return lengths.map((length) => {
    at += length;
    return packet.subarray(at - length, at);
  });
}

/** A frame's length in one or two bytes (RFC 6716, 3.2.1), and where they end. */
function lengthAt(bytes: Uint8Array, at: number): { readonly length: number; readonly end: number } | undefined {
  const first = bytes[at];
  if (first === undefined || first < 252) return first === undefined ? undefined : { length: first, end: at + 1 };
  const second = bytes[at + 1];
  return second === undefined ? undefined : { length: first + 4 * second, end: at + 2 };
}
