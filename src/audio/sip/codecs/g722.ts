import { AdaptiveBand } from './g722Band.js';

/** Table 11: quadrature mirror filter, every other tap of it; the others are its mirror. */
const QMF = Int16Array.from([3, -11, 12, 32, -210, 951, 3876, -805, 362, -156, 53, -11]);
const QMF_TAPS = 2 * QMF.length;

/** 6-bit inverse quantizer of the lower band, by codeword (block 5L). */
const QM6 = Int16Array.from([
  -136, -136, -136, -136, -24808, -21904, -19008, -16704, -14984, -13512, -12280, -11192, -10232, -9360, -8576, -7856,
  -7192, -6576, -6000, -5456, -4944, -4464, -4008, -3576, -3168, -2776, -2400, -2032, -1688, -1360, -1040, -728, 24808,
  21904, 19008, 16704, 14984, 13512, 12280, 11192, 10232, 9360, 8576, 7856, 7192, 6576, 6000, 5456, 4944, 4464, 4008,
  3576, 3168, 2776, 2400, 2032, 1688, 1360, 1040, 728, 432, 136, -432, -136,
]);
/** 4-bit inverse quantizer, which adapts the lower band (block 2L). */
const QM4 = Int16Array.from([
  0, -20456, -12896, -8968, -6288, -4240, -2584, -1200, 20456, 12896, 8968, 6288, 4240, 2584, 1200, 0,
]);
/** 2-bit inverse quantizer of the higher band (block 2H). */
const QM2 = Int16Array.from([-7408, -1616, 7408, 1616]);
/** Steps of the logarithmic scale factor by 4-bit codeword, lower band (block 3L), and by 2-bit codeword, higher (3H). */
const WL = Int16Array.from([-60, 3042, 1198, 538, 334, 172, 58, -30, 3042, 1198, 538, 334, 172, 58, -30, -60]);
const WH = Int16Array.from([798, -214, 798, -214]);

const clamp15 = (value: number): number => (value > 16_383 ? 16_383 : Math.max(value, -16_384));
const clamp16 = (value: number): number => (value > 32_767 ? 32_767 : Math.max(value, -32_768));

/**
 * Decoder of ITU-T G.722 (09/2012) at 64 kbit/s: ADPCM in two bands, joined by a quadrature mirror filter. Symbols and
 * block names are the Recommendation's. Agrees with FFmpeg's decoder to the bit (test/audio/sip/g722.test.ts).
 */
export class G722Decoder {
  readonly #lower = new AdaptiveBand({ scale: 32, shift: 8, maxLogScale: 18_432 });
  readonly #higher = new AdaptiveBand({ scale: 8, shift: 10, maxLogScale: 22_528 });
  /** The mirror filter's memory: the last 11 pairs. */
  readonly #memory = new Int32Array(QMF_TAPS - 2);

  /** Two samples per byte, at 16 kHz, in [-1, 1]. */
  decode(codewords: Uint8Array): Float32Array<ArrayBuffer> {
    const pairs = new Int32Array(this.#memory.length + 2 * codewords.length);
    pairs.set(this.#memory);
    for (let i = 0, at = this.#memory.length; i < codewords.length; i += 1, at += 2) {
      const low = this.#decodeLower(codewords[i]! & 0x3f);
      const high = this.#decodeHigher(codewords[i]! >> 6);
      pairs[at] = low + high;
      pairs[at + 1] = low - high;
    }
    this.#memory.set(pairs.subarray(pairs.length - this.#memory.length));
    return mirrored(pairs, codewords.length);
  }

  #decodeLower(codeword: number): number {
    const low = clamp15(this.#lower.prediction + ((this.#lower.scale * QM6[codeword]!) >> 15));
    const coarse = codeword >> 2;
    this.#lower.adapt((this.#lower.scale * QM4[coarse]!) >> 15, WL[coarse]!);
    return low;
  }

  #decodeHigher(codeword: number): number {
    const difference = (this.#higher.scale * QM2[codeword]!) >> 15;
    const high = clamp15(this.#higher.prediction + difference);
    this.#higher.adapt(difference, WH[codeword]!);
    return high;
  }
}

function mirrored(pairs: Int32Array, count: number): Float32Array<ArrayBuffer> {
  const samples = new Float32Array(2 * count);
  for (let n = 0; n < count; n += 1) {
    let even = 0;
    let odd = 0;
    for (let tap = 0; tap < QMF.length; tap += 1) {
      odd += pairs[2 * (n + tap)]! * QMF[tap]!;
      even += pairs[2 * (n + tap) + 1]! * QMF[QMF.length - 1 - tap]!;
    }
    samples[2 * n] = clamp16(even >> 11) / 32_768;
    samples[2 * n + 1] = clamp16(odd >> 11) / 32_768;
  }
  return samples;
}
