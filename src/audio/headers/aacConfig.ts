import { text } from './bytes.js';

/** How AAC is to be decoded: AudioSpecificConfig, ISO 14496-3 §1.6.2.1. */
export interface AacConfig {
  /** 2 is AAC-LC. */
  readonly objectType: number;
  /** 15: a rate that is in no table. */
  readonly rateIndex: number;
  readonly channelConfig: number;
  /** Undefined where the stream itself declares it. */
  readonly channels: number | undefined;
}

const DECODER_SPECIFIC_INFO = 0x05;

/** Reads it alone, or out of an elementary stream descriptor (ISO 14496-1 §7.2.6.5), with or without its `esds` box. */
export function aacConfig(bytes: Uint8Array): AacConfig | undefined {
  const isDescriptor = bytes[0] === 0x03 || text(bytes, 4, 8) === 'esds';
  const at = isDescriptor ? configAt(bytes) : 0;
  if (at === undefined || bytes.length < at + 2) return undefined;
  const [first, second] = [bytes[at]!, bytes[at + 1]!];
  const objectType = first >> 3;
  const channelConfig = (second >> 3) & 15;
  if (objectType === 0) return undefined;
  const channels = channelConfig === 7 ? 8 : channelConfig >= 1 && channelConfig <= 6 ? channelConfig : undefined;
  return { objectType, rateIndex: ((first & 7) << 1) | (second >> 7), channelConfig, channels };
}

/** Descriptors: a tag, a length of one to four bytes with 7 bits each, then fields and further descriptors. */
function configAt(bytes: Uint8Array): number | undefined {
  const isEsds = text(bytes, 4, 8) === 'esds';
  let at = isEsds ? 12 : 0;
  const open = (tag: number): boolean => {
    if (bytes[at] !== tag) return false;
    at += 1;
    for (let i = 0; i < 3 && (bytes[at] ?? 0) & 0x80; i += 1) at += 1;
    at += 1;
    return true;
  };
  if (!open(0x03)) return undefined;
  const flags = bytes[at + 2] ?? 0;
  at += 3 + (flags & 0x80 ? 2 : 0) + (flags & 0x40 ? 1 + (bytes[at + 3] ?? 0) : 0) + (flags & 0x20 ? 2 : 0);
  if (!open(0x04)) return undefined;
  at += 13;
  return open(DECODER_SPECIFIC_INFO) ? at : undefined;
}
