import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/** Rows of one scan step: their products stay in the cache. */
const STEP_ROWS = 256;
/** Scans of one matrix at a time, by several threads. */
const SLOTS = 32;
const PAGE_BYTES = 65_536;
/** 4 GiB, the most of 32-bit addresses; only reserved. 32-bit systems have not that much to reserve. */
const MOST_PAGES = process.arch === 'arm' || process.arch === 'ia32' ? 4_096 : 65_536;
const FLAG_BYTES = 4 * SLOTS;

type Scan = (rows: number, count: number, rowBytes: number, probes: number, out: number) => void;
/** Memory that threads share. */
export interface SharedMemory {
  readonly buffer: SharedArrayBuffer;
  grow(pages: number): number;
}

/** As much of the standard object as is used: its types come with the browser's, which are not ours. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Memory: new (size: {
    readonly initial: number;
    readonly maximum: number;
    readonly shared: true;
  }) => SharedMemory;
  readonly Instance: new (
    module: object,
    imports: object,
  ) => { readonly exports: { readonly scanOne: Scan; readonly scanFour: Scan } };
};

const require = createRequire(import.meta.url);
let compiled: object | undefined;

/** What threads share of a matrix; may be posted. */
export interface RowMatrixParts {
  readonly memory: SharedMemory;
  readonly dimensions: number;
}

interface RowRange {
  readonly first: number;
  readonly rows: number;
}

/**
 * Vectors as consecutive rows of float32, in memory that threads share: one adds rows, all may compare them. A row, once added, stays
 * what it is, or is zeroed.
 */
export class RowMatrix {
  readonly parts: RowMatrixParts;
  readonly #rowBytes: number;
  readonly #slotBytes: number;
  readonly #start: number;
  readonly #scanOne: Scan;
  readonly #scanFour: Scan;

  private constructor(parts: RowMatrixParts) {
    this.parts = parts;
    this.#rowBytes = rowBytesOf(parts.dimensions);
    this.#slotBytes = 4 * this.#rowBytes + 16 * STEP_ROWS;
    this.#start = FLAG_BYTES + SLOTS * this.#slotBytes;
    compiled ??= new WebAssembly.Module(readFileSync(require.resolve('#scan-rows')));
    const { exports } = new WebAssembly.Instance(compiled, { env: { memory: parts.memory } });
    this.#scanOne = exports.scanOne;
    this.#scanFour = exports.scanFour;
  }

  /** An empty one, with room for some rows. */
  static create(dimensions: number, rows: number): RowMatrix {
    const rowBytes = rowBytesOf(dimensions);
    const bytes = FLAG_BYTES + SLOTS * (4 * rowBytes + 16 * STEP_ROWS) + rows * rowBytes;
    const initial = Math.ceil(bytes / PAGE_BYTES);
    const memory = new WebAssembly.Memory({ initial, maximum: MOST_PAGES, shared: true });
    return new RowMatrix({ memory, dimensions });
  }

  /** The same matrix in another thread. */
  static of(parts: RowMatrixParts): RowMatrix {
    return new RowMatrix(parts);
  }

  get #buffer(): SharedArrayBuffer {
    return this.parts.memory.buffer;
  }

  /** Writes a row that no other thread reads yet. Throws RangeError where the matrix would be larger than a memory can be. */
  write(row: number, values: Float32Array): void {
    const end = this.#start + (row + 1) * this.#rowBytes;
    if (end > this.#buffer.byteLength) {
      const needed = Math.ceil((end - this.#buffer.byteLength) / PAGE_BYTES);
      const spare = Math.floor(this.#buffer.byteLength / PAGE_BYTES / 4);
      const room = MOST_PAGES - this.#buffer.byteLength / PAGE_BYTES;
      this.parts.memory.grow(Math.max(needed, Math.min(spare, room)));
    }
    this.row(row).set(values);
  }

  /** A row, shape (dimensions,), in place. */
  row(row: number): Float32Array<SharedArrayBuffer> {
    return new Float32Array(this.#buffer, this.#start + row * this.#rowBytes, this.parts.dimensions);
  }

  /** Erases a row. */
  zero(row: number): void {
    this.row(row).fill(0);
  }

  /**
   * Dot products of `rows` rows from `first` on with each probe, shape (rows,) each: every row is read once for four probes.
   */
  products(probes: readonly Float32Array[], rows: number, first = 0): Float32Array<ArrayBuffer>[] {
    const all = probes.map(() => new Float32Array(rows));
    if (rows === 0) return all;
    const slot = this.#claim();
    if (slot === undefined) return this.#plainProducts(probes, all, { first, rows });
    try {
      for (let at = 0; at < probes.length; at += 4)
        this.#scan(slot, probes.slice(at, at + 4), all.slice(at, at + 4), { first, rows });
    } finally {
      Atomics.store(new Int32Array(this.#buffer, 0, SLOTS), slot, 0);
    }
    return all;
  }

  #scan(slot: number, probes: readonly Float32Array[], out: readonly Float32Array[], { first, rows }: RowRange): void {
    const probeAt = FLAG_BYTES + slot * this.#slotBytes;
    const outAt = probeAt + 4 * this.#rowBytes;
    const isOne = probes.length === 1;
    const scan = isOne ? this.#scanOne : this.#scanFour;
    const room = new Float32Array(this.#buffer, probeAt, this.#rowBytes).fill(0);
    if (isOne) room.set(probes[0]!);
    else interleave(probes, room);
    const products = new Float32Array(this.#buffer, outAt, STEP_ROWS * 4);
    for (let from = 0; from < rows; from += STEP_ROWS) {
      const count = Math.min(STEP_ROWS, rows - from);
      scan(this.#start + (first + from) * this.#rowBytes, count, this.#rowBytes, probeAt, outAt);
      if (isOne) out[0]!.set(products.subarray(0, count), from);
      else for (let k = 0; k < out.length; k += 1) pick(products, k, out[k]!.subarray(from, from + count));
    }
  }

  /** A place for probes and products that no other thread uses; undefined where all are taken, as by threads that died. */
  #claim(): number | undefined {
    const flags = new Int32Array(this.#buffer, 0, SLOTS);
    for (let slot = 0; slot < SLOTS; slot += 1) if (Atomics.compareExchange(flags, slot, 0, 1) === 0) return slot;
    return undefined;
  }

  #plainProducts(
    probes: readonly Float32Array[],
    out: Float32Array<ArrayBuffer>[],
    { first, rows }: RowRange,
  ): Float32Array<ArrayBuffer>[] {
    for (let row = 0; row < rows; row += 1) {
      const values = this.row(first + row);
      probes.forEach((probe, k) => {
        let sum = 0;
        for (let i = 0; i < values.length; i += 1) sum += values[i]! * probe[i]!;
        out[k]![row] = sum;
      });
    }
    return out;
  }
}

/** Rows are padded with zeros to whole turns of the kernel. */
const rowBytesOf = (dimensions: number): number => 32 * Math.ceil(dimensions / 8);

/** Four elements of each probe in turn. */
function interleave(probes: readonly Float32Array[], room: Float32Array): void {
  probes.forEach((probe, k) => {
    for (let i = 0; i < probe.length; i += 1) room[(i >> 2) * 16 + k * 4 + (i & 3)] = probe[i]!;
  });
}

function pick(products: Float32Array, k: number, out: Float32Array): void {
  for (let i = 0; i < out.length; i += 1) out[i] = products[4 * i + k]!;
}
