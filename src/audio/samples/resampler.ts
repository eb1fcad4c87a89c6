import { ENGINE_SAMPLE_RATE_HZ } from '../../core/audioFrame.js';
import { createDotProducts, type DotProducts } from './dotProducts.js';
import { type FilterTable, filterTable } from './filterTable.js';

/** Input taken in at once; more is cut. Bounds the memory. */
const PIECE_SAMPLES = 16_384;

/**
 * Any rate to 16 kHz: windowed-sinc polyphase filter, streaming, gapless and without delay. n samples become
 * round(n * 16000 / rate), output k standing at time k / 16000. The result does not depend on how the input is cut.
 * Time is counted in whole numbers, so that hours do not drift. Measured by test/audio/resampler.test.ts.
 */
export class Resampler {
  readonly #rateHz: number;
  readonly #table: FilterTable;
  /** One output later is `#stepWhole + #stepFraction / #units` input samples later. */
  readonly #units: number;
  readonly #stepWhole: number;
  readonly #stepFraction: number;
  readonly #buffers: Buffers;
  /** Input samples in the buffer that are still needed. */
  #held: number;
  /** First tap of the next output within the buffer. */
  #base = 0;
  /** Position of the next output after its middle tap, in units. */
  #fraction = 0;
  #received = 0;
  #produced = 0;

  constructor(rateHz: number) {
    const divisor = greatestCommonDivisor(rateHz, ENGINE_SAMPLE_RATE_HZ);
    const step = rateHz / divisor;
    this.#rateHz = rateHz;
    this.#units = ENGINE_SAMPLE_RATE_HZ / divisor;
    this.#stepWhole = Math.floor(step / this.#units);
    this.#stepFraction = step % this.#units;
    this.#table = filterTable(rateHz, this.#units);
    this.#buffers = allocate(this.#table, rateHz);
    this.#held = this.#table.taps / 2 - 1; // silence before the first sample
  }

  /** Output that later input cannot change any more, in pieces of any length. */
  *push(input: Float32Array): Generator<Float32Array<ArrayBuffer>> {
    for (let at = 0; at < input.length; at += PIECE_SAMPLES) {
      const piece = input.subarray(at, at + PIECE_SAMPLES);
      this.#received += piece.length;
      this.#hold(piece);
      yield this.#drain(this.#available());
    }
  }

  /** The rest, with silence after the last sample. */
  flush(): Float32Array<ArrayBuffer> {
    this.#hold(new Float32Array(this.#table.taps));
    const total = Math.round((this.#received * ENGINE_SAMPLE_RATE_HZ) / this.#rateHz);
    return this.#drain(Math.min(total - this.#produced, this.#available()));
  }

  #hold(input: Float32Array): void {
    this.#buffers.input.set(input, this.#held);
    this.#held += input.length;
  }

  /** How many outputs have every tap: those whose base is at most held - taps. */
  #available(): number {
    const room = this.#held - this.#table.taps - this.#base;
    if (room < 0) return 0;
    const step = this.#stepWhole * this.#units + this.#stepFraction;
    return Math.floor((room * this.#units + (this.#units - 1 - this.#fraction)) / step) + 1;
  }

  #drain(count: number): Float32Array<ArrayBuffer> {
    if (count === 0) return new Float32Array(0);
    const weights = this.#table.isInterpolated ? new Float32Array(count) : undefined;
    this.#address(count, weights);
    const first = this.#filter(count);
    if (weights) {
      for (let k = 0; k < count; k += 1) this.#buffers.pairs[2 * k + 1]! += 4 * this.#table.taps; // the next row
      const second = this.#filter(count);
      for (let k = 0; k < count; k += 1) first[k]! += weights[k]! * (second[k]! - first[k]!);
    }
    this.#produced += count;
    this.#forget(Math.min(this.#base, this.#held));
    return first;
  }

  /** Writes which input meets which row of the table, and steps on. */
  #address(count: number, weights: Float32Array | undefined): void {
    const { pairs, inputAddress } = this.#buffers;
    const { phases, taps } = this.#table;
    const units = this.#units;
    let base = this.#base;
    let fraction = this.#fraction;
    for (let k = 0; k < count; k += 1) {
      const position = weights ? (fraction * phases) / units : fraction;
      const row = Math.floor(position);
      if (weights) weights[k] = position - row;
      pairs[2 * k] = inputAddress + 4 * base;
      pairs[2 * k + 1] = 4 * taps * row; // the table lies at address 0
      base += this.#stepWhole;
      fraction += this.#stepFraction;
      if (fraction >= units) {
        fraction -= units;
        base += 1;
      }
    }
    this.#base = base;
    this.#fraction = fraction;
  }

  #filter(count: number): Float32Array<ArrayBuffer> {
    const { out, pairs, dotProducts } = this.#buffers;
    dotProducts(count, 4 * this.#table.taps, pairs.byteOffset, out.byteOffset);
    return out.slice(0, count);
  }

  #forget(samples: number): void {
    this.#buffers.input.copyWithin(0, samples, this.#held);
    this.#held -= samples;
    this.#base -= samples;
  }
}

/** Views of one memory, in this order after the table. */
interface Buffers {
  readonly dotProducts: DotProducts;
  readonly input: Float32Array<ArrayBuffer>;
  readonly inputAddress: number;
  /** Addresses of the input's and the row's first element, for each output. */
  readonly pairs: Int32Array<ArrayBuffer>;
  readonly out: Float32Array<ArrayBuffer>;
}

function allocate({ rows, taps }: FilterTable, rateHz: number): Buffers {
  const inputs = 2 * taps + PIECE_SAMPLES + Math.ceil(rateHz / ENGINE_SAMPLE_RATE_HZ);
  const outputs = Math.ceil((inputs * ENGINE_SAMPLE_RATE_HZ) / rateHz) + 1;
  const pairsAddress = rows.byteLength + 4 * inputs;
  const outAddress = pairsAddress + 8 * outputs;
  const { memory, dotProducts } = createDotProducts(outAddress + 4 * outputs);
  new Float32Array(memory, 0, rows.length).set(rows);
  return {
    dotProducts,
    input: new Float32Array(memory, rows.byteLength, inputs),
    inputAddress: rows.byteLength,
    pairs: new Int32Array(memory, pairsAddress, 2 * outputs),
    out: new Float32Array(memory, outAddress, outputs),
  };
}

const greatestCommonDivisor = (a: number, b: number): number => (b === 0 ? a : greatestCommonDivisor(b, a % b));
