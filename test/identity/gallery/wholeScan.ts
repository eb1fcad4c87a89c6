import type { CalibrationParameters } from '../../../src/core/calibration.js';
import { dot } from '../../../src/core/vector.js';
import { llrOf } from '../../../src/identity/calibration.js';
import type { AddedVoice, MeanComparison, MeansAmong } from '../../../src/identity/gallery/compareMeans.js';
import { dot64 } from '../../../src/identity/gallery/galleryParts.js';
import type { GalleryView } from '../../../src/identity/gallery/galleryView.js';
import { SumCentring } from '../../../src/identity/gallery/sumCentring.js';
import type { PooledVoice } from '../../../src/identity/matchVoices.js';

/** What compareMeans answers, read in one go: all products first, then everybody. */
export function wholeScan(
  view: GalleryView,
  probe: PooledVoice & { readonly isNarrowBand: boolean },
  { left, added }: MeansAmong,
  calibration: CalibrationParameters,
): MeanComparison {
  const { entries, columns } = view.parts;
  const own = added?.mean ?? new Float32Array(probe.centroid.length);
  const gone = left === undefined ? new Float32Array(probe.centroid.length) : view.means.row(left);
  const sum = view.parts.sum.map((value, i) => value + own[i]! - gone[i]!);
  const people = view.people - (left === undefined ? 0 : 1) + (added ? 1 : 0);
  const gallery = new SumCentring(sum, people, calibration);
  const [toMeans, toSums] = view.means.products([probe.centroid, gallery.unitSum], entries);
  const toSum = dot64(probe.centroid, sum);
  const llr = (voice: Pick<AddedVoice, 'speechSeconds' | 'isNarrowBand'>, toMean: number, voiceToSum: number) =>
    llrOf(
      {
        cosine: gallery.centred({ toMean, toSum, voiceToSum }),
        speechSeconds: probe.speechSeconds,
        voiceSeconds: voice.speechSeconds,
        alone: gallery.alone,
        isNarrowBand: probe.isNarrowBand || voice.isNarrowBand,
        isNarrowBandBoth: probe.isNarrowBand && voice.isNarrowBand,
      },
      calibration,
    );
  const llrs = Array.from({ length: entries }, (_, number) => {
    if (number === left || !view.isThere(number)) return Number.NEGATIVE_INFINITY;
    const voice = { speechSeconds: columns.speechSeconds[number]!, isNarrowBand: columns.isNarrowBand[number] === 1 };
    return llr(voice, toMeans![number]!, toSums![number]! * gallery.scale);
  });
  const number = llrs.reduce((most, one, i) => (one > llrs[most]! ? i : most), 0);
  const isAnybody = (llrs[number] ?? Number.NEGATIVE_INFINITY) > Number.NEGATIVE_INFINITY;
  return {
    highest: isAnybody ? { number, llr: llrs[number]! } : undefined,
    own: added && llr(added, dot(probe.centroid, added.mean), dot64(added.mean, sum)),
  };
}
