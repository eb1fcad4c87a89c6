import { channelsInvalid, corrupt, rateInvalid } from '../decoding/decodeErrors.js';
import { blockBytesOf, type PcmCodec, type PcmLayout } from '../samples/pcm.js';
import { find, type ReadAt, text, view } from './bytes.js';

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
  /** Undefined where the writer did not know it (a stream): then the data reach to the end. */
  readonly dataBytes: number | undefined;
}

export interface FormatChunk {
  readonly tag: number;
  readonly channels: number;
  readonly sampleRateHz: number;
  readonly blockBytes: number;
  readonly bits: number;
}

/** Sizes from here on are what streaming writers put where they know none (0xFFFFFFFF; sox: a little less than 2^31). */
const PLACEHOLDER_BYTES = 0x7fff_0000;
/** Where a chunk's size is wrong, its successors are looked for this far. */
const SEARCH_BYTES = 65_536;

/** Chunks that are seen in WAV files. */
const CHUNK_IDS =
  /^(?:fmt |data|fact|LIST|INFO|JUNK|junk|PAD |FLLR|bext|iXML|aXML|axml|chna|cart|cue |plst|smpl|inst|acid|afsp|id3 |ID3 |DISP|PEAK|levl|link|_PMX|wavl|slnt|labl|note|ltxt|regn|minf|elm1|umid|SAUR|ds64|r64m|cupm|strc|bwz |tmcd)$/;

/** Whether these bytes begin a chunk of a known kind. */
export const isChunkId = (bytes: Uint8Array, at = 0): boolean => CHUNK_IDS.test(text(bytes, at, at + 4));

/** Whether these bytes begin a WAV file. */
export const isWavStart = (bytes: Uint8Array): boolean =>
  /^(?:RIFF|RIFX|RF64|BW64)$/.test(text(bytes, 0, 4)) && text(bytes, 8, 12) === 'WAVE';

/** Reads RIFF, RIFX, RF64 and BW64 headers. Throws AUDIO_CORRUPT, AUDIO_RATE_INVALID, AUDIO_CHANNELS_INVALID. */
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
type Parsing<T> = Generator<Wanted, T, Uint8Array>;

function* parseHeader(totalBytes: number | undefined): Parsing<WavHeader> {
  const isLittleEndian = text(yield { at: 0, length: 4 }, 0, 4) !== 'RIFX';
  let format: FormatChunk | undefined;
  let longDataBytes: number | undefined; // of ds64
  for (let at = 12, chunks = 0; ; chunks += 1) {
    const head = yield { at, length: 8 };
    if (head.length < 8 || chunks === MAX_CHUNKS) return yield* searchHeader(isLittleEndian, totalBytes);
    const id = text(head, 0, 4);
    const bytes = view(head).getUint32(4, isLittleEndian);
    if (id === 'data') {
      if (!format) throw corrupt('the WAV data come before their format');
      return wavOf(
        format,
        { start: at + 8, bytes: longDataBytes ?? declaredBytes(bytes, at + 8, totalBytes) },
        isLittleEndian,
      );
    }
    if (id === 'fmt ') format = parseFormat(yield { at: at + 8, length: Math.min(bytes, 40) }, isLittleEndian);
    if (id === 'ds64') longDataBytes = parseLongSize(yield { at: at + 8, length: Math.min(bytes, 16) });
    at += 8 + bytes;
    if (bytes % 2 === 1 && (yield* isPadded(at))) at += 1;
  }
}

/** Chunks are padded to even lengths, which some writers forget. */
function* isPadded(at: number): Parsing<boolean> {
  const next = yield { at, length: 5 };
  return isChunkId(next, 1) || !isChunkId(next);
}

/** Format and data by their names, where the size of a chunk before them is wrong. */
function* searchHeader(isLittleEndian: boolean, totalBytes: number | undefined): Parsing<WavHeader> {
  const bytes = yield { at: 12, length: SEARCH_BYTES };
  const [format, data] = [find(bytes, 'fmt '), find(bytes, 'data')];
  if (format < 0 || data < 0 || bytes.length < data + 8) throw corrupt('the WAV header ends before its data');
  const start = 12 + data + 8;
  const size = declaredBytes(view(bytes).getUint32(data + 4, isLittleEndian), start, totalBytes);
  return wavOf(
    parseFormat(bytes.subarray(format + 8, format + 48), isLittleEndian),
    { start, bytes: size },
    isLittleEndian,
  );
}

function declaredBytes(bytes: number, dataStart: number, totalBytes: number | undefined): number | undefined {
  return bytes >= PLACEHOLDER_BYTES && bytes !== (totalBytes ?? 0) - dataStart ? undefined : bytes;
}

/** The content of a format chunk (WAVEFORMATEX). Throws AUDIO_CORRUPT. */
export function parseFormat(chunk: Uint8Array, isLittleEndian: boolean): FormatChunk {
  if (chunk.length < 16) throw corrupt('the format in the WAV header is too short');
  const fields = view(chunk);
  const tag = fields.getUint16(0, isLittleEndian);
  const isExtensible = tag === 0xfffe && chunk.length >= 26;
  return {
    tag: isExtensible ? fields.getUint16(24, isLittleEndian) : tag, // the first two bytes of the sub-format's GUID
    channels: fields.getUint16(2, isLittleEndian),
    sampleRateHz: fields.getUint32(4, isLittleEndian),
    blockBytes: fields.getUint16(12, isLittleEndian),
    bits: fields.getUint16(14, isLittleEndian),
  };
}

/** EBU Tech 3306: sizes of RIFF and data as 64-bit numbers. 0 and all ones: unknown. */
function parseLongSize(chunk: Uint8Array): number | undefined {
  if (chunk.length < 16) throw corrupt('the ds64 chunk in the RF64 header is too short');
  const bytes = view(chunk).getBigUint64(8, true);
  return bytes === 0n || bytes > BigInt(Number.MAX_SAFE_INTEGER) ? undefined : Number(bytes);
}

/** Throws AUDIO_RATE_INVALID, AUDIO_CHANNELS_INVALID, AUDIO_CORRUPT. */
export function wavOf(
  format: FormatChunk,
  data: { readonly start: number; readonly bytes: number | undefined },
  isLittleEndian: boolean,
): WavHeader {
  const { channels, sampleRateHz } = format;
  if (sampleRateHz < MIN_RATE_HZ || sampleRateHz > MAX_RATE_HZ) throw rateInvalid(sampleRateHz);
  if (channels < 1 || channels > MAX_CHANNELS) throw channelsInvalid(channels);
  const littleEndian = pcmCodec(format);
  const codec = isLittleEndian ? littleEndian : (littleEndian?.replace(/le$/, 'be') as PcmCodec | undefined);
  const layout = codec && { codec, sampleRateHz, channels };
  if (layout && format.blockBytes !== blockBytesOf(layout)) {
    throw corrupt('the WAV header contradicts itself (bytes per block, channels and bits per sample)');
  }
  return { layout, sampleRateHz, channels, dataStart: data.start, dataBytes: data.bytes };
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
  throw corrupt(`the WAV header names ${bits} bits per sample, which no WAV has`);
}
