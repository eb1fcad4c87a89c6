import { type ReadAt, text, view } from './bytes.js';

export interface OggHeader {
  /** Of the first stream; undefined where it is none of those known, e.g. pictures. */
  readonly codec: 'opus' | 'vorbis' | 'flac' | 'speex' | undefined;
  /** For Opus the rate of what was encoded: it is always decoded at 48 kHz. */
  readonly sampleRateHz: number | undefined;
  readonly channels: number | undefined;
}

/** The first packet of the first stream. RFC 3533, RFC 7845 §5.1, Vorbis I §4.2.2. */
export async function oggHeader(readAt: ReadAt): Promise<OggHeader> {
  const page = await readAt(0, 512);
  const packet = page.subarray(27 + (page[26] ?? 0));
  const codec = CODECS.find(({ magic, bytes }) => text(packet, 0, magic.length) === magic && packet.length >= bytes);
  if (!codec) return { codec: undefined, sampleRateHz: undefined, channels: undefined };
  return codec.read(view(packet));
}

const CODECS: readonly { magic: string; bytes: number; read: (packet: DataView) => OggHeader }[] = [
  {
    magic: 'OpusHead',
    bytes: 19,
    read: (p) => ({ codec: 'opus', sampleRateHz: p.getUint32(12, true) || undefined, channels: p.getUint8(9) }),
  },
  {
    magic: '\x01vorbis',
    bytes: 16,
    read: (p) => ({ codec: 'vorbis', sampleRateHz: p.getUint32(12, true), channels: p.getUint8(11) }),
  },
  {
    magic: '\x7fFLAC', // then 8 bytes, then STREAMINFO with its header, as in a FLAC file
    bytes: 51,
    read: (p) => ({
      codec: 'flac',
      sampleRateHz: p.getUint32(27) >>> 12,
      channels: ((p.getUint32(27) >>> 9) & 7) + 1,
    }),
  },
  {
    magic: 'Speex   ',
    bytes: 52,
    read: (p) => ({ codec: 'speex', sampleRateHz: p.getUint32(36, true), channels: p.getUint32(48, true) }),
  },
];

/** Whether the last page, in the last bytes of the source, is complete and marks the end of the stream. */
export function hasEndOfStream(tail: Uint8Array): boolean {
  const at = Buffer.from(tail.buffer, tail.byteOffset, tail.byteLength).lastIndexOf('OggS', undefined, 'latin1');
  const page = at < 0 ? tail.subarray(0, 0) : tail.subarray(at);
  if (page.length < 27 || page.length < 27 + page[26]!) return false;
  const sizes = page.subarray(27, 27 + page[26]!);
  const pageBytes = 27 + sizes.length + sizes.reduce((sum, size) => sum + size, 0);
  return (page[5]! & 0x04) !== 0 && page.length >= pageBytes;
}
