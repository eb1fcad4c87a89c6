const HEADER_BYTES = 44;

/** Mono samples in [-1, 1] as a 16-bit WAV file; what lies outside is clipped. */
export function writeWav(samples: Float32Array, sampleRateHz: number): Uint8Array {
  const wav = Buffer.alloc(HEADER_BYTES + 2 * samples.length);
  wav.write('RIFF', 0, 'latin1');
  wav.writeUInt32LE(wav.length - 8, 4);
  wav.write('WAVEfmt ', 8, 'latin1');
  wav.writeUInt32LE(16, 16); // length of fmt
  wav.writeUInt16LE(1, 20); // PCM
  wav.writeUInt16LE(1, 22); // channels
  wav.writeUInt32LE(sampleRateHz, 24);
  wav.writeUInt32LE(2 * sampleRateHz, 28); // bytes per second
  wav.writeUInt16LE(2, 32); // bytes per block
  wav.writeUInt16LE(16, 34); // bits per sample
  wav.write('data', 36, 'latin1');
  wav.writeUInt32LE(2 * samples.length, 40);
  samples.forEach((sample, index) => {
    wav.writeInt16LE(Math.max(-32_768, Math.min(32_767, Math.round(sample * 32_768))), HEADER_BYTES + 2 * index);
  });
  return wav;
}
