import type { CalibrationParameters } from '../../core/calibration.js';
import { dot } from '../../core/vector.js';
import { llrOf } from '../calibration.js';
import { LEAST_SQUARE } from '../centredGallery.js';
import type { PooledVoice } from '../matchVoices.js';
import { dot64 } from './galleryParts.js';
import type { GalleryView } from './galleryView.js';

/** A voice that is compared as if it were in the gallery. */
export interface AddedVoice {
  /** Unit norm, shape (d,). */
  readonly mean: Float32Array;
  readonly speechSeconds: number;
  readonly isNarrowBand: boolean;
}

export interface MeanComparison {
  /** The most likely person, the added one left out. */
  readonly highest: { readonly number: number; readonly llr: number } | undefined;
  /** llr of the added one. */
  readonly own: number | undefined;
}

/** Who is in the gallery for one comparison: without one person, with another. */
export interface MeansAmong {
  readonly left: number | undefined;
  readonly added: AddedVoice | undefined;
}

/**
 * Compares a probe by means alone, centred as if one person were not in the gallery and another one were: as the gate of enrolment
 * compares a sample with all others, and with the person it is of.
 */
export function compareMeans(
  view: GalleryView,
  probe: PooledVoice & { readonly isNarrowBand: boolean },
  { left, added }: MeansAmong,
  calibration: CalibrationParameters,
): MeanComparison {
  const { entries, columns } = view.parts;
  const sum = Float64Array.from(view.parts.sum, (value, i) => value + (added?.mean[i] ?? 0));
  if (left !== undefined)
    view.means.row(left).forEach((value, i) => {
      sum[i]! -= value;
    });
  const count = view.people - (left === undefined ? 0 : 1);
  const gallery = new SumCentring(sum, count + (added ? 1 : 0), calibration);
  const [toMeans, toSums] = view.means.products([probe.centroid, gallery.unitSum], entries) as [
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
    if (number === left || !view.isThere(number)) continue;
    const voice = { speechSeconds: columns.speechSeconds[number]!, isNarrowBand: columns.isNarrowBand[number] === 1 };
    const one = llr(voice, toMeans[number]!, toSums[number]! * gallery.scale);
    if (!highest || one > highest.llr) highest = { number, llr: one };
  }
  const own = added && llr(added, dot(probe.centroid, added.mean), dot64(added.mean, sum));
  return { highest, own };
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
