/** Table 12 of G.722: the inverse logarithm, 2048 * 2 ^ (i / 32). */
const ILB = Int16Array.from([
  2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383, 2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834, 2896, 2960, 3025,
  3091, 3158, 3228, 3298, 3371, 3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008,
]);

const clamp16 = (value: number): number => (value > 32_767 ? 32_767 : Math.max(value, -32_768));
const clamp = (value: number, limit: number): number => (value > limit ? limit : Math.max(value, -limit));
/** True where both are negative or neither is. */
const agree = (a: number, b: number): boolean => a < 0 === b < 0;

/** One band of G.722: the scale of its quantizer and its predictor of two poles and six zeros, all in 16-bit integers. */
export class AdaptiveBand {
  /** Quantizer scale factor (DET). */
  scale: number;
  /** The next sample as predicted (S). */
  prediction = 0;
  readonly #shift: number;
  readonly #maxLogScale: number;
  #logScale = 0;
  /** Zeros' part of the prediction (SZ). */
  #zeros = 0;
  /** Pole coefficients (A1, A2), the last two reconstructed (R) and partially reconstructed (P) samples. */
  #a1 = 0;
  #a2 = 0;
  #r1 = 0;
  #r2 = 0;
  #p1 = 0;
  #p2 = 0;
  /** Zero coefficients (B) and the last six differences (D), the newest first. */
  readonly #b = new Int16Array(6);
  readonly #d = new Int16Array(6);

  constructor(start: { readonly scale: number; readonly shift: number; readonly maxLogScale: number }) {
    this.scale = start.scale;
    this.#shift = start.shift;
    this.#maxLogScale = start.maxLogScale;
  }

  /** Blocks 3 and 4: learns from a quantized difference and the step its codeword means for the scale. */
  adapt(difference: number, logStep: number): void {
    const logScale = ((this.#logScale * 127) >> 7) + logStep;
    this.#logScale = Math.max(0, Math.min(this.#maxLogScale, logScale));
    const exponent = this.#shift - (this.#logScale >> 11);
    const mantissa = ILB[(this.#logScale >> 6) & 31]!;
    this.scale = (exponent < 0 ? mantissa << -exponent : mantissa >> exponent) << 2;
    const reconstructed = clamp16(this.prediction + difference);
    this.#adaptPoles(clamp16(this.#zeros + difference));
    this.#adaptZeros(difference);
    this.#predict(reconstructed);
  }

  /** UPPOL2 and UPPOL1. */
  #adaptPoles(partial: number): void {
    const quadrupled = clamp16(this.#a1 << 2);
    const towards = agree(partial, this.#p1) ? Math.min(32_767, -quadrupled) : quadrupled;
    const second = (agree(partial, this.#p2) ? 128 : -128) + (towards >> 7) + ((this.#a2 * 32_512) >> 15);
    this.#a2 = clamp(second, 12_288);
    const first = clamp16((agree(partial, this.#p1) ? 192 : -192) + ((this.#a1 * 32_640) >> 15));
    this.#a1 = clamp(first, clamp16(15_360 - this.#a2));
    this.#p2 = this.#p1;
    this.#p1 = partial;
  }

  /** UPZERO. */
  #adaptZeros(difference: number): void {
    const step = difference === 0 ? 0 : 128;
    const b = this.#b;
    const d = this.#d;
    for (let i = 0; i < 6; i += 1) {
      b[i] = clamp16((agree(d[i]!, difference) ? step : -step) + ((b[i]! * 32_640) >> 15));
    }
    d.copyWithin(1, 0, 5);
    d[0] = difference;
  }

  /** FILTEP, FILTEZ and PREDIC. */
  #predict(reconstructed: number): void {
    this.#r2 = this.#r1;
    this.#r1 = reconstructed;
    const poles = clamp16(((this.#a1 * clamp16(2 * this.#r1)) >> 15) + ((this.#a2 * clamp16(2 * this.#r2)) >> 15));
    let zeros = 0;
    for (let i = 0; i < 6; i += 1) zeros += (this.#b[i]! * clamp16(2 * this.#d[i]!)) >> 15;
    this.#zeros = clamp16(zeros);
    this.prediction = clamp16(poles + this.#zeros);
  }
}
