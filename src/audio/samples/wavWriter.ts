import { wavHeader } from '../../core/wavHeader.js';

/** Mono samples in [-1, 1] as a 16-bit WAV file; what lies outside is clipped. */
export function writeWav(samples: Float32Array, sampleRateHz: number): Uint8Array {
  const data = Buffer.alloc(2 * samples.length);
  samples.forEach((sample, index) => {
    data.writeInt16LE(Math.max(-32_768, Math.min(32_767, Math.round(sample * 32_768))), 2 * index);
  });
  return Buffer.concat([wavHeader(data.length, sampleRateHz), data]);
}
