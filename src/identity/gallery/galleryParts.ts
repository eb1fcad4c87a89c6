import type { RowMatrixParts } from './rowMatrix.js';

/** The people of a gallery at one moment, by number. May be posted: threads share the numbers, nothing is copied. */
export interface GalleryParts {
  /** Row n is the mean of person n. */
  readonly means: RowMatrixParts;
  /** Samples of those who have several, in order of the people's numbers. */
  readonly exemplars: RowMatrixParts;
  readonly entries: number;
  readonly exemplarRows: number;
  /** People who are there: born at this version or before, and not dead by then. */
  readonly people: number;
  readonly version: number;
  /** Shape (entries or more,) each. */
  readonly columns: GalleryColumns;
  /** Sum of the means of all who are there, shape (dimensions,). */
  readonly sum: Float64Array;
}

export interface GalleryColumns {
  readonly born: Uint32Array;
  readonly died: Uint32Array;
  readonly speechSeconds: Float64Array;
  /** 1 for telephone audio. */
  readonly isNarrowBand: Uint8Array;
  readonly firstExemplar: Uint32Array;
  /** 0 for one sample: it is the mean. */
  readonly exemplarCount: Uint32Array;
  /** Least dot product of a sample with the mean. */
  readonly spread: Float32Array;
}

export const isThere = ({ version, columns }: GalleryParts, number: number): boolean =>
  columns.born[number]! <= version && version < columns.died[number]!;

/** Shape (n,) both. */
export function dot64(a: Float32Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) sum += a[i]! * b[i]!;
  return sum;
}
