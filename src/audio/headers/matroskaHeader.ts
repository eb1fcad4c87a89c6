import type { AudioTrack } from './audioTrack.js';
import { find, type ReadAt, text, view } from './bytes.js';

export interface MatroskaHeader {
  readonly container: 'webm' | 'matroska';
  readonly tracks: readonly AudioTrack[];
  /** First byte behind the recording; undefined where its writer did not know (a browser, a stream). */
  readonly endByte: number | undefined;
}

/** Ids of the elements looked at: RFC 8794 (EBML), RFC 9559 (Matroska). */
const EBML = 0x1a45dfa3;
const SEGMENT = 0x18538067;
const CLUSTER = 0x1f43b675;
const TRACKS = 0x1654ae6b;
const TRACK_ENTRY = 0xae;
const TRACK_TYPE = 0x83;
const CODEC_ID = 0x86;
const CODEC_PRIVATE = 0x63a2;
const AUDIO = 0xe1;
const SAMPLING_FREQUENCY = 0xb5;
const CHANNELS = 0x9f;
const AUDIO_TYPE = 2;

const MAX_ELEMENTS = 10_000;
/** Track lists are small; attachments and fonts are elements of their own. */
const MAX_TRACKS_BYTES = 1_048_576;

interface Element {
  readonly id: number;
  /** First byte of its content. */
  readonly start: number;
  /** Undefined: unknown, it reaches to the end of what holds it. */
  readonly end: number | undefined;
}

/** The audio tracks of a Matroska or WebM recording. What cannot be read is left out: decoders know more. */
export async function matroskaHeader(readAt: ReadAt): Promise<MatroskaHeader> {
  const nothing = { tracks: [], endByte: undefined } as const;
  const head = await elementAt(readAt, 0);
  if (head?.id !== EBML || head.end === undefined) return { container: 'matroska', ...nothing };
  const docType = await readAt(head.start, Math.min(head.end - head.start, 4_096));
  const container = find(docType, 'webm') >= 0 ? 'webm' : 'matroska';
  const segment = await elementAt(readAt, head.end);
  if (segment?.id !== SEGMENT) return { container, ...nothing };
  return { container, tracks: await tracksOf(readAt, segment), endByte: segment.end };
}

async function tracksOf(readAt: ReadAt, segment: Element): Promise<readonly AudioTrack[]> {
  let at = segment.start;
  for (let count = 0; count < MAX_ELEMENTS; count += 1) {
    const element = await elementAt(readAt, at);
    if (!element || element.id === CLUSTER || element.end === undefined) return [];
    if (element.id === TRACKS) {
      const bytes = await readAt(element.start, Math.min(element.end - element.start, MAX_TRACKS_BYTES));
      return children(bytes).flatMap((entry) => (entry.id === TRACK_ENTRY ? trackOf(entry.bytes) : []));
    }
    at = element.end;
  }
  return [];
}

async function elementAt(readAt: ReadAt, at: number): Promise<Element | undefined> {
  const head = parseHead(await readAt(at, 12), 0);
  if (!head) return undefined;
  const start = at + head.bytes;
  return { id: head.id, start, end: head.size === undefined ? undefined : start + head.size };
}

/** Id and size (RFC 8794 §4 to §6): numbers whose leading zero bits tell how long they are. */
function parseHead(bytes: Uint8Array, at: number) {
  const idBytes = lengthOf(bytes[at]);
  const sizeBytes = lengthOf(bytes[at + idBytes]);
  if (idBytes > 4 || sizeBytes > 8 || at + idBytes + sizeBytes > bytes.length) return undefined;
  let id = 0;
  for (let i = 0; i < idBytes; i += 1) id = id * 256 + bytes[at + i]!;
  const first = bytes[at + idBytes]! & (0xff >> sizeBytes);
  let size = first;
  let isUnknown = first === 0xff >> sizeBytes;
  for (let i = 1; i < sizeBytes; i += 1) {
    const byte = bytes[at + idBytes + i]!;
    isUnknown &&= byte === 0xff;
    size = size * 256 + byte;
  }
  return { id, size: isUnknown ? undefined : size, bytes: idBytes + sizeBytes };
}

const lengthOf = (first: number | undefined): number =>
  first === undefined || first === 0 ? 9 : Math.clz32(first) - 23;

interface Child {
  readonly id: number;
  readonly bytes: Uint8Array;
}

function children(bytes: Uint8Array): Child[] {
  const found: Child[] = [];
  for (let at = 0; at < bytes.length && found.length < MAX_ELEMENTS; ) {
    const head = parseHead(bytes, at);
    if (!head) break;
    const start = at + head.bytes;
    at = start + (head.size ?? bytes.length);
    found.push({ id: head.id, bytes: bytes.subarray(start, at) });
  }
  return found;
}

const CODECS: Readonly<Record<string, string>> = {
  A_OPUS: 'opus',
  A_VORBIS: 'vorbis',
  A_FLAC: 'flac',
  A_AC3: 'ac3',
  A_EAC3: 'eac3',
  'A_MPEG/L3': 'mp3',
  'A_MPEG/L2': 'mp2',
};

function trackOf(entry: Uint8Array): AudioTrack[] {
  const fields = new Map(children(entry).map(({ id, bytes }) => [id, bytes]));
  if (uint(fields.get(TRACK_TYPE)) !== AUDIO_TYPE) return [];
  const audio = new Map(children(fields.get(AUDIO) ?? new Uint8Array(0)).map(({ id, bytes }) => [id, bytes]));
  const codecId = latin(fields.get(CODEC_ID));
  const codec = CODECS[codecId] ?? (codecId.startsWith('A_AAC') ? 'aac' : undefined);
  const opusHead = codec === 'opus' ? fields.get(CODEC_PRIVATE) : undefined;
  // Opus is always decoded at 48 kHz: what was encoded is in its own header (RFC 7845 §5.1).
  const inputRate = opusHead && opusHead.length >= 16 ? view(opusHead).getUint32(12, true) : 0;
  const sampleRateHz = inputRate || float(audio.get(SAMPLING_FREQUENCY)) || undefined;
  return [{ codec, sampleRateHz, channels: uint(audio.get(CHANNELS)) ?? 1, endMs: undefined }];
}

const latin = (bytes: Uint8Array | undefined): string =>
  bytes === undefined ? '' : text(bytes, 0, Math.min(bytes.length, 64)).replace(/\0+$/, '');

const uint = (bytes: Uint8Array | undefined): number | undefined =>
  bytes?.reduce((value, byte) => value * 256 + byte, 0);

function float(bytes: Uint8Array | undefined): number | undefined {
  if (bytes?.length === 4) return view(bytes).getFloat32(0);
  return bytes?.length === 8 ? view(bytes).getFloat64(0) : undefined;
}
