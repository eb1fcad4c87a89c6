import { ChannelMixer } from './channelMixer.js';

type ByteOrder = 'le' | 'be';

/** Layout of samples in bytes: little- or big-endian; `u8` is offset binary, as in WAV. */
export type PcmCodec =
  | 'u8'
  | `s16${ByteOrder}`
  | `s24${ByteOrder}`
  | `s32${ByteOrder}`
  | `f32${ByteOrder}`
  | `f64${ByteOrder}`
  | 'mulaw'
  | 'alaw';

export interface PcmLayout {
  readonly codec: PcmCodec;
  readonly sampleRateHz: number;
  readonly channels: number;
}

/** Reads `out.length` samples from the start of `bytes` as amplitudes in [-1, 1]. */
type Reader = (bytes: Uint8Array, out: Float32Array) => void;

const readU8: Reader = (bytes, out) => {
  for (let i = 0; i < out.length; i += 1) out[i] = (bytes[i]! - 128) / 128;
};
const readS16: Reader = (bytes, out) => {
  for (let i = 0, at = 0; i < out.length; i += 1, at += 2) {
    out[i] = (((bytes[at]! | (bytes[at + 1]! << 8)) << 16) >> 16) / 32_768;
  }
};
const readS16be: Reader = (bytes, out) => {
  for (let i = 0, at = 0; i < out.length; i += 1, at += 2) {
    out[i] = (((bytes[at + 1]! | (bytes[at]! << 8)) << 16) >> 16) / 32_768;
  }
};
const readS24: Reader = (bytes, out) => {
  for (let i = 0, at = 0; i < out.length; i += 1, at += 3) {
    out[i] = (((bytes[at]! << 8) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 24)) >> 8) / 8_388_608;
  }
};
const readS24be: Reader = (bytes, out) => {
  for (let i = 0, at = 0; i < out.length; i += 1, at += 3) {
    out[i] = (((bytes[at + 2]! << 8) | (bytes[at + 1]! << 16) | (bytes[at]! << 24)) >> 8) / 8_388_608;
  }
};
const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const readS32 =
  (isLittleEndian: boolean): Reader =>
  (bytes, out) => {
    const view = viewOf(bytes);
    for (let i = 0; i < out.length; i += 1) out[i] = view.getInt32(4 * i, isLittleEndian) / 2_147_483_648;
  };
const readF32 =
  (isLittleEndian: boolean): Reader =>
  (bytes, out) => {
    const view = viewOf(bytes);
    for (let i = 0; i < out.length; i += 1) out[i] = bounded(view.getFloat32(4 * i, isLittleEndian));
  };
const readF64 =
  (isLittleEndian: boolean): Reader =>
  (bytes, out) => {
    const view = viewOf(bytes);
    for (let i = 0; i < out.length; i += 1) out[i] = bounded(view.getFloat64(8 * i, isLittleEndian));
  };

/** Float files may hold anything: one NaN would poison the resampler for as long as its filter. */
const bounded = (value: number): number => (Number.isNaN(value) ? 0 : Math.max(-1, Math.min(1, value)));

/** ITU-T G.711 table 2a: bits inverted; sign, 3 bits of segment, 4 of step; 14-bit magnitude, bias 33 (132 at 16 bits). */
const MULAW = Float32Array.from({ length: 256 }, (_, code) => {
  const bits = ~code & 0xff;
  const magnitude = ((((bits & 0x0f) << 3) + 132) << ((bits >> 4) & 7)) - 132;
  return (bits & 0x80 ? -magnitude : magnitude) / 32_768;
});
/** ITU-T G.711 table 1a: even bits inverted (0x55); segment 0 is linear. */
const ALAW = Float32Array.from({ length: 256 }, (_, code) => {
  const bits = code ^ 0x55;
  const segment = (bits >> 4) & 7;
  const step = ((bits & 0x0f) << 4) + 8;
  const magnitude = segment === 0 ? step : (step + 256) << (segment - 1);
  return (bits & 0x80 ? magnitude : -magnitude) / 32_768;
});
const fromTable =
  (table: Float32Array): Reader =>
  (bytes, out) => {
    for (let i = 0; i < out.length; i += 1) out[i] = table[bytes[i]!]!;
  };

const CODECS: Readonly<Record<PcmCodec, { readonly sampleBytes: number; readonly read: Reader }>> = {
  u8: { sampleBytes: 1, read: readU8 },
  s16le: { sampleBytes: 2, read: readS16 },
  s16be: { sampleBytes: 2, read: readS16be },
  s24le: { sampleBytes: 3, read: readS24 },
  s24be: { sampleBytes: 3, read: readS24be },
  s32le: { sampleBytes: 4, read: readS32(true) },
  s32be: { sampleBytes: 4, read: readS32(false) },
  f32le: { sampleBytes: 4, read: readF32(true) },
  f32be: { sampleBytes: 4, read: readF32(false) },
  f64le: { sampleBytes: 8, read: readF64(true) },
  f64be: { sampleBytes: 8, read: readF64(false) },
  mulaw: { sampleBytes: 1, read: fromTable(MULAW) },
  alaw: { sampleBytes: 1, read: fromTable(ALAW) },
};

/** Bytes of one sample of every channel. */
export const blockBytesOf = (layout: PcmLayout): number => CODECS[layout.codec].sampleBytes * layout.channels;

/** Bytes to mono samples at the source's rate, whatever the cut of the bytes. */
export class PcmUnpacker {
  readonly #read: Reader;
  readonly #channels: number;
  /** The only one used, from 0; undefined: all of them. */
  readonly #channel: number | undefined;
  readonly #mixer: ChannelMixer;
  readonly #blockBytes: number;
  /** The beginning of an incomplete block. */
  readonly #carry: Uint8Array;
  #carried = 0;
  #interleaved = new Float32Array(0);

  /** @param channel the only one to use, from 0; by default all of them are mixed */
  constructor(layout: PcmLayout, channel?: number) {
    this.#read = CODECS[layout.codec].read;
    this.#mixer = new ChannelMixer(layout.channels, layout.sampleRateHz);
    this.#channels = layout.channels;
    this.#channel = channel;
    this.#blockBytes = blockBytesOf(layout);
    this.#carry = new Uint8Array(this.#blockBytes);
  }

  /** True in the middle of a block: a source that ends here was cut. */
  get hasPartialBlock(): boolean {
    return this.#carried > 0;
  }

  /** Mono samples of every block that is whole by now, channels mixed or one of them taken; shape (n,), in [-1, 1]. */
  unpack(chunk: Uint8Array): Float32Array<ArrayBuffer> {
    const bytes = this.#carried > 0 ? Buffer.concat([this.#carry.subarray(0, this.#carried), chunk]) : chunk;
    const blocks = Math.floor(bytes.length / this.#blockBytes);
    this.#carried = bytes.length - blocks * this.#blockBytes;
    this.#carry.set(bytes.subarray(blocks * this.#blockBytes));
    const mono = new Float32Array(blocks);
    if (this.#channels === 1) this.#read(bytes, mono);
    else this.#mixInto(mono, bytes);
    return mono;
  }

  #mixInto(mono: Float32Array, bytes: Uint8Array): void {
    const channels = this.#channels;
    if (this.#interleaved.length !== mono.length * channels)
      this.#interleaved = new Float32Array(mono.length * channels);
    const samples = this.#interleaved;
    this.#read(bytes, samples);
    if (this.#channel !== undefined) {
      for (let i = 0, at = this.#channel; i < mono.length; i += 1, at += channels) mono[i] = samples[at]!;
      return;
    }
    this.#mixer.mix(samples, mono);
  }
}
