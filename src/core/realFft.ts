/**
 * Power spectra of real frames of one fixed length, without allocation per call.
 *
 * The `size` real values are packed as `size / 2` complex ones, transformed in place by radix-4 butterflies
 * (decimation in frequency, which leaves the output in digit-reversed order; a table undoes that while unpacking).
 * `size / 2` must be a power of four, 16 or more: sizes 32, 128, 512, 2048.
 */
export class RealFft {
  readonly size: number;
  /** The frame to transform; fill all of it before each call. It is not changed. */
  readonly input: Float64Array<ArrayBuffer>;
  readonly #re: Float64Array;
  readonly #im: Float64Array;
  readonly #stageTwiddles: readonly Float64Array[];
  readonly #reversed: Uint16Array;
  readonly #unpackCos: Float64Array;
  readonly #unpackSin: Float64Array;

  constructor(size: number) {
    const half = size / 2;
    const digits = Math.log2(half) / 2;
    if (!Number.isInteger(digits) || half < 16) throw new RangeError('the FFT size must be twice a power of four');
    this.size = size;
    this.input = new Float64Array(size);
    this.#re = new Float64Array(half);
    this.#im = new Float64Array(half);
    this.#stageTwiddles = stageTwiddles(half);
    this.#reversed = digitReversal(half, digits);
    this.#unpackCos = Float64Array.from({ length: half }, (_, k) => Math.cos((2 * Math.PI * k) / size));
    this.#unpackSin = Float64Array.from({ length: half }, (_, k) => Math.sin((2 * Math.PI * k) / size));
  }

  /** Writes |X[k]|² of `input` for k = 0 … size / 2 into `power`, shape (size / 2 + 1,). Not scaled. */
  powerSpectrum(power: Float64Array): void {
    const re = this.#re;
    const im = this.#im;
    const stages = this.#stageTwiddles;
    firstStage(this.input, re, im, stages[0]!);
    let length = this.size >> 3;
    for (let stage = 1; stage < stages.length; stage += 1) {
      radix4Stage(re, im, length, stages[stage]!);
      length >>= 2;
    }
    lastStage(re, im);
    this.#unpack(power);
  }

  /** Z[k] of the packed signal -> X[k] of the real one: X = (Z[k] + Z*[h-k]) / 2 - i e^(-2πik/size) (Z[k] - Z*[h-k]) / 2. */
  #unpack(power: Float64Array): void {
    const half = this.size >> 1;
    const re = this.#re;
    const im = this.#im;
    const reversed = this.#reversed;
    const cos = this.#unpackCos;
    const sin = this.#unpackSin;
    const dcRe = re[0]!;
    const dcIm = im[0]!;
    power[0] = (dcRe + dcIm) * (dcRe + dcIm);
    power[half] = (dcRe - dcIm) * (dcRe - dcIm);
    for (let k = 1; k <= half >> 1; k += 1) {
      const a = reversed[k]!;
      const b = reversed[half - k]!;
      const evenRe = (re[a]! + re[b]!) * 0.5;
      const evenIm = (im[a]! - im[b]!) * 0.5;
      const oddRe = (im[a]! + im[b]!) * 0.5;
      const oddIm = (re[b]! - re[a]!) * 0.5;
      const turnedRe = oddRe * cos[k]! + oddIm * sin[k]!;
      const turnedIm = oddIm * cos[k]! - oddRe * sin[k]!;
      const xRe = evenRe + turnedRe;
      const xIm = evenIm + turnedIm;
      const yRe = evenRe - turnedRe;
      const yIm = evenIm - turnedIm;
      power[k] = xRe * xRe + xIm * xIm;
      power[half - k] = yRe * yRe + yIm * yIm;
    }
  }
}

/** The first pass, which reads the real values two by two as complex ones. */
function firstStage(input: Float64Array, re: Float64Array, im: Float64Array, twiddles: Float64Array): void {
  const quarter = re.length >> 2;
  const half = quarter * 2;
  for (let j = 0, t = 0; j < quarter; j += 1, t += 6) {
    const i0 = j * 2;
    const i1 = i0 + half;
    const i2 = i1 + half;
    const i3 = i2 + half;
    const sumRe02 = input[i0]! + input[i2]!;
    const sumIm02 = input[i0 + 1]! + input[i2 + 1]!;
    const difRe02 = input[i0]! - input[i2]!;
    const difIm02 = input[i0 + 1]! - input[i2 + 1]!;
    const sumRe13 = input[i1]! + input[i3]!;
    const sumIm13 = input[i1 + 1]! + input[i3 + 1]!;
    const difRe13 = input[i1]! - input[i3]!;
    const difIm13 = input[i1 + 1]! - input[i3 + 1]!;
    re[j] = sumRe02 + sumRe13;
    im[j] = sumIm02 + sumIm13;
    turnInto(re, im, j + quarter, difRe02 + difIm13, difIm02 - difRe13, twiddles[t]!, twiddles[t + 1]!);
    turnInto(re, im, j + half, sumRe02 - sumRe13, sumIm02 - sumIm13, twiddles[t + 2]!, twiddles[t + 3]!);
    turnInto(re, im, j + half + quarter, difRe02 - difIm13, difIm02 + difRe13, twiddles[t + 4]!, twiddles[t + 5]!);
  }
}

/** One pass of radix-4 butterflies over blocks of `length`, in place. */
function radix4Stage(re: Float64Array, im: Float64Array, length: number, twiddles: Float64Array): void {
  const quarter = length >> 2;
  for (let block = 0; block < re.length; block += length) {
    for (let j = 0, t = 0; j < quarter; j += 1, t += 6) {
      const i0 = block + j;
      const i1 = i0 + quarter;
      const i2 = i1 + quarter;
      const i3 = i2 + quarter;
      const sumRe02 = re[i0]! + re[i2]!;
      const sumIm02 = im[i0]! + im[i2]!;
      const difRe02 = re[i0]! - re[i2]!;
      const difIm02 = im[i0]! - im[i2]!;
      const sumRe13 = re[i1]! + re[i3]!;
      const sumIm13 = im[i1]! + im[i3]!;
      const difRe13 = re[i1]! - re[i3]!;
      const difIm13 = im[i1]! - im[i3]!;
      re[i0] = sumRe02 + sumRe13;
      im[i0] = sumIm02 + sumIm13;
      turnInto(re, im, i1, difRe02 + difIm13, difIm02 - difRe13, twiddles[t]!, twiddles[t + 1]!);
      turnInto(re, im, i2, sumRe02 - sumRe13, sumIm02 - sumIm13, twiddles[t + 2]!, twiddles[t + 3]!);
      turnInto(re, im, i3, difRe02 - difIm13, difIm02 + difRe13, twiddles[t + 4]!, twiddles[t + 5]!);
    }
  }
}

/** The last pass, over blocks of four, where every twiddle is 1. */
function lastStage(re: Float64Array, im: Float64Array): void {
  for (let i = 0; i < re.length; i += 4) {
    const sumRe02 = re[i]! + re[i + 2]!;
    const sumIm02 = im[i]! + im[i + 2]!;
    const difRe02 = re[i]! - re[i + 2]!;
    const difIm02 = im[i]! - im[i + 2]!;
    const sumRe13 = re[i + 1]! + re[i + 3]!;
    const sumIm13 = im[i + 1]! + im[i + 3]!;
    const difRe13 = re[i + 1]! - re[i + 3]!;
    const difIm13 = im[i + 1]! - im[i + 3]!;
    re[i] = sumRe02 + sumRe13;
    im[i] = sumIm02 + sumIm13;
    re[i + 1] = difRe02 + difIm13;
    im[i + 1] = difIm02 - difRe13;
    re[i + 2] = sumRe02 - sumRe13;
    im[i + 2] = sumIm02 - sumIm13;
    re[i + 3] = difRe02 - difIm13;
    im[i + 3] = difIm02 + difRe13;
  }
}

/** Writes (xRe + i xIm) · (cos - i sin); small enough that the engine inlines it. */
function turnInto(
  re: Float64Array,
  im: Float64Array,
  at: number,
  xRe: number,
  xIm: number,
  cos: number,
  sin: number,
): void {
  re[at] = xRe * cos + xIm * sin;
  im[at] = xIm * cos - xRe * sin;
}

/** For each stage but the last the cosines and sines of w, w², w³ side by side, as the butterflies read them. */
function stageTwiddles(half: number): Float64Array[] {
  const stages: Float64Array[] = [];
  for (let length = half; length > 4; length >>= 2) {
    const quarter = length >> 2;
    const table = new Float64Array(quarter * 6);
    for (let j = 0; j < quarter; j += 1) {
      for (let power = 1; power <= 3; power += 1) {
        const angle = (2 * Math.PI * j * power) / length;
        table[j * 6 + (power - 1) * 2] = Math.cos(angle);
        table[j * 6 + (power - 1) * 2 + 1] = Math.sin(angle);
      }
    }
    stages.push(table);
  }
  return stages;
}

/** Index of frequency k after the stages: its base-4 digits reversed. */
function digitReversal(half: number, digits: number): Uint16Array {
  return Uint16Array.from({ length: half }, (_, k) => {
    let reversed = 0;
    for (let digit = 0, rest = k; digit < digits; digit += 1, rest >>= 2) reversed = (reversed << 2) | (rest & 3);
    return reversed;
  });
}
