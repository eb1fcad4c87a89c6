import { channelsInvalid, corrupt, rateInvalid } from '../decoding/decodeErrors.js';
import { blockBytesOf, type PcmCodec, type PcmLayout } from '../samples/pcm.js';
import { type ReadAt, text, view } from './bytes.js';

export const MIN_RATE_HZ = 4_000;
export const MAX_RATE_HZ = 192_000;
export const MAX_CHANNELS = 32;

const MAX_CHUNKS = 10_000;

export interface WavHeader {
  /** Undefined where the samples are compressed (ADPCM, GSM …): then a decoder must help. */
  readonly layout: PcmLayout | undefined;
  readonly sampleRateHz: number;
  readonly channels: number;
  readonly dataStart: number;
  /** Undefined where the writer could not say (a stream): then the data reach to the end. */
  readonly dataBytes: number | undefined;
}

interface FormatChunk {
  readonly tag: number;
  readonly channels: number;
  readonly sampleRateHz: number;
  readonly blockBytes: number;
  readonly bits: number;
}

/** Sizes from here on are what streaming writers put where they know none (0xFFFFFFFF; sox: a little less than 2^31). */
const PLACEHOLDER_BYTES = 0x7fff_0000;

/** Reads RIFF, RF64 and BW64 headers. Throws AUDIO_CORRUPT, AUDIO_RATE_INVALID, AUDIO_CHANNELS_INVALID. */
export async function wavHeader(readAt: ReadAt, totalBytes: number | undefined): Promise<WavHeader> {
  const parsing = parseHeader(totalBytes);
  let step = parsing.next();
  while (!step.done) step = parsing.next(await readAt(step.value.at, step.value.length));
  return step.value;
}

/** The same for bytes at hand that begin with the header; more samples may follow elsewhere. */
export function wavHeaderOf(bytes: Uint8Array): WavHeader {
  const parsing = parseHeader(bytes.length);
  let step = parsing.next();
  while (!step.done) step = parsing.next(bytes.subarray(step.value.at, step.value.at + step.value.length));
  return step.value;
}

/** Asks for the bytes it needs, wherever they are. */
interface Wanted {
  readonly at: number;
  readonly length: number;
}

function* parseHeader(totalBytes: number | undefined): Generator<Wanted, WavHeader, Uint8Array> {
  let format: FormatChunk | undefined;
  let longDataBytes: number | undefined; // of ds64
  for (let at = 12, chunks = 0; ; chunks += 1) {
    const head = yield { at, length: 8 };
    if (head.length < 8 || chunks === MAX_CHUNKS) throw corrupt('the WAV header ends before its data');
    const id = text(head, 0, 4);
    const bytes = view(head).getUint32(4, true);
    if (id === 'data') {
      if (!format) throw corrupt('the WAV data come before their format');
      const riffEnd = 8 + view(yield { at: 4, length: 4 }).getUint32(0, true);
      const dataBytes = longDataBytes ?? declaredBytes(bytes, at + 8, riffEnd, totalBytes);
      return describe(format, at + 8, dataBytes);
    }
    if (id === 'fmt ') format = parseFormat(yield { at: at + 8, length: Math.min(bytes, 40) });
    if (id === 'ds64') longDataBytes = parseLongSize(yield { at: at + 8, length: Math.min(bytes, 16) });
    at += 8 + bytes + (bytes % 2); // chunks are padded to even lengths
  }
}

/** A size of 0 is an unknown one unless the file itself says that it ends there, or that other chunks follow. */
function declaredBytes(bytes: number, dataStart: number, riffEnd: number, totalBytes: number | undefined) {
  if (bytes >= PLACEHOLDER_BYTES && bytes !== (totalBytes ?? 0) - dataStart) return undefined;
  if (bytes === 0 && riffEnd <= dataStart) return undefined;
  if (bytes === 0 && riffEnd >= PLACEHOLDER_BYTES) return undefined;
  return bytes;
}

function parseFormat(chunk: Uint8Array): FormatChunk {
  if (chunk.length < 16) throw corrupt('the format in the WAV header is too short');
  const fields = view(chunk);
  const tag = fields.getUint16(0, true);
  const isExtensible = tag === 0xfffe && chunk.length >= 26;
  return {
    tag: isExtensible ? fields.getUint16(24, true) : tag, // the first two bytes of the sub-format's GUID
    channels: fields.getUint16(2, true),
    sampleRateHz: fields.getUint32(4, true),
    blockBytes: fields.getUint16(12, true),
    bits: fields.getUint16(14, true),
  };
}

/** EBU Tech 3306: sizes of RIFF and data as 64-bit numbers. 0 and all ones: unknown. */
function parseLongSize(chunk: Uint8Array): number | undefined {
  if (chunk.length < 16) throw corrupt('the ds64 chunk in the RF64 header is too short');
  const bytes = view(chunk).getBigUint64(8, true);
  return bytes === 0n || bytes > BigInt(Number.MAX_SAFE_INTEGER) ? undefined : Number(bytes);
}

function describe(format: FormatChunk, dataStart: number, dataBytes: number | undefined): WavHeader {
  const { channels, sampleRateHz } = format;
  if (sampleRateHz < MIN_RATE_HZ || sampleRateHz > MAX_RATE_HZ) throw rateInvalid(sampleRateHz);
  if (channels < 1 || channels > MAX_CHANNELS) throw channelsInvalid(channels);
  const codec = pcmCodec(format);
  const layout = codec && { codec, sampleRateHz, channels };
  if (layout && format.blockBytes !== blockBytesOf(layout)) {
    throw corrupt('the WAV header contradicts itself (bytes per block, channels and bits per sample)');
  }
  return { layout, sampleRateHz, channels, dataStart, dataBytes };
}

/** Format tags of mmreg.h: 1 PCM, 3 IEEE float, 6 A-law, 7 mu-law. */
function pcmCodec({ tag, bits, blockBytes, channels }: FormatChunk): PcmCodec | undefined {
  const sampleBytes = blockBytes / channels;
  if (tag === 6) return 'alaw';
  if (tag === 7) return 'mulaw';
  if (tag === 3) return bits === 64 ? 'f64le' : bits === 32 ? 'f32le' : unsupportedBits(bits);
  if (tag !== 1) return undefined;
  // 24 bits in 4 bytes lie at the upper end, as do odd numbers of bits in general (RIFF specification, 1991).
  const bytes = sampleBytes === 4 && bits > 16 ? 4 : Math.ceil(bits / 8);
  return ([undefined, 'u8', 's16le', 's24le', 's32le'] as const)[bytes] ?? unsupportedBits(bits);
}

function unsupportedBits(bits: number): never {
  throw corrupt(`the WAV header names ${bits} bits a sample, which no WAV has`);
}
