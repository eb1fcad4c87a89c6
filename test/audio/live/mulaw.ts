/** ITU-T G.711 by its definition: segments of a 14-bit magnitude, bits inverted. @param sample in [-1, 1] */
export function mulaw(sample: number): number {
  const magnitude = Math.min(32_635, Math.abs(Math.round(sample * 32_767))) + 132;
  const segment = Math.floor(Math.log2(magnitude)) - 7;
  return ~((sample < 0 ? 0x80 : 0) | (segment << 4) | ((magnitude >> (segment + 3)) & 0x0f)) & 0xff;
}
