import { corrupt } from '../decoding/decodeErrors.js';
import { type ReadAt, view } from './bytes.js';

export interface FlacHeader {
  readonly sampleRateHz: number;
  readonly channels: number;
  /** Undefined where the encoder did not know. */
  readonly durationMs: number | undefined;
}

/** STREAMINFO, which RFC 9639 §8.2 wants to be the first block. Throws AUDIO_CORRUPT. */
export async function flacHeader(readAt: ReadAt, start: number): Promise<FlacHeader> {
  const bytes = await readAt(start, 42);
  if (bytes.length < 42 || (bytes[4]! & 0x7f) !== 0) throw corrupt('the FLAC header is damaged or incomplete');
  const fields = view(bytes);
  const packed = fields.getUint32(18); // 20 bits of rate, 3 of channels, 5 of bits, 4 of the sample count
  const sampleRateHz = packed >>> 12;
  if (sampleRateHz === 0) throw corrupt('the FLAC header names a sample rate of 0');
  const samples = (packed & 0x0f) * 2 ** 32 + fields.getUint32(22);
  return {
    sampleRateHz,
    channels: ((packed >>> 9) & 7) + 1,
    durationMs: samples === 0 ? undefined : (samples * 1000) / sampleRateHz,
  };
}
