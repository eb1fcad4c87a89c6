const HEADER_BYTES = 44;

/** One channel of 16-bit samples as a WAV file. */
export function wavOf(blocks: readonly ArrayBuffer[], sampleRateHz: number): Blob {
  const bytes = blocks.reduce((sum, block) => sum + block.byteLength, 0);
  const header = new DataView(new ArrayBuffer(HEADER_BYTES));
  const word = (at: number, text: string) => {
    for (let i = 0; i < 4; i += 1) header.setUint8(at + i, text.charCodeAt(i));
  };
  word(0, 'RIFF');
  header.setUint32(4, HEADER_BYTES - 8 + bytes, true);
  word(8, 'WAVE');
  word(12, 'fmt ');
  header.setUint32(16, 16, true);
  header.setUint16(20, 1, true); // PCM
  header.setUint16(22, 1, true);
  header.setUint32(24, sampleRateHz, true);
  header.setUint32(28, sampleRateHz * 2, true);
  header.setUint16(32, 2, true);
  header.setUint16(34, 16, true);
  word(36, 'data');
  header.setUint32(40, bytes, true);
  return new Blob([header.buffer, ...blocks], { type: 'audio/wav' });
}
