import type { CalibrationParameters } from '../../core/calibration.js';
import { dot } from '../../core/vector.js';
import { llrLine, llrOf, logSecondsOf, narrowBandLlr } from '../calibration.js';
import { LEAST_SQUARE } from '../centredGallery.js';
import { MEAN_SHARE, type PooledVoice } from '../matchVoices.js';
import { RowMatrix, type RowMatrixParts } from './rowMatrix.js';

/** The people of a gallery at one moment, by number. May be posted: threads share the numbers, nothing is copied. */
export interface GalleryParts {
  /** Row n is the mean of person n. */
  readonly means: RowMatrixParts;
  /** Samples of those who have several. */
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

export interface ComparisonOptions {
  readonly calibration: CalibrationParameters;
  readonly isNarrowBand: boolean;
}

/** One probe compared with everybody, by number; people who are not there have -Infinity. */
export interface AllComparisons {
  readonly llrs: Float64Array;
  readonly cosines: Float32Array;
}

/** A voice that is compared as if it were in the gallery. */
export interface AddedVoice {
  /** Unit norm, shape (d,). */
  readonly mean: Float32Array;
  readonly speechSeconds: number;
  readonly isNarrowBand: boolean;
}

export interface MeanComparison {
  /** People compared, the added one left out. */
  readonly count: number;
  /** The most likely of them. */
  readonly highest: { readonly number: number; readonly llr: number } | undefined;
  /** llr of the added one. */
  readonly own: number | undefined;
}

/** What centring needs of each person, whatever the probe. */
interface Centring {
  readonly weight: number;
  readonly alone: number;
  readonly toOthers: Float64Array;
  readonly othersSquared: Float64Array;
  readonly length: Float64Array;
  readonly logSeconds: Float64Array;
}

/** A probe before it is compared. */
interface Prepared {
  readonly pooled: PooledVoice;
  readonly toSum: number;
  /** llr by number and cosine. */
  readonly llr: (number: number, cosine: number) => number;
  readonly centring: Centring;
}

/** Compares voices with everybody in a gallery: exactly as matchVoices does with a list, but for rounding (see CentredGallery). */
export class GalleryView {
  readonly parts: GalleryParts;
  readonly #means: RowMatrix;
  readonly #exemplars: RowMatrix;
  #centring: { readonly of: CalibrationParameters; readonly centring: Centring } | undefined;

  constructor(parts: GalleryParts, matrices?: { readonly means: RowMatrix; readonly exemplars: RowMatrix }) {
    this.parts = parts;
    this.#means = matrices?.means ?? RowMatrix.of(parts.means);
    this.#exemplars = matrices?.exemplars ?? RowMatrix.of(parts.exemplars);
  }

  get people(): number {
    return this.parts.people;
  }

  isThere(number: number): boolean {
    const { version, columns } = this.parts;
    return columns.born[number]! <= version && version < columns.died[number]!;
  }

  mean(number: number): Float32Array {
    return this.#means.row(number);
  }

  /** Probes compared with everybody, in their order. */
  compareAll(probes: readonly PooledVoice[], options: ComparisonOptions): AllComparisons[] {
    const centroids = probes.map(({ centroid }) => centroid);
    const toMeans = this.#means.products(centroids, this.parts.entries);
    const toExemplars = this.#exemplars.products(centroids, this.parts.exemplarRows);
    return probes.map((pooled, i) => this.#scores(this.#prepared(pooled, options), toMeans[i]!, toExemplars[i]!));
  }

  /** One person; -Infinity where it is not there. */
  compareOne(pooled: PooledVoice, number: number, options: ComparisonOptions): { cosine: number; llr: number } {
    if (!this.isThere(number)) return { cosine: 0, llr: Number.NEGATIVE_INFINITY };
    const { centroid } = pooled;
    const { firstExemplar, exemplarCount } = this.parts.columns;
    const toMean = dot(centroid, this.#means.row(number));
    let toBest = toMean;
    for (let k = 0; k < exemplarCount[number]!; k += 1) {
      toBest = Math.max(toBest, dot(centroid, this.#exemplars.row(firstExemplar[number]! + k)));
    }
    const prepared = this.#prepared(pooled, options);
    const cosine = MEAN_SHARE * toMean + (1 - MEAN_SHARE) * toBest;
    return { cosine, llr: prepared.llr(number, centred(prepared, number, cosine, toMean)) };
  }

  /**
   * Compares a probe by means alone, centred as if one person were not in the gallery and another one were: as the gate of enrolment
   * compares a sample with all others, and with the person it is of.
   */
  compareMeans(
    probe: PooledVoice & { readonly isNarrowBand: boolean },
    { left, added }: { readonly left: number | undefined; readonly added: AddedVoice | undefined },
    calibration: CalibrationParameters,
  ): MeanComparison {
    const { entries, columns } = this.parts;
    const sum = Float64Array.from(this.parts.sum, (value, i) => value + (added?.mean[i] ?? 0));
    if (left !== undefined)
      this.#means.row(left).forEach((value, i) => {
        sum[i]! -= value;
      });
    const count = this.people - (left === undefined ? 0 : 1);
    const gallery = new SumCentring(sum, count + (added ? 1 : 0), calibration);
    const [toMeans, toSums] = this.#means.products([probe.centroid, gallery.unitSum], entries) as [
      Float32Array,
      Float32Array,
    ];
    const toSum = dot64(probe.centroid, sum);
    const llr = (mean: Pick<AddedVoice, 'speechSeconds' | 'isNarrowBand'>, toMean: number, voiceToSum: number) =>
      llrOf(
        {
          cosine: gallery.centred({ toMean, toSum, voiceToSum }),
          speechSeconds: probe.speechSeconds,
          voiceSeconds: mean.speechSeconds,
          alone: gallery.alone,
          isNarrowBand: probe.isNarrowBand || mean.isNarrowBand,
          isNarrowBandBoth: probe.isNarrowBand && mean.isNarrowBand,
        },
        calibration,
      );
    let highest: { number: number; llr: number } | undefined;
    for (let number = 0; number < entries; number += 1) {
      if (number === left || !this.isThere(number)) continue;
      const voice = { speechSeconds: columns.speechSeconds[number]!, isNarrowBand: columns.isNarrowBand[number] === 1 };
      const one = llr(voice, toMeans[number]!, toSums[number]! * gallery.scale);
      if (!highest || one > highest.llr) highest = { number, llr: one };
    }
    const own = added && llr(added, dot(probe.centroid, added.mean), dot64(added.mean, sum));
    return { count, highest, own };
  }

  /**
   * People whose llr is at least 0 for some of the probes, in order of their numbers. Samples are looked at only where they could
   * make the difference: no sample is nearer to a probe than its angle to the mean allows.
   */
  likely(probes: readonly PooledVoice[], options: ComparisonOptions): number[] {
    const found = new Set<number>();
    for (let at = 0; at < probes.length; at += 4) {
      const some = probes.slice(at, at + 4);
      const toMeans = this.#means.products(
        some.map(({ centroid }) => centroid),
        this.parts.entries,
      );
      some.forEach((pooled, i) => {
        this.#addLikely(pooled, toMeans[i]!, found, options);
      });
    }
    return [...found].sort((a, b) => a - b);
  }

  #addLikely(pooled: PooledVoice, toMeans: Float32Array, found: Set<number>, options: ComparisonOptions): void {
    const prepared = this.#prepared(pooled, options);
    const { spread } = this.parts.columns;
    for (let number = 0; number < toMeans.length; number += 1) {
      if (!this.isThere(number) || found.has(number)) continue;
      const toMean = toMeans[number]!;
      const most = MEAN_SHARE * toMean + (1 - MEAN_SHARE) * nearestSample(toMean, spread[number]!);
      if (prepared.llr(number, centred(prepared, number, most, toMean)) < -ROUNDING) continue;
      if (this.compareOne(pooled, number, options).llr >= 0) found.add(number);
    }
  }

  #scores(prepared: Prepared, toMeans: Float32Array, toExemplars: Float32Array): AllComparisons {
    const { entries, columns } = this.parts;
    const { firstExemplar, exemplarCount } = columns;
    const llrs = new Float64Array(entries);
    const cosines = new Float32Array(entries);
    for (let number = 0; number < entries; number += 1) {
      if (!this.isThere(number)) {
        llrs[number] = Number.NEGATIVE_INFINITY;
        continue;
      }
      const toMean = toMeans[number]!;
      let toBest = toMean;
      const end = firstExemplar[number]! + exemplarCount[number]!;
      for (let k = firstExemplar[number]!; k < end; k += 1) if (toExemplars[k]! > toBest) toBest = toExemplars[k]!;
      const cosine = MEAN_SHARE * toMean + (1 - MEAN_SHARE) * toBest;
      cosines[number] = cosine;
      llrs[number] = prepared.llr(number, centred(prepared, number, cosine, toMean));
    }
    return { llrs, cosines };
  }

  #prepared(pooled: PooledVoice, { calibration, isNarrowBand }: ComparisonOptions): Prepared {
    const centring = this.#centringOf(calibration);
    const { isNarrowBand: isNarrow } = this.parts.columns;
    const line = llrLine({ speechSeconds: pooled.speechSeconds, alone: centring.alone }, calibration);
    const [wide, narrow] = [false, true].map((voice) =>
      narrowBandLlr({ isNarrowBand: isNarrowBand || voice, isNarrowBandBoth: isNarrowBand && voice }, calibration),
    ) as [number, number];
    const { logSeconds } = centring;
    return {
      pooled,
      toSum: centring.weight === 0 ? 0 : dot64(pooled.centroid, this.parts.sum),
      llr: (number, cosine) =>
        line.offset +
        line.voiceOffset * logSeconds[number]! +
        cosine * (line.slope + line.voiceSlope * logSeconds[number]!) +
        (isNarrow[number] ? narrow : wide),
      centring,
    };
  }

  /** See CentredGallery, whose sums these are. */
  #centringOf(calibration: CalibrationParameters): Centring {
    if (this.#centring?.of === calibration) return this.#centring.centring;
    const { entries, people, sum, columns } = this.parts;
    const others = people - 1;
    const weight = calibration.centring === undefined || others < 1 ? 0 : 1 / (others + calibration.centring);
    const sumSquared = sum.reduce((total, value) => total + value * value, 0);
    const scale = Math.sqrt(sumSquared) || 1; // of unit length, so that float32 loses nothing
    const [toSum] =
      weight === 0 ? [] : this.#means.products([Float32Array.from(sum, (value) => value / scale)], entries);
    const centring: Centring = {
      weight,
      alone: weight === 0 ? 1 : calibration.centring! * weight,
      toOthers: new Float64Array(entries),
      othersSquared: new Float64Array(entries),
      length: new Float64Array(entries),
      logSeconds: new Float64Array(entries),
    };
    for (let number = 0; number < entries; number += 1) {
      centring.logSeconds[number] = logSecondsOf(columns.speechSeconds[number]!, calibration);
      if (!toSum) continue;
      const voiceToSum = toSum[number]! * scale;
      const toOthers = weight * (voiceToSum - 1);
      const squared = weight ** 2 * (sumSquared - 2 * voiceToSum + 1);
      centring.toOthers[number] = toOthers;
      centring.othersSquared[number] = squared;
      centring.length[number] = Math.sqrt(Math.max(LEAST_SQUARE, 1 - 2 * toOthers + squared));
    }
    this.#centring = { of: calibration, centring };
    return centring;
  }
}

/** Centring on a sum of means; see CentredGallery. */
class SumCentring {
  readonly scale: number;
  readonly unitSum: Float32Array;
  readonly alone: number;
  readonly #weight: number;
  readonly #squared: number;

  constructor(sum: Float64Array, people: number, { centring }: CalibrationParameters) {
    this.#squared = sum.reduce((total, value) => total + value * value, 0);
    this.scale = Math.sqrt(this.#squared) || 1;
    this.unitSum = Float32Array.from(sum, (value) => value / this.scale);
    this.#weight = centring === undefined || people < 2 ? 0 : 1 / (people - 1 + centring);
    this.alone = this.#weight === 0 ? 1 : centring! * this.#weight;
  }

  centred({ toMean, toSum, voiceToSum }: Readonly<Record<'toMean' | 'toSum' | 'voiceToSum', number>>): number {
    const weight = this.#weight;
    if (weight === 0) return toMean;
    const probeToOthers = weight * (toSum - toMean);
    const voiceToOthers = weight * (voiceToSum - 1);
    const squared = weight ** 2 * (this.#squared - 2 * voiceToSum + 1);
    const length = (toOthers: number) => Math.sqrt(Math.max(LEAST_SQUARE, 1 - 2 * toOthers + squared));
    return (toMean - probeToOthers - voiceToOthers + squared) / (length(probeToOthers) * length(voiceToOthers));
  }
}

/** What float32 sums may lose of an llr. */
const ROUNDING = 1e-3;

/** A probe's cosine to a person, after what the others have in common was subtracted from both. */
function centred({ toSum, centring }: Prepared, number: number, cosine: number, toMean: number): number {
  if (centring.weight === 0) return cosine;
  const squared = centring.othersSquared[number]!;
  const toOthers = centring.weight * (toSum - toMean);
  const length = Math.sqrt(Math.max(LEAST_SQUARE, 1 - 2 * toOthers + squared));
  return (cosine - toOthers - centring.toOthers[number]! + squared) / (length * centring.length[number]!);
}

/** Highest cosine that a probe can have to a sample: the angle between them is at least the difference of those to the mean. */
function nearestSample(toMean: number, spread: number): number {
  if (toMean >= spread) return 1;
  return toMean * spread + Math.sqrt(Math.max(0, (1 - toMean * toMean) * (1 - spread * spread)));
}

function dot64(a: Float32Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) sum += a[i]! * b[i]!;
  return sum;
}
