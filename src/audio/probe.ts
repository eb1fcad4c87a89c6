import { VoicePrintsError } from '../core/errors.js';
import type { RawFormat } from '../core/recording.js';
import type { ByteSource } from './byteSource.js';
import { type Repacked, repackCaf } from './decoding/cafPackets.js';
import { channelsInvalid, corrupt, notAudio, rateInvalid, tooShort } from './decoding/decodeErrors.js';
import type { PcmRegion } from './decoding/pcmDecoding.js';
import type { AudioTrack } from './headers/audioTrack.js';
import { type ReadAt, text, view } from './headers/bytes.js';
import { cafHeader } from './headers/cafHeader.js';
import { flacHeader } from './headers/flacHeader.js';
import { matroskaHeader } from './headers/matroskaHeader.js';
import { mp4Tracks } from './headers/mp4Header.js';
import { mpegHeader } from './headers/mpegHeader.js';
import { oggHeader } from './headers/oggHeader.js';
import { wave64Header } from './headers/wave64Header.js';
import { MAX_CHANNELS, MAX_RATE_HZ, MIN_RATE_HZ, type WavHeader, wavHeader } from './headers/wavHeader.js';
import type { SourceFormat } from './recording.js';
import { blockBytesOf, type PcmCodec, type PcmLayout } from './samples/pcm.js';
import type { Sniffed } from './sniff.js';

/** The format of a source, and the position of its samples if they are uncompressed. */
export interface Probe {
  readonly format: SourceFormat;
  readonly pcm: PcmRegion | undefined;
  /** The audio tracks, in order; empty where the container's header is not read for them. */
  readonly tracks: readonly AudioTrack[];
  /** Whether bytes are missing at the end, by the container's own account. */
  readonly isShort: boolean;
  /** The same sound in a container that decoders take, where they do not take this one. */
  readonly repacked?: Repacked | undefined;
}

type Unknown = Extract<Sniffed, { kind: 'unknown' }>;
type Known = Extract<Sniffed, { kind: 'audio' }>;

/** Reads the header of whatever was sniffed, or refuses it. Throws every AUDIO_ code but those of decoding and limits. */
export async function probe(source: ByteSource, sniffed: Sniffed, raw: RawFormat | undefined): Promise<Probe> {
  switch (sniffed.kind) {
    case 'audio':
      return probeContainer(source, sniffed);
    case 'unknown':
      return raw ? probeRaw(source, sniffed, raw) : refuse(sniffed);
    case 'notAudio':
      throw notAudio(`this is ${sniffed.what}`);
    case 'fragment':
      throw new VoicePrintsError('AUDIO_CORRUPT', FRAGMENTS[sniffed.what] ?? FRAGMENTS.MP4!);
    case 'tagOnly':
      throw corrupt('there is a tag (ID3) that belongs before MP3 audio, but no audio follows');
    case 'unsupported':
      throw new VoicePrintsError(
        'AUDIO_FORMAT_UNSUPPORTED',
        `${sniffed.what} cannot be read; convert it to WAV or FLAC`,
      );
  }
}

const FRAGMENTS: Readonly<Record<string, string>> = {
  WebM:
    'this is WebM without its beginning, like every chunk of a browser recorder (MediaRecorder) but the first; ' +
    'send the first chunk too, joined in front of this one',
  MP4: 'this is a fragment of an MP4 recording without its beginning; send the first fragment (ftyp, moov) too, joined in front of this one',
};

function refuse({ looksLikeText, looksLikePcm }: Unknown): never {
  if (looksLikeText) throw notAudio('this is text');
  if (!looksLikePcm) {
    throw notAudio(
      'this is not a known audio format (if these are headerless samples, give their encoding and sample rate)',
    );
  }
  throw new VoicePrintsError(
    'AUDIO_FORMAT_MISSING',
    'this looks like audio without a header; name its encoding (s16le, mulaw or alaw), sampleRate and channels, or send WAV',
  );
}

/** Throws AUDIO_RATE_INVALID, AUDIO_CHANNELS_INVALID. */
function layoutOf(codec: PcmCodec, sampleRateHz: number, channels: number): PcmLayout {
  if (!(sampleRateHz >= MIN_RATE_HZ && sampleRateHz <= MAX_RATE_HZ && Number.isInteger(sampleRateHz))) {
    throw rateInvalid(sampleRateHz);
  }
  if (!(channels >= 1 && channels <= MAX_CHANNELS && Number.isInteger(channels))) throw channelsInvalid(channels);
  return { codec, sampleRateHz, channels };
}

async function probeRaw(source: ByteSource, { looksLikeText }: Unknown, raw: RawFormat): Promise<Probe> {
  const { encoding, sampleRateHz, channels } = raw;
  const layout = layoutOf(encoding, sampleRateHz, channels);
  // A-law silence is the letter U, and a few samples of G.711 below zero are letters and brackets: only data that also begin like
  // a document count as one.
  if (looksLikeText && /^\s*(?:\{\s*["}]|\[\s*["{\d\]-]|<[!?/a-z])/i.test(text(await source.readAt(0, 16), 0, 16)))
    throw notAudio('this is text');
  const blockBytes = blockBytesOf(layout);
  if ((await source.readAt(0, blockBytes)).length < blockBytes) {
    throw tooShort(
      `there are fewer bytes than one sample of ${encoding} with ${channels} channel(s) takes (${blockBytes})`,
    );
  }
  const durationMs =
    source.size === undefined ? undefined : (Math.floor(source.size / blockBytes) * 1000) / sampleRateHz;
  return {
    format: { container: 'raw', codec: encoding, sampleRateHz, channels, durationMs },
    pcm: { layout, start: 0, bytes: undefined, isWav: false },
    tracks: [],
    isShort: false,
  };
}

async function probeContainer(source: ByteSource, { container }: Known): Promise<Probe> {
  const probeKnown = PROBES[container];
  if (probeKnown) return probeKnown(source);
  const format = await (HEADERS[container] ?? headerless)(source);
  return { format: { ...UNKNOWN, container, ...format }, pcm: undefined, tracks: [], isShort: false };
}

const UNKNOWN = {
  codec: undefined,
  sampleRateHz: undefined,
  channels: undefined,
  durationMs: undefined,
};

type ReadHeader = (source: ByteSource) => Promise<Partial<SourceFormat>>;

const headerless: ReadHeader = async () => ({});

/** What the header of each container declares; decoders find the rest. */
const HEADERS: Readonly<Record<string, ReadHeader>> = {
  flac: async (source) => ({ codec: 'flac', ...(await flacHeader(reader(source), 0)) }),
  mp3: async (source) => {
    const header = await mpegHeader(reader(source), 0);
    return { ...header, container: header?.codec === 'aac' ? 'aac' : 'mp3' };
  },
  ogg: (source) => oggHeader(reader(source)),
  amr: async () => ({ codec: 'amr', sampleRateHz: 8_000, channels: 1 }),
  'amr-wb': async () => ({ codec: 'amr-wb', sampleRateHz: 16_000, channels: 1 }),
};

const PROBES: Readonly<Record<string, (source: ByteSource) => Promise<Probe>>> = {
  wav: async (source) => wavProbe('wav', source, await wavHeader(reader(source), source.size)),
  w64: async (source) => wavProbe('w64', source, await wave64Header(reader(source))),
  au: async (source) => {
    const header = await source.readAt(0, 24);
    if (header.length < 24) throw corrupt('the AU header is incomplete');
    const [start, bytes, encoding, sampleRateHz, channels] = [1, 2, 3, 4, 5].map((at) =>
      view(header).getUint32(4 * at),
    );
    const codec = AU_CODECS[encoding!];
    const layout = codec && layoutOf(codec, sampleRateHz!, channels!);
    const format = { ...UNKNOWN, container: 'au', codec, sampleRateHz, channels };
    if (!layout) return { format, pcm: undefined, tracks: [], isShort: false };
    const declared = bytes === 0xffff_ffff ? undefined : bytes!;
    const available = declared ?? (source.size === undefined ? undefined : source.size - start!);
    const durationMs =
      available === undefined ? undefined : (Math.floor(available / blockBytesOf(layout)) * 1000) / sampleRateHz!;
    const pcm = { layout, start: start!, bytes: declared, isWav: false };
    return { format: { ...format, durationMs }, pcm, tracks: [], isShort: false };
  },
  mp4: async (source) => {
    const tracks = await mp4Tracks(reader(source), source.size ?? 0);
    if (tracks.length === 0) throw notAudio('the MP4 file contains no audio track');
    return { format: formatOf('mp4', tracks), pcm: undefined, tracks, isShort: false };
  },
  matroska: async (source) => {
    const { container, tracks, endByte } = await matroskaHeader(reader(source));
    const isShort = endByte !== undefined && source.size !== undefined && endByte > source.size;
    return { format: formatOf(container, tracks), pcm: undefined, tracks, isShort };
  },
  caf: async (source) => {
    const header = await cafHeader(reader(source));
    const { layout, sampleRateHz, channels, dataStart, dataBytes, packetTable } = header;
    const repacked = layout ? undefined : repackCaf(source, header);
    if (!layout && !repacked) {
      throw new VoicePrintsError(
        'AUDIO_FORMAT_UNSUPPORTED',
        `Core Audio (CAF) with the codec ${header.format.trim()} cannot be read; convert it to WAV or FLAC`,
      );
    }
    const durationMs = packetTable ? (packetTable.validFrames * 1000) / sampleRateHz : undefined;
    const codec = layout?.codec ?? repacked!.codec;
    return {
      format: { container: repacked?.container ?? 'caf', codec, sampleRateHz, channels, durationMs },
      pcm: layout && { layout, start: dataStart, bytes: dataBytes, isWav: false },
      tracks: [],
      isShort: dataBytes !== undefined && source.size !== undefined && dataStart + dataBytes > source.size,
      repacked,
    };
  },
};

/** Encodings of AU files (NeXT, Sun), big-endian. Others go to GStreamer. */
const AU_CODECS: Readonly<Record<number, PcmCodec>> = {
  1: 'mulaw',
  3: 's16be',
  4: 's24be',
  5: 's32be',
  6: 'f32be',
  7: 'f64be',
  27: 'alaw',
};

/** Several tracks in one: the first one gives the codec, the best one the possible bandwidth. */
function formatOf(container: string, tracks: readonly AudioTrack[]): SourceFormat {
  const [first] = tracks;
  const most = (values: readonly (number | undefined)[]): number | undefined => {
    const known = values.filter((value) => value !== undefined);
    return known.length === values.length && known.length > 0 ? Math.max(...known) : undefined;
  };
  return {
    container,
    codec: first?.codec,
    sampleRateHz: most(tracks.map(({ sampleRateHz }) => sampleRateHz)),
    channels: first?.channels,
    durationMs: most(tracks.map(({ endMs }) => endMs)),
    ...(tracks.length > 1 && { tracks: tracks.length }),
  };
}

const reader =
  (source: ByteSource): ReadAt =>
  (position, length) =>
    source.readAt(position, length);

function wavProbe(container: string, source: ByteSource, header: WavHeader): Probe {
  const { layout, sampleRateHz, channels, dataStart, dataBytes } = header;
  const available = source.size === undefined ? undefined : source.size - dataStart;
  if (available === 0) throw tooShort('the WAV file contains a header and no samples');
  // 0 declared and more there is a header that was never finished.
  const bytes = dataBytes || available;
  const durationMs =
    layout && bytes !== undefined ? (Math.floor(bytes / blockBytesOf(layout)) * 1000) / sampleRateHz : undefined;
  return {
    format: { container, codec: layout?.codec, sampleRateHz, channels, durationMs },
    pcm: layout && { layout, start: dataStart, bytes: dataBytes, isWav: container === 'wav' },
    tracks: [],
    isShort: false,
  };
}
