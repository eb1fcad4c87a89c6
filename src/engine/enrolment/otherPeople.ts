import type { CalibrationParameters } from '../../core/calibration.js';
import { compareMeans } from '../../identity/gallery/compareMeans.js';
import type { GallerySnapshot } from '../../identity/gallery/voiceGallery.js';
import type { AnalysedSample } from './analyseSample.js';
import { inSeconds } from './enrollReasons.js';
import { type KnownVoice, llrsBetween } from './knownVoice.js';

/** A sample compared with everybody else. */
export interface ComparedSample {
  /** llr that it is the person's own voice, where that is known. */
  readonly own: number | undefined;
  /** The other person whom it is most like. */
  readonly highest: { readonly speakerId: string; readonly llr: number } | undefined;
}

/** All other people of the tenant with samples of this model, as the gate compares samples with them. */
export interface OtherPeople {
  readonly count: number;
  compare(sample: AnalysedSample, known: KnownVoice | undefined, calibration: CalibrationParameters): ComparedSample;
}

/** The other people of a person who is being enrolled. */
export type OthersOf = (tenantId: string, speakerId: string) => Promise<OtherPeople>;

/** A few people, one by one. */
export const listedOthers = (others: readonly KnownVoice[]): OtherPeople => ({
  count: others.length,
  compare(sample, known, calibration) {
    const llrs = llrsBetween(sample, known ? [known, ...others] : others, calibration);
    const own = known && llrs.shift();
    const highest = llrs.reduce((most, llr, i) => (llr > llrs[most]! ? i : most), 0);
    return { own, highest: others[highest] && { speakerId: others[highest].speakerId, llr: llrs[highest]! } };
  },
});

/** Everybody in a gallery but one. */
export function othersInGallery({ view, idOf, numberOf }: GallerySnapshot, speakerId: string): OtherPeople {
  const left = numberOf(speakerId);
  return {
    count: view.people - (left === undefined ? 0 : 1),
    compare(sample, known, calibration) {
      const { speechMs, isNarrowBand } = sample;
      const probe = { centroid: sample.embedding!, speechSeconds: inSeconds(speechMs), isNarrowBand };
      const added = known && { ...known, speechSeconds: inSeconds(known.speechMs) };
      const { own, highest } = compareMeans(view, probe, { left, added }, calibration);
      const id = highest && idOf(highest.number);
      return { own, highest: id === undefined ? undefined : { speakerId: id, llr: highest!.llr } };
    },
  };
}
