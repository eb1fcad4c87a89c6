import { VoicePrintsError } from '../../core/errors.js';

/**
 * Decodes base64 strictly: either alphabet, with or without padding; line ends and a leading `data:…;base64,` are let pass.
 * Anything else is AUDIO_BASE64_INVALID.
 */
export function decodeBase64(text: string): Buffer<ArrayBuffer> {
  const marker = text.startsWith('data:') ? text.slice(0, 256).indexOf(';base64,') : -1;
  const packed = marker < 0 ? text : text.slice(marker + ';base64,'.length);
  const bytes = Buffer.from(packed, 'base64');
  // Node skips what is no base64, so foreign characters show as missing bytes: a check without a pass over the text.
  if (bytes.length === bytesIn(packed)) return bytes;
  if (bytes.length === bytesIn(packed.replace(/[ \t\r\n]+/g, ''))) return bytes;
  throw new VoicePrintsError('AUDIO_BASE64_INVALID', 'content is not base64; send the bytes of the audio as base64');
}

/** How many bytes a base64 text without foreign characters stands for; undefined where no text has that form. */
function bytesIn(text: string): number | undefined {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const characters = text.length - padding;
  if (characters % 4 === 1 || (padding > 0 && text.length % 4 !== 0)) return undefined;
  return Math.floor((characters * 3) / 4);
}
