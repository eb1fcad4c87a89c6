// Recordings for jobs, and moments by chance that are the same in every run.

/** Mulberry32: the same moments in every run with one seed. */
export function chanceOf(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A hum with pauses as WAV in base64, other samples for every job. */
export function clipOf(number, seconds) {
  const samples = 16_000 * seconds;
  const wav = Buffer.alloc(44 + 2 * samples);
  wav.write('RIFF', 0);
  wav.writeUInt32LE(36 + 2 * samples, 4);
  wav.write('WAVEfmt ', 8);
  wav.writeUInt32LE(16, 16);
  wav.writeUInt16LE(1, 20);
  wav.writeUInt16LE(1, 22);
  wav.writeUInt32LE(16_000, 24);
  wav.writeUInt32LE(32_000, 28);
  wav.writeUInt16LE(2, 32);
  wav.writeUInt16LE(16, 34);
  wav.write('data', 36);
  wav.writeUInt32LE(2 * samples, 40);
  for (let i = 0; i < samples; i += 1) {
    const isLoud = Math.floor(i / 8_000) % 2 === 0;
    wav.writeInt16LE(isLoud ? Math.round(8_000 * Math.sin((i * (100 + (number % 400))) / 2_546)) : 3, 44 + 2 * i);
  }
  return wav.toString('base64');
}
