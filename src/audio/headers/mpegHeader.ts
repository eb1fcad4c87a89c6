import { type ReadAt, text, view } from './bytes.js';

export interface MpegHeader {
  readonly codec: 'mp1' | 'mp2' | 'mp3' | 'aac';
  readonly sampleRateHz: number;
  readonly channels: number;
  /** From a Xing, Info or VBRI frame; undefined where there is none. */
  readonly durationMs: number | undefined;
}

interface FrameHeader {
  readonly codec: MpegHeader['codec'];
  readonly isVersion1: boolean;
  readonly sampleRateHz: number;
  readonly channels: number;
  readonly frameBytes: number;
  readonly frameSamples: number;
}

/** How far after the start or a tag the first frame may stand: streams are joined in the middle of a frame. */
const SEARCH_BYTES = 4_096;

const MAX_TAGS = 16;

/** Length of the ID3v2 tags at the start, 0 where there are none. */
export async function id3Bytes(readAt: ReadAt): Promise<number> {
  for (let at = 0, tags = 0; ; tags += 1) {
    const head = await readAt(at, 10);
    if (head.length < 10 || tags === MAX_TAGS || text(head, 0, 3) !== 'ID3') return at;
    const footer = head[5]! & 0x10 ? 10 : 0;
    at += 10 + footer + ((head[6]! << 21) | (head[7]! << 14) | (head[8]! << 7) | head[9]!);
  }
}

/**
 * The first of three MPEG audio or ADTS frames in a row; undefined where there are none. Fewer suffice where the bytes end, unless
 * all of them are required.
 */
export async function mpegHeader(
  readAt: ReadAt,
  start: number,
  areAllRequired = false,
): Promise<MpegHeader | undefined> {
  const bytes = await readAt(start, SEARCH_BYTES + 6_144);
  for (let at = 0; at < Math.min(SEARCH_BYTES, bytes.length - 7); at += 1) {
    const frame = parseFrame(bytes, at);
    if (!frame || !isFollowed(bytes, at, frame, areAllRequired)) continue;
    const frames = frame.codec === 'mp3' ? declaredFrames(bytes.subarray(at), frame) : undefined;
    const { codec, sampleRateHz, channels } = frame;
    const durationMs = frames && (frames * frame.frameSamples * 1000) / sampleRateHz;
    return { codec, sampleRateHz, channels, durationMs };
  }
  return undefined;
}

/** Whether bytes begin with three whole MPEG audio or ADTS frames in a row: samples without a header never look like that. */
export function isMpegAudio(bytes: Uint8Array): boolean {
  let at = 0;
  for (let frames = 0; frames < 3; frames += 1) {
    const frame = parseFrame(bytes, at);
    if (!frame) return false;
    at += frame.frameBytes;
  }
  return at <= bytes.length;
}

function isFollowed(bytes: Uint8Array, start: number, first: FrameHeader, areAllRequired: boolean): boolean {
  let at = start + first.frameBytes;
  for (let following = 1; following < 3; following += 1) {
    if (at + 7 > bytes.length) return !areAllRequired && (start === 0 || following > 1);
    const next = parseFrame(bytes, at);
    if (!next || next.codec !== first.codec || next.sampleRateHz !== first.sampleRateHz) return false;
    at += next.frameBytes;
  }
  return true;
}

const ADTS_RATES = [
  96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350,
];
/** kbit/s by index: MPEG 1 layers 1 to 3, then MPEG 2 and 2.5 layer 1, layers 2 and 3. ISO 11172-3 2.4.2.3, 13818-3. */
const BITRATES = [
  [0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
  [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
  [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  [0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
  [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
];

function parseFrame(bytes: Uint8Array, at: number): FrameHeader | undefined {
  if (at + 7 > bytes.length || bytes[at] !== 0xff || (bytes[at + 1]! & 0xe0) !== 0xe0) return undefined;
  const layer = 4 - ((bytes[at + 1]! >> 1) & 3);
  return layer === 4 ? parseAdts(bytes, at) : parseMpeg(bytes, at, layer);
}

function parseMpeg(bytes: Uint8Array, at: number, layer: number): FrameHeader | undefined {
  const version = (bytes[at + 1]! >> 3) & 3; // 3: MPEG 1, 2: MPEG 2, 0: MPEG 2.5
  const rateIndex = (bytes[at + 2]! >> 2) & 3;
  const bitrateIndex = bytes[at + 2]! >> 4;
  if (version === 1 || rateIndex === 3 || bitrateIndex === 0 || bitrateIndex === 15) return undefined;
  const isVersion1 = version === 3;
  const sampleRateHz = [44_100, 48_000, 32_000][rateIndex]! / (isVersion1 ? 1 : version === 2 ? 2 : 4);
  const table = isVersion1 ? layer - 1 : layer === 1 ? 3 : 4;
  const bitrate = BITRATES[table]![bitrateIndex]! * 1000;
  const padding = (bytes[at + 2]! >> 1) & 1;
  const frameSamples = layer === 1 ? 384 : layer === 3 && !isVersion1 ? 576 : 1152;
  const slotBytes = layer === 1 ? 4 : 1;
  const frameBytes = (Math.floor((frameSamples * bitrate) / (8 * slotBytes * sampleRateHz)) + padding) * slotBytes;
  const channels = bytes[at + 3]! >> 6 === 3 ? 1 : 2;
  return { codec: `mp${layer as 1 | 2 | 3}`, isVersion1, sampleRateHz, channels, frameBytes, frameSamples };
}

/** ISO 13818-7 6.2. */
function parseAdts(bytes: Uint8Array, at: number): FrameHeader | undefined {
  const sampleRateHz = ADTS_RATES[(bytes[at + 2]! >> 2) & 0x0f];
  const frameBytes = ((bytes[at + 3]! & 3) << 11) | (bytes[at + 4]! << 3) | (bytes[at + 5]! >> 5);
  if ((bytes[at + 1]! & 0xf0) !== 0xf0 || sampleRateHz === undefined || frameBytes < 8) return undefined;
  const channels = ((bytes[at + 2]! & 1) << 2) | (bytes[at + 3]! >> 6);
  return { codec: 'aac', isVersion1: false, sampleRateHz, channels: channels || 1, frameBytes, frameSamples: 1024 };
}

/** Frames in the file, without the one that holds this number: it has no audio. */
function declaredFrames(frame: Uint8Array, { isVersion1, channels }: FrameHeader): number | undefined {
  const sideInfoBytes = isVersion1 ? (channels === 1 ? 17 : 32) : channels === 1 ? 9 : 17;
  const xing = 4 + sideInfoBytes;
  const tag = text(frame, xing, xing + 4);
  if ((tag === 'Xing' || tag === 'Info') && frame.length >= xing + 12) {
    return view(frame).getUint32(xing + 4) & 1 ? view(frame).getUint32(xing + 8) : undefined;
  }
  if (text(frame, 36, 40) === 'VBRI' && frame.length >= 54) return view(frame).getUint32(50);
  return undefined;
}
