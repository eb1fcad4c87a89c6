import { VoicePrintsError } from '../core/errors.js';
import type { RawFormat } from '../core/recording.js';
import type { ByteSource } from './byteSource.js';
import { channelsInvalid, corrupt, notAudio, rateInvalid, tooShort } from './decoding/decodeErrors.js';
import type { PcmRegion } from './decoding/pcmDecoding.js';
import { find, type ReadAt, text, view } from './headers/bytes.js';
import { flacHeader } from './headers/flacHeader.js';
import { mp4Header } from './headers/mp4Header.js';
import { mpegHeader } from './headers/mpegHeader.js';
import { oggHeader } from './headers/oggHeader.js';
import { MAX_CHANNELS, MAX_RATE_HZ, MIN_RATE_HZ, wavHeader } from './headers/wavHeader.js';
import type { SourceFormat } from './recording.js';
import { blockBytesOf } from './samples/pcm.js';
import type { Sniffed } from './sniff.js';

/** What a source is, and where its samples lie if they are plain ones. */
export interface Probe {
  readonly format: SourceFormat;
  readonly pcm: PcmRegion | undefined;
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
    case 'tagOnly':
      throw corrupt('there is a tag (ID3) that belongs before MP3 audio, but no audio follows');
    case 'unsupported':
      throw new VoicePrintsError(
        'AUDIO_FORMAT_UNSUPPORTED',
        `${sniffed.what} cannot be read; convert it to WAV or FLAC`,
      );
  }
}

function refuse({ looksLikeText, looksLikePcm }: Unknown): never {
  if (looksLikeText) throw notAudio('this is text');
  if (!looksLikePcm) {
    throw notAudio(
      'this is no known kind of audio (if it is headerless samples all the same, name encoding and sampleRate)',
    );
  }
  throw new VoicePrintsError(
    'AUDIO_FORMAT_MISSING',
    'this looks like audio without a header; name its encoding (s16le, mulaw or alaw), sampleRate and channels, or send WAV',
  );
}

async function probeRaw(source: ByteSource, { looksLikeText }: Unknown, raw: RawFormat): Promise<Probe> {
  const { encoding: codec, sampleRateHz, channels } = raw;
  if (!(sampleRateHz >= MIN_RATE_HZ && sampleRateHz <= MAX_RATE_HZ && Number.isInteger(sampleRateHz))) {
    throw rateInvalid(sampleRateHz);
  }
  if (!(channels >= 1 && channels <= MAX_CHANNELS && Number.isInteger(channels))) throw channelsInvalid(channels);
  // A-law silence is the letter U: only what also begins like a document is taken for one.
  if (looksLikeText && /^\s*[{[<]/.test(text(await source.readAt(0, 16), 0, 16))) throw notAudio('this is text');
  const layout = { codec, sampleRateHz, channels };
  const blockBytes = blockBytesOf(layout);
  if ((await source.readAt(0, blockBytes)).length < blockBytes) {
    throw tooShort(
      `there are fewer bytes than one sample of ${codec} with ${channels} channel(s) takes (${blockBytes})`,
    );
  }
  const durationMs =
    source.size === undefined ? undefined : (Math.floor(source.size / blockBytes) * 1000) / sampleRateHz;
  return {
    format: { container: 'raw', codec, sampleRateHz, channels, durationMs },
    pcm: { layout, start: 0, bytes: undefined },
  };
}

async function probeContainer(source: ByteSource, { container, start }: Known): Promise<Probe> {
  if (container === 'wav') return probeWav(source);
  const format = await (HEADERS[container] ?? headerless)(source, start);
  return { format: { ...UNKNOWN, container, ...format }, pcm: undefined };
}

const UNKNOWN = { codec: undefined, sampleRateHz: undefined, channels: undefined, durationMs: undefined };

type ReadHeader = (source: ByteSource, start: number) => Promise<Partial<SourceFormat>>;

const headerless: ReadHeader = async () => ({});

/** What is cheaply known of each container; decoders know the rest. */
const HEADERS: Readonly<Record<string, ReadHeader>> = {
  flac: async (source, start) => ({ codec: 'flac', ...(await flacHeader(reader(source), start)) }),
  mp3: async (source, start) => {
    const header = await mpegHeader(reader(source), start);
    return { ...header, container: header?.codec === 'aac' ? 'aac' : 'mp3' };
  },
  ogg: (source) => oggHeader(reader(source)),
  amr: async () => ({ codec: 'amr', sampleRateHz: 8_000, channels: 1 }),
  'amr-wb': async () => ({ codec: 'amr-wb', sampleRateHz: 16_000, channels: 1 }),
  au: async (source) => {
    const header = await source.readAt(0, 24);
    if (header.length < 24) throw corrupt('the AU header is cut');
    return { sampleRateHz: view(header).getUint32(16), channels: view(header).getUint32(20) };
  },
  mp4: async (source) => {
    const { hasAudioTrack, ...format } = await mp4Header(reader(source), source.size ?? 0);
    if (!hasAudioTrack) throw notAudio('the MP4 file holds no audio track');
    return format;
  },
  matroska: async (source) => {
    const head = await source.readAt(0, 4_096);
    const container = find(head, 'webm') >= 0 ? 'webm' : 'matroska';
    const opus = find(head, 'OpusHead');
    if (opus < 0 || head.length < opus + 16) return { container };
    return {
      container,
      codec: 'opus',
      channels: head[opus + 9]!,
      sampleRateHz: view(head).getUint32(opus + 12, true) || undefined,
    };
  },
};

const reader =
  (source: ByteSource): ReadAt =>
  (position, length) =>
    source.readAt(position, length);

async function probeWav(source: ByteSource): Promise<Probe> {
  const { layout, sampleRateHz, channels, dataStart, dataBytes } = await wavHeader(reader(source), source.size);
  const available = dataBytes ?? (source.size === undefined ? undefined : source.size - dataStart);
  if (available === 0) throw tooShort('the WAV file holds a header and not one sample');
  const durationMs =
    layout && available !== undefined
      ? (Math.floor(available / blockBytesOf(layout)) * 1000) / sampleRateHz
      : undefined;
  return {
    format: { container: 'wav', codec: layout?.codec, sampleRateHz, channels, durationMs },
    pcm: layout && { layout, start: dataStart, bytes: dataBytes },
  };
}
