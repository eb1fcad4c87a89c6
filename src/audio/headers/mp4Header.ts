import { corrupt } from '../decoding/decodeErrors.js';
import { type ReadAt, text, view } from './bytes.js';

export interface Mp4Header {
  readonly hasAudioTrack: boolean;
  /** e.g. `mp4a`, `alac`, `samr`. */
  readonly codec: string | undefined;
  readonly sampleRateHz: number | undefined;
  readonly channels: number | undefined;
  /** Undefined in fragmented files. */
  readonly durationMs: number | undefined;
}

interface Box {
  readonly type: string;
  /** First byte after the box's own header. */
  readonly start: number;
  readonly end: number;
}

const MAX_BOXES = 10_000;

/** The first sound track in `moov` (ISO 14496-12 §8). Throws AUDIO_CORRUPT where there is no `moov`. */
export async function mp4Header(readAt: ReadAt, totalBytes: number): Promise<Mp4Header> {
  const moov = await child(readAt, { type: '', start: 0, end: totalBytes }, 'moov');
  if (!moov) throw corrupt('the index of this MP4 recording (moov) is missing: it was cut, or never finished');
  for await (const track of children(readAt, moov)) {
    if (track.type !== 'trak') continue;
    const media = await child(readAt, track, 'mdia');
    const handler = media && (await child(readAt, media, 'hdlr'));
    if (!media || !handler || text(await readAt(handler.start + 8, 4), 0, 4) !== 'soun') continue;
    return {
      hasAudioTrack: true,
      durationMs: await trackDuration(readAt, media),
      ...(await sampleEntry(readAt, media)),
    };
  }
  return {
    hasAudioTrack: false,
    codec: undefined,
    sampleRateHz: undefined,
    channels: undefined,
    durationMs: undefined,
  };
}

async function* children(readAt: ReadAt, parent: Box): AsyncGenerator<Box> {
  for (let at = parent.start, count = 0; at + 8 <= parent.end && count < MAX_BOXES; count += 1) {
    const head = await readAt(at, 16);
    if (head.length < 8) return;
    let bytes = view(head).getUint32(0);
    const isLong = bytes === 1 && head.length === 16;
    if (isLong) bytes = Number(view(head).getBigUint64(8));
    if (bytes === 0) bytes = parent.end - at; // to the end
    if (bytes < (isLong ? 16 : 8)) return;
    yield { type: text(head, 4, 8), start: at + (isLong ? 16 : 8), end: Math.min(at + bytes, parent.end) };
    at += bytes;
  }
}

async function child(readAt: ReadAt, parent: Box, type: string): Promise<Box | undefined> {
  for await (const box of children(readAt, parent)) if (box.type === type) return box;
  return undefined;
}

async function trackDuration(readAt: ReadAt, media: Box): Promise<number | undefined> {
  const box = await child(readAt, media, 'mdhd');
  const bytes = box ? await readAt(box.start, 32) : new Uint8Array(0);
  if (bytes.length < 32) return undefined;
  const fields = view(bytes);
  const isVersion1 = bytes[0] === 1;
  const timescale = fields.getUint32(isVersion1 ? 20 : 12);
  const duration = isVersion1 ? Number(fields.getBigUint64(24)) : fields.getUint32(16);
  return timescale === 0 || duration === 0 || duration === 0xffff_ffff ? undefined : (duration * 1000) / timescale;
}

async function sampleEntry(
  readAt: ReadAt,
  media: Box,
): Promise<Pick<Mp4Header, 'codec' | 'sampleRateHz' | 'channels'>> {
  let box: Box | undefined = media;
  for (const type of ['minf', 'stbl', 'stsd']) box = box && (await child(readAt, box, type));
  const bytes = box ? await readAt(box.start + 8, 36) : new Uint8Array(0);
  if (bytes.length < 36) return { codec: undefined, sampleRateHz: undefined, channels: undefined };
  const codec = text(bytes, 4, 8).trim();
  // Of these the entry's own fields say nothing: writers put 2 channels whatever there are.
  if (codec === 'samr') return { codec: 'amr', sampleRateHz: 8_000, channels: 1 };
  if (codec === 'sawb') return { codec: 'amr-wb', sampleRateHz: 16_000, channels: 1 };
  const sampleRateHz = view(bytes).getUint16(32) || undefined; // the whole part of a 16.16 number
  return codec === 'mp4a'
    ? { codec: 'aac', sampleRateHz, channels: undefined }
    : { codec, sampleRateHz, channels: view(bytes).getUint16(24) };
}
