import type { ByteSource } from './byteSource.js';
import { find, text } from './headers/bytes.js';
import { matroskaHeader } from './headers/matroskaHeader.js';
import { nextMp4 } from './headers/mp4Header.js';

/** Containers in which a second recording may follow the first one (`cat`, pieces of a browser), to be found by its beginning. */
interface Beginning {
  readonly magic: string;
  /** Whether it is one, given the bytes from the magic on. */
  readonly isBeginning: (bytes: Uint8Array) => boolean;
}

const EBML_MAGIC = '\x1a\x45\xdf\xa3';
const BEGINNINGS: Readonly<Record<string, Beginning>> = {
  // A page that begins a stream and comes after the pages of others have: RFC 3533 §4.
  ogg: { magic: 'OggS\0', isBeginning: (bytes) => (bytes[5]! & 0x02) !== 0 },
  matroska: { magic: EBML_MAGIC, isBeginning: (bytes) => find(bytes, 'webm') > 0 || find(bytes, 'matroska') > 0 },
  // STREAMINFO must be the first block and is 34 bytes long: RFC 9639 §8.2.
  flac: { magic: 'fLaC', isBeginning: (bytes) => text(bytes, 4, 8).endsWith('\0\0\x22') },
  amr: { magic: '#!AMR\n', isBeginning: () => true },
  'amr-wb': { magic: '#!AMR-WB\n', isBeginning: () => true },
};

/** Enough of what follows a magic to know it by. */
const LOOK_BYTES = 64;
/** Read at once: little at first, since what was joined may be short. */
const LEAST_SCAN_BYTES = 8_192;
const MOST_SCAN_BYTES = 262_144;

/** Whether recordings of this container are looked through for another one behind them: they must be replayable then. */
export const mayBeJoined = (container: string): boolean => container in BEGINNINGS || container === 'mp4';

/**
 * Where another recording begins behind the one at the beginning of the source, or undefined. Reads through the source
 * where its container does not declare its end.
 */
export async function nextRecording(source: ByteSource, container: string): Promise<number | undefined> {
  const readAt = (position: number, length: number) => source.readAt(position, length);
  if (container === 'mp4') return nextMp4(readAt, source.size ?? 0);
  const beginning = BEGINNINGS[container];
  if (!beginning) return undefined;
  if (container === 'matroska') {
    const { endByte } = await matroskaHeader(readAt);
    if (endByte !== undefined) return isAt(beginning, await source.readAt(endByte, LOOK_BYTES)) ? endByte : undefined;
  }
  return container === 'ogg' ? nextOgg(source, beginning) : scan(source, beginning, () => true);
}

const isAt = ({ magic, isBeginning }: Beginning, bytes: Uint8Array): boolean =>
  text(bytes, 0, magic.length) === magic && isBeginning(bytes);

/** Several streams may run side by side: all of them begin before any goes on. */
function nextOgg(source: ByteSource, { magic, isBeginning }: Beginning): Promise<number | undefined> {
  let hasData = false;
  return scan(source, { magic, isBeginning: () => true }, (page) => {
    if (isBeginning(page)) return hasData;
    hasData = true;
    return false;
  });
}

/** The first beginning behind the source's own that `isWanted`. */
async function scan(
  source: ByteSource,
  { magic, isBeginning }: Beginning,
  isWanted: (bytes: Uint8Array) => boolean,
): Promise<number | undefined> {
  for (let from = 0, scanned = LEAST_SCAN_BYTES; ; from += scanned, scanned = Math.min(2 * scanned, MOST_SCAN_BYTES)) {
    const bytes = await source.readAt(from, scanned + LOOK_BYTES);
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = -1; ; ) {
      at = buffer.indexOf(magic, at + 1, 'latin1');
      if (at < 0 || at >= scanned) break;
      const found = bytes.subarray(at, at + LOOK_BYTES);
      if (from + at > 0 && isBeginning(found) && isWanted(found)) return from + at;
    }
    if (bytes.length < scanned + LOOK_BYTES) return undefined;
  }
}
