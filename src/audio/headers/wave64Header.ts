import { corrupt } from '../decoding/decodeErrors.js';
import { type ReadAt, text, view } from './bytes.js';
import { type FormatChunk, parseFormat, type WavHeader, wavOf } from './wavHeader.js';

/** A chunk's header: a GUID, whose first four bytes are the name it has in WAV, and its size with this header. */
const HEAD_BYTES = 24;
const FIRST_CHUNK = 40;
const MAX_CHUNKS = 10_000;

/** Sony Wave64, as Sound Forge and ffmpeg write it. Throws as `wavHeader`. */
export async function wave64Header(readAt: ReadAt): Promise<WavHeader> {
  let format: FormatChunk | undefined;
  for (let at = FIRST_CHUNK, chunks = 0; chunks < MAX_CHUNKS; chunks += 1) {
    const head = await readAt(at, HEAD_BYTES);
    if (head.length < HEAD_BYTES) break;
    const id = text(head, 0, 4);
    const bytes = Number(view(head).getBigUint64(16, true)) - HEAD_BYTES;
    const start = at + HEAD_BYTES;
    if (id === 'data') {
      if (!format) throw corrupt('the Wave64 data come before their format');
      const isKnown = bytes > 0 && bytes < Number.MAX_SAFE_INTEGER;
      return wavOf(format, { start, bytes: isKnown ? bytes : undefined }, true);
    }
    if (bytes < 0) break;
    if (id === 'fmt ') format = parseFormat(await readAt(start, Math.min(bytes, 40)), true);
    at = start + Math.ceil(bytes / 8) * 8;
  }
  throw corrupt('the Wave64 header ends before its data');
}
