import { VoicePrintsError } from '../../core/errors.js';

/**
 * Decodes base64 strictly: either alphabet, with or without padding; line ends and a leading `data:…;base64,` are accepted.
 * Anything else is AUDIO_BASE64_INVALID.
 */
export function decodeBase64(text: string): Buffer<ArrayBuffer> {
  const marker = text.startsWith('data:') ? text.slice(0, 256).indexOf(';base64,') : -1;
  const packed = marker < 0 ? text : text.slice(marker + ';base64,'.length);
  const bytes = Buffer.from(packed, 'base64');
  // Node.js skips invalid characters, so they show as missing bytes: a check without a pass over the text.
  if (bytes.length === bytesIn(packed, packed.length)) return bytes;
  const last = packed.trimEnd();
  if (bytes.length === bytesIn(last, last.length - blanksIn(last))) return bytes;
  throw new VoicePrintsError('AUDIO_BASE64_INVALID', 'content is not base64; send the bytes of the audio as base64');
}

/** Decoded length of a base64 text of so many characters, white space excluded; undefined where that length is impossible. */
function bytesIn(text: string, length: number): number | undefined {
  const padding = /=[ \t\r\n]*=$/.test(text.slice(-PADDING_CHARACTERS)) ? 2 : text.endsWith('=') ? 1 : 0;
  const characters = length - padding;
  if (characters % 4 === 1 || (padding > 0 && length % 4 !== 0)) return undefined;
  return Math.floor((characters * 3) / 4);
}

/** More than can separate the two padding signs at the end, even where a line is broken there. */
const PADDING_CHARACTERS = 16;

/** Counted one by one: on a text of white space only, a regular expression would take seconds. */
function blanksIn(text: string): number {
  let blanks = 0;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code === 0x20 || code === 0x09 || code === 0x0d || code === 0x0a) blanks += 1;
  }
  return blanks;
}
