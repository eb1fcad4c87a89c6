import { corrupt } from '../decoding/decodeErrors.js';
import { aacConfig } from './aacConfig.js';
import type { AudioTrack } from './audioTrack.js';
import { find, type ReadAt, text, view } from './bytes.js';

interface Box {
  readonly type: string;
  /** First byte after the box's own header. */
  readonly start: number;
  readonly end: number;
}

const MAX_BOXES = 10_000;
const MAX_TRACKS = 64;
const MAX_EDITS = 1_000;

/** The audio tracks in `moov` (ISO 14496-12 §8), in their order. Throws AUDIO_CORRUPT where there is no `moov`. */
export async function mp4Tracks(readAt: ReadAt, totalBytes: number): Promise<readonly AudioTrack[]> {
  const moov = await child(readAt, { type: '', start: 0, end: totalBytes }, 'moov');
  if (!moov) throw corrupt('the index of this MP4 recording (moov) is missing: the file is incomplete');
  const tracks: AudioTrack[] = [];
  for await (const track of children(readAt, moov)) {
    if (track.type !== 'trak') continue;
    const media = await child(readAt, track, 'mdia');
    const handler = media && (await child(readAt, media, 'hdlr'));
    if (!media || !handler || text(await readAt(handler.start + 8, 4), 0, 4) !== 'soun') continue;
    const durationMs = await trackDuration(readAt, media);
    const { leadMs, playedMs } = await editsOf(readAt, track, moov);
    const endMs = durationMs === undefined ? undefined : leadMs + Math.min(durationMs, playedMs ?? durationMs);
    tracks.push({ endMs, ...(await sampleEntry(readAt, media)) });
    if (tracks.length === MAX_TRACKS) break;
  }
  return tracks;
}

/** Where another recording begins behind the first one (files joined one after the other), or undefined. */
export async function nextMp4(readAt: ReadAt, totalBytes: number): Promise<number | undefined> {
  let hasIndex = false;
  for await (const box of children(readAt, { type: '', start: 0, end: totalBytes })) {
    if (box.type === 'ftyp' && hasIndex) return box.start - 8;
    hasIndex ||= box.type === 'moov';
  }
  return undefined;
}

/** When a track starts on the time line of the recording, and how much of it is played: its edit list, §8.6.6. */
async function editsOf(readAt: ReadAt, track: Box, moov: Box): Promise<{ leadMs: number; playedMs?: number }> {
  const edits = await child(readAt, track, 'edts');
  const list = edits && (await child(readAt, edits, 'elst'));
  const header = await child(readAt, moov, 'mvhd');
  const movie = header ? await readAt(header.start, 24) : new Uint8Array(0);
  if (!list || movie.length < 24) return { leadMs: 0 };
  const timescale = view(movie).getUint32(movie[0] === 1 ? 20 : 12);
  const bytes = await readAt(list.start, Math.min(list.end - list.start, 8 + 20 * MAX_EDITS));
  if (bytes.length < 8 || timescale === 0) return { leadMs: 0 };
  const fields = view(bytes);
  const isVersion1 = bytes[0] === 1;
  const entryBytes = isVersion1 ? 20 : 12;
  let [lead, played] = [0, 0];
  for (let i = 0, at = 8; i < fields.getUint32(4) && at + entryBytes <= bytes.length; i += 1, at += entryBytes) {
    const duration = isVersion1 ? Number(fields.getBigUint64(at)) : fields.getUint32(at);
    const mediaTime = isVersion1 ? Number(fields.getBigInt64(at + 8)) : fields.getInt32(at + 4);
    if (mediaTime === -1 && played === 0) lead += duration;
    else played += duration;
  }
  const inMs = (units: number) => (units * 1000) / timescale;
  return { leadMs: inMs(lead), ...(played > 0 && { playedMs: inMs(played) }) };
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
): Promise<Pick<AudioTrack, 'codec' | 'sampleRateHz' | 'channels'>> {
  let box: Box | undefined = media;
  for (const type of ['minf', 'stbl', 'stsd']) box = box && (await child(readAt, box, type));
  const bytes = box ? await readAt(box.start + 8, 512) : new Uint8Array(0);
  if (bytes.length < 36) return { codec: undefined, sampleRateHz: undefined, channels: undefined };
  const codec = text(bytes, 4, 8).trim();
  // For these the fields of the entry are useless: writers put 2 channels in all cases.
  if (codec === 'samr') return { codec: 'amr', sampleRateHz: 8_000, channels: 1 };
  if (codec === 'sawb') return { codec: 'amr-wb', sampleRateHz: 16_000, channels: 1 };
  const sampleRateHz = view(bytes).getUint16(32) || undefined; // the whole part of a 16.16 number
  if (codec !== 'mp4a') return { codec, sampleRateHz, channels: view(bytes).getUint16(24) };
  const esds = find(bytes, 'esds') - 4;
  return { codec: 'aac', sampleRateHz, channels: esds < 0 ? undefined : aacConfig(bytes.subarray(esds))?.channels };
}
