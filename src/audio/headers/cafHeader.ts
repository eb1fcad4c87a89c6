import { channelsInvalid, corrupt, rateInvalid } from '../decoding/decodeErrors.js';
import { blockBytesOf, type PcmCodec, type PcmLayout } from '../samples/pcm.js';
import { type ReadAt, text, view } from './bytes.js';
import { MAX_CHANNELS, MAX_RATE_HZ, MIN_RATE_HZ } from './wavHeader.js';

/** A Core Audio file (Apple Core Audio Format Specification 1.0): its description, and the positions of its parts. */
export interface CafHeader {
  /** Apple's name of the codec, e.g. `lpcm`, `opus`, `aac `, `alac`. */
  readonly format: string;
  /** Of plain samples. */
  readonly layout: PcmLayout | undefined;
  readonly sampleRateHz: number;
  readonly channels: number;
  readonly framesPerPacket: number;
  /** 0 where packets differ in size. */
  readonly bytesPerPacket: number;
  readonly dataStart: number;
  /** Undefined: to the end. */
  readonly dataBytes: number | undefined;
  readonly packetTable: PacketTable | undefined;
  /** What the decoder must know ("magic cookie"). */
  readonly cookie: Uint8Array;
}

export interface PacketTable {
  /** Frames of sound, silence put before and after it by the encoder not counted. */
  readonly validFrames: number;
  readonly primingFrames: number;
  /** Sizes of the packets as numbers of 7 bits per byte, the highest first. */
  readonly sizes: Uint8Array;
}

const MAX_CHUNKS = 10_000;
const MAX_COOKIE_BYTES = 65_536;
/** About a day of packets of 20 ms. */
const MAX_TABLE_BYTES = 16_777_216;

type Chunks = ReadonlyMap<string, { readonly start: number; readonly bytes: number | undefined }>;

/** Throws AUDIO_CORRUPT, AUDIO_RATE_INVALID, AUDIO_CHANNELS_INVALID. */
export async function cafHeader(readAt: ReadAt): Promise<CafHeader> {
  const chunks = await chunksOf(readAt);
  const [desc, data] = [chunks.get('desc'), chunks.get('data')];
  const bytes = desc ? await readAt(desc.start, 32) : new Uint8Array(0);
  if (!data || bytes.length < 32) throw corrupt('the Core Audio header (CAF) ends before its data');
  const fields = view(bytes);
  const [sampleRateHz, channels] = [fields.getFloat64(0), fields.getUint32(24)];
  if (!(sampleRateHz >= MIN_RATE_HZ && sampleRateHz <= MAX_RATE_HZ)) throw rateInvalid(sampleRateHz);
  if (channels < 1 || channels > MAX_CHANNELS) throw channelsInvalid(channels);
  const format = text(bytes, 8, 12);
  const codec = pcmCodec(format, fields.getUint32(12), fields.getUint32(28));
  const layout = codec && { codec, sampleRateHz, channels };
  const bytesPerPacket = fields.getUint32(16);
  if (layout && bytesPerPacket !== blockBytesOf(layout))
    throw corrupt('the Core Audio header (CAF) contradicts itself');
  const cookie = chunks.get('kuki');
  return {
    format,
    layout,
    sampleRateHz,
    channels,
    framesPerPacket: fields.getUint32(20),
    bytesPerPacket,
    dataStart: data.start + 4, // behind the edit count
    dataBytes: data.bytes === undefined ? undefined : Math.max(0, data.bytes - 4),
    packetTable: await tableOf(readAt, chunks),
    cookie: cookie ? await readAt(cookie.start, Math.min(cookie.bytes ?? 0, MAX_COOKIE_BYTES)) : new Uint8Array(0),
  };
}

async function chunksOf(readAt: ReadAt): Promise<Chunks> {
  const chunks = new Map<string, { start: number; bytes: number | undefined }>();
  for (let at = 8, count = 0; count < MAX_CHUNKS; count += 1) {
    const head = await readAt(at, 12);
    if (head.length < 12) break;
    const size = Number(view(head).getBigInt64(4));
    const bytes = size < 0 ? undefined : size; // -1: to the end, only of data
    chunks.set(text(head, 0, 4), { start: at + 12, bytes });
    if (bytes === undefined) break;
    at += 12 + bytes;
  }
  return chunks;
}

async function tableOf(readAt: ReadAt, chunks: Chunks): Promise<PacketTable | undefined> {
  const chunk = chunks.get('pakt');
  if (chunk?.bytes === undefined || chunk.bytes < 24 || chunk.bytes > MAX_TABLE_BYTES) return undefined;
  const bytes = await readAt(chunk.start, chunk.bytes);
  if (bytes.length < 24) return undefined;
  const fields = view(bytes);
  return {
    validFrames: Number(fields.getBigInt64(8)),
    primingFrames: fields.getInt32(16),
    sizes: bytes.subarray(24),
  };
}

/** Flags of `lpcm`: 1 floating point, 2 little-endian. */
function pcmCodec(format: string, flags: number, bits: number): PcmCodec | undefined {
  if (format === 'ulaw') return 'mulaw';
  if (format === 'alaw') return 'alaw';
  if (format !== 'lpcm') return undefined;
  const order = flags & 2 ? 'le' : 'be';
  if (flags & 1) return bits === 64 ? `f64${order}` : bits === 32 ? `f32${order}` : undefined;
  return bits === 16 || bits === 24 || bits === 32 ? `s${bits}${order}` : undefined;
}
