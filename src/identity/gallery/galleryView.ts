import type { CalibrationParameters } from '../../core/calibration.js';
import { finished, type Steps } from '../../core/steps.js';
import { dot } from '../../core/vector.js';
import type { PooledVoice } from '../matchVoices.js';
import { type Centring, centringOf } from './galleryCentring.js';
import { type GalleryParts, isThere } from './galleryParts.js';
import {
  type ComparisonOptions,
  cosineOf,
  leastToMean,
  llrAt,
  mostLlr,
  type PreparedProbe,
  preparedProbe,
} from './preparedProbe.js';
import { RowMatrix } from './rowMatrix.js';

/** One probe compared with everybody, by number; people who are not there have -Infinity. */
export interface AllComparisons {
  readonly llrs: Float64Array;
  readonly cosines: Float32Array;
}

/** So many probes read the gallery together. */
export const PROBES_AT_ONCE = 4;
/** People in one step: a millisecond or two, however many samples they have. */
const STEP_PEOPLE = 512;
/** What float32 sums may lose of an llr. */
const ROUNDING = 1e-3;

/** Compares voices with everybody in a gallery: exactly as matchVoices does with a list, but for rounding (see CentredGallery). */
export class GalleryView {
  readonly parts: GalleryParts;
  readonly means: RowMatrix;
  readonly #exemplars: RowMatrix;
  #centring: { readonly of: CalibrationParameters; readonly centring: Centring } | undefined;

  constructor(parts: GalleryParts, matrices?: { readonly means: RowMatrix; readonly exemplars: RowMatrix }) {
    this.parts = parts;
    this.means = matrices?.means ?? RowMatrix.of(parts.means);
    this.#exemplars = matrices?.exemplars ?? RowMatrix.of(parts.exemplars);
  }

  get people(): number {
    return this.parts.people;
  }

  isThere(number: number): boolean {
    return isThere(this.parts, number);
  }

  /** At most four probes compared with everybody, in their order. */
  *compareAll(probes: readonly PooledVoice[], options: ComparisonOptions): Steps<AllComparisons[]> {
    const { entries } = this.parts;
    const centroids = probes.map(({ centroid }) => centroid);
    const prepared = yield* this.#prepared(probes, options);
    const found = probes.map(() => ({ llrs: new Float64Array(entries), cosines: new Float32Array(entries) }));
    for (let from = 0; from < entries; from += STEP_PEOPLE) {
      const to = Math.min(entries, from + STEP_PEOPLE);
      const toMeans = this.means.products(centroids, to - from, from);
      const rows = this.#exemplarRows(from, to);
      const toExemplars = this.#exemplars.products(centroids, rows.count, rows.first);
      prepared.forEach((probe, i) => {
        const products = { toMeans: toMeans[i]!, toExemplars: toExemplars[i]!, firstRow: rows.first };
        this.#score(probe, found[i]!, { from, to, ...products });
      });
      yield;
    }
    return found;
  }

  /** One person; -Infinity where it is not there. */
  compareOne(pooled: PooledVoice, number: number, options: ComparisonOptions): { cosine: number; llr: number } {
    if (!this.isThere(number)) return { cosine: 0, llr: Number.NEGATIVE_INFINITY };
    return this.#compareOne(pooled, number, finished(this.#prepared([pooled], options))[0]!);
  }

  #compareOne({ centroid }: PooledVoice, number: number, prepared: PreparedProbe): { cosine: number; llr: number } {
    const { firstExemplar, exemplarCount } = this.parts.columns;
    const toMean = dot(centroid, this.means.row(number));
    let toBest = toMean;
    for (let k = 0; k < exemplarCount[number]!; k += 1) {
      toBest = Math.max(toBest, dot(centroid, this.#exemplars.row(firstExemplar[number]! + k)));
    }
    const cosine = cosineOf(toMean, toBest);
    return { cosine, llr: llrAt(prepared, number, cosine, toMean) };
  }

  /**
   * People whose llr is at least 0 for some of the probes, in order of their numbers. Most are too far from a probe to be looked at,
   * and samples are read only where they could make the difference: none is nearer to a probe than its angle to the mean allows.
   */
  likely(probes: readonly PooledVoice[], options: ComparisonOptions): number[] {
    const { entries } = this.parts;
    const found = new Set<number>();
    for (let at = 0; at < probes.length; at += PROBES_AT_ONCE) {
      const some = probes.slice(at, at + PROBES_AT_ONCE);
      const centroids = some.map(({ centroid }) => centroid);
      const prepared = finished(this.#prepared(some, options)).map((probe) => ({
        probe,
        least: leastToMean(probe, -ROUNDING),
      }));
      for (let from = 0; from < entries; from += STEP_PEOPLE) {
        const toMeans = this.means.products(centroids, Math.min(STEP_PEOPLE, entries - from), from);
        some.forEach((pooled, i) => {
          this.#addLikely(pooled, { ...prepared[i]!, toMeans: toMeans[i]!, from }, found);
        });
      }
    }
    return [...found].sort((a, b) => a - b);
  }

  #addLikely(pooled: PooledVoice, { probe, least, toMeans, from }: LikelyStep, found: Set<number>): void {
    const { spread } = this.parts.columns;
    for (let k = 0; k < toMeans.length; k += 1) {
      const toMean = toMeans[k]!;
      if (toMean < least) continue;
      const number = from + k;
      if (!this.isThere(number) || found.has(number)) continue;
      if (mostLlr(probe, number, toMean, spread[number]!) < -ROUNDING) continue;
      if (this.#compareOne(pooled, number, probe).llr >= 0) found.add(number);
    }
  }

  #exemplarRows(from: number, to: number): { readonly first: number; readonly count: number } {
    const { entries, exemplarRows, columns } = this.parts;
    const first = columns.firstExemplar[from]!;
    return { first, count: (to < entries ? columns.firstExemplar[to]! : exemplarRows) - first };
  }

  #score(probe: PreparedProbe, { llrs, cosines }: AllComparisons, step: ScoreStep): void {
    const { from, to, toMeans, toExemplars, firstRow } = step;
    const { version, columns } = this.parts;
    const { born, died, firstExemplar, exemplarCount } = columns;
    for (let number = from; number < to; number += 1) {
      if (born[number]! > version || died[number]! <= version) {
        llrs[number] = Number.NEGATIVE_INFINITY;
        continue;
      }
      const toMean = toMeans[number - from]!;
      let toBest = toMean;
      const first = firstExemplar[number]! - firstRow;
      const end = first + exemplarCount[number]!;
      for (let k = first; k < end; k += 1) if (toExemplars[k]! > toBest) toBest = toExemplars[k]!;
      const cosine = cosineOf(toMean, toBest);
      cosines[number] = cosine;
      llrs[number] = llrAt(probe, number, cosine, toMean);
    }
  }

  *#prepared(probes: readonly PooledVoice[], options: ComparisonOptions): Steps<PreparedProbe[]> {
    const { calibration } = options;
    if (this.#centring?.of !== calibration) {
      this.#centring = { of: calibration, centring: yield* centringOf(this.parts, this.means, calibration) };
    }
    const { centring } = this.#centring;
    return probes.map((probe) => preparedProbe(probe, this.parts, { ...options, centring }));
  }
}

interface LikelyStep {
  readonly probe: PreparedProbe;
  /** See leastToMean. */
  readonly least: number;
  readonly toMeans: Float32Array;
  readonly from: number;
}

interface ScoreStep {
  readonly from: number;
  readonly to: number;
  readonly toMeans: Float32Array;
  readonly toExemplars: Float32Array;
  /** Row of the first of `toExemplars`. */
  readonly firstRow: number;
}
