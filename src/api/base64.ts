import { VoicePrintsError } from '../core/errors.js';

/**
 * Decodes base64 strictly: either alphabet, with or without padding; line ends and a leading `data:…;base64,` are let pass.
 * Anything else is AUDIO_BASE64_INVALID.
 */
export function decodeBase64(text: string): Buffer<ArrayBuffer> {
  const marker = text.startsWith('data:') ? text.slice(0, 256).indexOf(';base64,') : -1;
  const packed = (marker < 0 ? text : text.slice(marker + ';base64,'.length)).replace(/[ \t\r\n]+/g, '');
  let end = packed.length;
  while (end > 0 && packed.length - end < 2 && packed[end - 1] === '=') end -= 1;
  const bytes = Buffer.from(packed, 'base64');
  // Node skips what is no base64, so foreign characters show as missing bytes: a check without a pass of our own.
  const isPaddingWrong = end < packed.length && packed.length % 4 !== 0;
  if (end % 4 === 1 || isPaddingWrong || bytes.length !== Math.floor((end * 3) / 4)) {
    throw new VoicePrintsError('AUDIO_BASE64_INVALID', 'content is not base64; send the bytes of the audio as base64');
  }
  return bytes;
}
