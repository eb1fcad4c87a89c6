import type { CalibrationParameters } from '../../core/calibration.js';
import type { Steps } from '../../core/steps.js';
import { dot } from '../../core/vector.js';
import { llrOf } from '../calibration.js';
import type { PooledVoice } from '../matchVoices.js';
import { dot64 } from './galleryParts.js';
import type { GalleryView } from './galleryView.js';
import { SumCentring } from './sumCentring.js';

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

/** People in one step: about a millisecond. */
const STEP_PEOPLE = 1_024;

/**
 * Compares a probe by means alone, centred as if one person were not in the gallery and another one were: as the gate of enrolment
 * compares a sample with all others, and with the person it is of. Whoever is erased between two steps is not the most likely one.
 */
export function* compareMeans(
  view: GalleryView,
  probe: PooledVoice & { readonly isNarrowBand: boolean },
  { left, added }: MeansAmong,
  calibration: CalibrationParameters,
): Steps<MeanComparison> {
  const { entries, columns } = view.parts;
  const sum = Float64Array.from(view.parts.sum, (value, i) => value + (added?.mean[i] ?? 0));
  if (left !== undefined)
    view.means.row(left).forEach((value, i) => {
      sum[i]! -= value;
    });
  const count = view.people - (left === undefined ? 0 : 1);
  const gallery = new SumCentring(sum, count + (added ? 1 : 0), calibration);
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
  const own = added && llr(added, dot(probe.centroid, added.mean), dot64(added.mean, sum));
  for (;;) {
    let highest: { number: number; llr: number } | undefined;
    for (let from = 0; from < entries; from += STEP_PEOPLE) {
      const to = Math.min(entries, from + STEP_PEOPLE);
      const [toMeans, toSums] = view.means.products([probe.centroid, gallery.unitSum], to - from, from);
      for (let number = from; number < to; number += 1) {
        if (number === left || !view.isThere(number)) continue;
        const voice = {
          speechSeconds: columns.speechSeconds[number]!,
          isNarrowBand: columns.isNarrowBand[number] === 1,
        };
        const one = llr(voice, toMeans![number - from]!, toSums![number - from]! * gallery.scale);
        if (!highest || one > highest.llr) highest = { number, llr: one };
      }
      yield;
    }
    if (!highest || view.isThere(highest.number)) return { highest, own };
  }
}
