import type { CalibrationParameters } from '../../core/calibration.js';
import type { Steps } from '../../core/steps.js';
import { logSecondsOf } from '../calibration.js';
import { LEAST_SQUARE } from '../centredGallery.js';
import { type GalleryParts, isThere } from './galleryParts.js';
import type { RowMatrix } from './rowMatrix.js';

/** What centring needs of each person, whatever the probe; shape (entries,) each. See CentredGallery, whose sums these are. */
export interface Centring {
  /** 0 where nothing is subtracted. */
  readonly weight: number;
  readonly alone: number;
  readonly toOthers: Float64Array;
  readonly othersSquared: Float64Array;
  readonly length: Float64Array;
  readonly logSeconds: Float64Array;
  /** Least and greatest of those who are there. */
  readonly ranges: CentringRanges;
}

type Range = readonly [least: number, greatest: number];

export interface CentringRanges {
  readonly toOthers: Range;
  readonly othersSquared: Range;
  readonly length: Range;
  readonly logSeconds: Range;
  readonly spread: Range;
}

/** People in one step. */
const STEP_PEOPLE = 4_096;

export function* centringOf(
  parts: GalleryParts,
  means: RowMatrix,
  calibration: CalibrationParameters,
): Steps<Centring> {
  const { entries, people, sum, columns } = parts;
  const others = people - 1;
  const weight = calibration.centring === undefined || others < 1 ? 0 : 1 / (others + calibration.centring);
  const sumSquared = sum.reduce((total, value) => total + value * value, 0);
  const scale = Math.sqrt(sumSquared) || 1; // of unit length, so that float32 loses nothing
  const unitSum = Float32Array.from(sum, (value) => value / scale);
  const toOthers = new Float64Array(entries);
  const othersSquared = new Float64Array(entries);
  const length = new Float64Array(entries);
  const logSeconds = new Float64Array(entries);
  for (let from = 0; from < entries; from += STEP_PEOPLE) {
    const to = Math.min(entries, from + STEP_PEOPLE);
    const [toSum] = weight === 0 ? [] : means.products([unitSum], to - from, from);
    for (let number = from; number < to; number += 1) {
      logSeconds[number] = logSecondsOf(columns.speechSeconds[number]!, calibration);
      if (!toSum) continue;
      const voiceToSum = toSum[number - from]! * scale;
      toOthers[number] = weight * (voiceToSum - 1);
      othersSquared[number] = weight ** 2 * (sumSquared - 2 * voiceToSum + 1);
      length[number] = Math.sqrt(Math.max(LEAST_SQUARE, 1 - 2 * toOthers[number]! + othersSquared[number]!));
    }
    yield;
  }
  const ranged = { toOthers, othersSquared, length, logSeconds, spread: columns.spread };
  const ranges: Partial<Record<keyof CentringRanges, Range>> = {};
  for (const name of Object.keys(ranged) as (keyof CentringRanges)[]) {
    ranges[name] = rangeAmong(parts, ranged[name]);
    yield;
  }
  const alone = weight === 0 ? 1 : calibration.centring! * weight;
  return { weight, alone, toOthers, othersSquared, length, logSeconds, ranges: ranges as CentringRanges };
}

function rangeAmong(parts: GalleryParts, values: ArrayLike<number>): Range {
  let least = Number.POSITIVE_INFINITY;
  let greatest = Number.NEGATIVE_INFINITY;
  for (let number = 0; number < parts.entries; number += 1) {
    if (!isThere(parts, number)) continue;
    const value = values[number]!;
    if (value < least) least = value;
    if (value > greatest) greatest = value;
  }
  return [least, greatest];
}
