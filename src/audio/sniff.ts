import { find, type ReadAt, text } from './headers/bytes.js';
import { id3Bytes, mpegHeader } from './headers/mpegHeader.js';

/** What the first bytes show. Names and media types are not looked at. */
export type Sniffed =
  | {
      readonly kind: 'audio';
      readonly container: string /** Where the container begins, after ID3 tags. */;
      readonly start: number;
    }
  | { readonly kind: 'notAudio'; readonly what: string }
  | { readonly kind: 'unsupported'; readonly what: string }
  /** A piece out of the middle of a recording, which cannot be decoded without its beginning. */
  | { readonly kind: 'fragment'; readonly what: string }
  /** A tag that belongs before audio, and nothing known after it. */
  | { readonly kind: 'tagOnly' }
  /** Nothing known: perhaps samples without a header. */
  | { readonly kind: 'unknown'; readonly looksLikeText: boolean; readonly looksLikePcm: boolean };

const HEAD_BYTES = 8_192;
/** Tools that take tags away, or align, leave zeros; this many are skipped at most. */
const MAX_ZERO_BYTES = 1_048_576;

/** Containers by the bytes they begin with. RIFF, MP4 and MPEG are looked at more closely below. */
const AUDIO_MAGICS: readonly (readonly [magic: string, container: string, at?: number])[] = [
  ['fLaC', 'flac'],
  ['OggS', 'ogg'],
  ['\x1a\x45\xdf\xa3', 'matroska'],
  ['#!AMR-WB\n', 'amr-wb'],
  ['#!AMR\n', 'amr'],
  ['.snd', 'au'],
  ['\x30\x26\xb2\x75\x8e\x66\xcf\x11', 'asf'],
  ['FLV\x01', 'flv'],
  ['\x00\x00\x01\xba', 'mpeg-ps'],
  ['ftyp', 'mp4', 4],
  ['moov', 'mp4', 4],
  ['mdat', 'mp4', 4],
  ['wide', 'mp4', 4],
  ['caff', 'caf'],
  ['riff\x2e\x91\xcf\x11', 'w64'],
];

const OTHER_MAGICS: readonly (readonly [magic: string, what: string])[] = [
  ['\x89PNG\r\n\x1a\n', 'a PNG picture'],
  ['\xff\xd8\xff\xe0', 'a JPEG picture'],
  ['\xff\xd8\xff\xe1', 'a JPEG picture'],
  ['\xff\xd8\xff\xdb', 'a JPEG picture'],
  ['GIF87a', 'a GIF picture'],
  ['GIF89a', 'a GIF picture'],
  ['II*\x00', 'a TIFF picture'],
  ['MM\x00*', 'a TIFF picture'],
  ['%PDF-', 'a PDF document'],
  ['PK\x03\x04', 'a ZIP archive or an office document'],
  ['\x1f\x8b\x08', 'a gzip archive'],
  ['7z\xbc\xaf\x27\x1c', 'a 7z archive'],
  ['\x7fELF', 'a program'],
  ['MZ\x90\x00', 'a program'],
  ['SQLite format 3\x00', 'a database'],
  ['MThd', 'a MIDI file, which holds notes and no sound'],
];

const UNSUPPORTED_MAGICS: readonly (readonly [magic: string, what: string])[] = [
  ['wvpk', 'WavPack'],
  ['MAC ', "Monkey's Audio"],
  ['#!AMR_MC1.0\n', 'AMR of several channels'],
];

/**
 * Decides by the bytes what a source is.
 *
 * @param isDeclaredRaw the caller says that these are samples: bytes are believed to be MPEG audio only where three frames follow each
 * other, since a few samples of noise or of quiet G.711 can look like the first
 */
export async function sniff(readAt: ReadAt, isDeclaredRaw = false): Promise<Sniffed> {
  const tagged = await id3Bytes(readAt);
  const head = await readAt(tagged, HEAD_BYTES);
  const start = tagged + (await zeroBytes(readAt, tagged, head));
  const known = sniffMagic(start === tagged ? head : await readAt(start, HEAD_BYTES), start);
  if (known) return known;
  if (await mpegHeader(readAt, start, isDeclaredRaw)) return { kind: 'audio', container: 'mp3', start };
  if (tagged > 0) return { kind: 'tagOnly' };
  const fragment = sniffFragment(head);
  if (fragment) return { kind: 'fragment', what: fragment };
  if (isGsm(head)) return { kind: 'unsupported', what: 'GSM 06.10 without a header' };
  return { kind: 'unknown', looksLikeText: looksLikeText(head), looksLikePcm: looksLikePcm(head) };
}

/** Zeros before the first byte that is none. */
async function zeroBytes(readAt: ReadAt, start: number, head: Uint8Array): Promise<number> {
  if (head[0] !== 0 || head[1] !== 0 || head[2] !== 0 || head[3] !== 0) return 0;
  if (AUDIO_MAGICS.some(([magic, , at = 0]) => text(head, at, at + magic.length) === magic)) return 0;
  for (let at = 0; at < MAX_ZERO_BYTES; at += HEAD_BYTES) {
    const bytes = await readAt(start + at, HEAD_BYTES);
    const first = bytes.findIndex((byte) => byte !== 0);
    if (first >= 0) return at + first;
    if (bytes.length < HEAD_BYTES) break;
  }
  return 0;
}

/** Recorders in browsers hand out a recording in pieces, of which only the first has a header. */
function sniffFragment(head: Uint8Array): string | undefined {
  if (text(head, 0, 4) === '\x1f\x43\xb6\x75' || isBlockSequence(head)) return 'WebM';
  if (/^(?:moof|styp|sidx)$/.test(text(head, 4, 8))) return 'MP4';
  return undefined;
}

/** Matroska SimpleBlocks one after the other: id 0xa3, size, track, time and flags. */
function isBlockSequence(head: Uint8Array): boolean {
  let at = 0;
  for (let blocks = 0; blocks < 3; blocks += 1) {
    const size = head[at + 1] ?? 0;
    const [bytes, sizeBytes] = size & 0x80 ? [size & 0x7f, 1] : [((size & 0x3f) << 8) | (head[at + 2] ?? 0), 2];
    if (head[at] !== 0xa3 || (size & 0xc0) === 0 || bytes < 4 || !((head[at + 1 + sizeBytes] ?? 0) & 0x80))
      return false;
    at += 1 + sizeBytes + bytes;
  }
  return true;
}

/** Frames of 33 bytes, each of which begins with the nibble 0xd (RFC 3551 §4.5.8.1). */
const isGsm = (head: Uint8Array): boolean =>
  head.length >= 330 && head.every((byte, i) => i % 33 !== 0 || byte >> 4 === 0xd);

/**
 * The container that bytes announced as bare samples begin with; undefined where they may be samples. Looks for marks of four
 * bytes and more only, which samples have by chance once in years.
 */
export function containerInstead(bytes: Uint8Array): string | undefined {
  const magic = sniffMagic(bytes, 0);
  if (magic?.kind === 'audio') return magic.container;
  if (magic?.kind === 'unsupported') return magic.what;
  const isId3 =
    text(bytes, 0, 3) === 'ID3' && bytes.length >= 10 && bytes[3]! < 16 && bytes.subarray(6, 10).every(isSevenBit);
  return isId3 ? 'mp3' : undefined;
}

const isSevenBit = (byte: number): boolean => byte < 0x80;

function sniffMagic(head: Uint8Array, start: number): Sniffed | undefined {
  const begins = (magic: string, at = 0) => text(head, at, at + magic.length) === magic;
  const audio = (container: string): Sniffed => ({ kind: 'audio', container, start });
  if (begins('RIFF') || begins('RIFX') || begins('RF64') || begins('BW64')) return sniffRiff(text(head, 8, 12), audio);
  if (begins('FORM') && (begins('AIFF', 8) || begins('AIFC', 8))) return audio('aiff');
  if (begins('ftyp', 4) && /^(heic|heix|mif1|msf1|avif|avis)$/.test(text(head, 8, 12))) {
    return { kind: 'notAudio', what: 'a HEIF or AVIF picture' };
  }
  const found = AUDIO_MAGICS.find(([magic, , at]) => begins(magic, at));
  if (found) return audio(found[1]);
  if ([0, 188, 376, 564].every((at) => head[at] === 0x47)) return audio('mpeg-ts');
  const other = OTHER_MAGICS.find(([magic]) => begins(magic));
  if (other) return { kind: 'notAudio', what: other[1] };
  const unsupported = UNSUPPORTED_MAGICS.find(([magic]) => begins(magic));
  return unsupported && { kind: 'unsupported', what: unsupported[1] };
}

function sniffRiff(form: string, audio: (container: string) => Sniffed): Sniffed {
  if (form === 'WAVE') return audio('wav');
  if (form === 'AVI ') return audio('avi');
  if (form === 'WEBP') return { kind: 'notAudio', what: 'a WebP picture' };
  return { kind: 'notAudio', what: 'a RIFF file that is not WAVE' };
}

/** No control characters but white space, and valid UTF-8 (save a character cut at the end). */
function looksLikeText(head: Uint8Array): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they distinguish samples from text
  if (/[\x00-\x08\x0e-\x1a\x1c-\x1f]/.test(text(head, 0, head.length))) return false;
  const decoded = Buffer.from(head.subarray(0, -4)).toString('utf8');
  return find(head, '\xff\xfe') === 0 || !decoded.slice(0, -1).includes('\ufffd');
}

/** Whether neighbouring values hang together as those of sound do, read as 16-bit numbers or as G.711. */
function looksLikePcm(head: Uint8Array): boolean {
  const pairs = Math.floor(head.length / 2);
  const words = Float64Array.from({ length: pairs }, (_, i) => ((head[2 * i]! | (head[2 * i + 1]! << 8)) << 16) >> 16);
  const logarithmic = Float64Array.from(head, (code) => (code & 0x80 ? 1 : -1) * ((code & 0x7f) ^ 0x7f));
  return correlation(words) > 0.3 || correlation(logarithmic) > 0.3;
}

/** Of each value with the next one, -1..1; 1 where all are equal. */
function correlation(values: Float64Array): number {
  if (values.length < 2) return 1;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  let together = 0;
  let power = 0;
  for (let i = 1; i < values.length; i += 1) {
    together += (values[i]! - mean) * (values[i - 1]! - mean);
    power += (values[i]! - mean) ** 2;
  }
  return power === 0 ? 1 : together / power;
}
