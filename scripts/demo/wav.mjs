// Just enough WAV for the demo's own files: mono 16-bit PCM.
import { readFileSync, writeFileSync } from 'node:fs';

/** Samples of a mono 16-bit WAV file: `{ samples: Int16Array, sampleRateHz }`. */
export function readWav(path) {
  const bytes = readFileSync(path);
  let format;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const id = bytes.toString('latin1', at, at + 4);
    const length = bytes.readUInt32LE(at + 4);
    if (id === 'fmt ') {
      format = {
        channels: bytes.readUInt16LE(at + 10),
        sampleRateHz: bytes.readUInt32LE(at + 12),
        bits: bytes.readUInt16LE(at + 22),
      };
    }
    if (id === 'data') {
      if (format?.channels !== 1 || format.bits !== 16) throw new Error(`${path} is not mono 16-bit PCM`);
      const whole = Math.min(length, bytes.length - at - 8) & ~1;
      const copy = bytes.buffer.slice(bytes.byteOffset + at + 8, bytes.byteOffset + at + 8 + whole);
      return { samples: new Int16Array(copy), sampleRateHz: format.sampleRateHz };
    }
    at += 8 + length + (length & 1);
  }
  throw new Error(`${path} is not a WAV file`);
}

/** Writes mono 16-bit PCM. */
export function writeWav(path, samples, sampleRateHz) {
  const header = Buffer.alloc(44);
  header.write('RIFF', 0, 'latin1');
  header.writeUInt32LE(36 + 2 * samples.length, 4);
  header.write('WAVEfmt ', 8, 'latin1');
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20); // PCM
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(sampleRateHz, 24);
  header.writeUInt32LE(2 * sampleRateHz, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36, 'latin1');
  header.writeUInt32LE(2 * samples.length, 40);
  writeFileSync(path, Buffer.concat([header, Buffer.from(samples.buffer, samples.byteOffset, 2 * samples.length)]));
}
