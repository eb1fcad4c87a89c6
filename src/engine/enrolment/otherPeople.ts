import type { CalibrationParameters } from '../../core/calibration.js';
import type { Steps } from '../../core/steps.js';
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
  /** The same object as long as nobody changes; undefined for a list, which does not follow who is enrolled. */
  readonly moment: object | undefined;
  /** False once somebody whom a comparison found most alike was erased. */
  readonly isFoundThere: boolean;
  /** In steps of a few milliseconds at most. */
  compare(
    sample: AnalysedSample,
    known: KnownVoice | undefined,
    calibration: CalibrationParameters,
  ): Steps<ComparedSample>;
}

/** The other people of a person who is being enrolled. */
export type OthersOf = (tenantId: string, speakerId: string) => Promise<OtherPeople>;

/** A few people, one by one. */
export const listedOthers = (others: readonly KnownVoice[]): OtherPeople => ({
  count: others.length,
  moment: undefined,
  isFoundThere: true,
  *compare(sample, known, calibration) {
    const llrs = llrsBetween(sample, known ? [known, ...others] : others, calibration);
    yield;
    const own = known && llrs.shift();
    const highest = llrs.reduce((most, llr, i) => (llr > llrs[most]! ? i : most), 0);
    return { own, highest: others[highest] && { speakerId: others[highest].speakerId, llr: llrs[highest]! } };
  },
});

/** Everybody in a gallery but one. */
export function othersInGallery(gallery: GallerySnapshot, speakerId: string): OtherPeople {
  const { view, idOf, numberOf } = gallery;
  const left = numberOf(speakerId);
  const found = new Set<number>();
  return {
    count: view.people - (left === undefined ? 0 : 1),
    moment: gallery,
    get isFoundThere() {
      return [...found].every((number) => idOf(number) !== undefined);
    },
    *compare(sample, known, calibration) {
      const { speechMs, isNarrowBand } = sample;
      const probe = { centroid: sample.embedding!, speechSeconds: inSeconds(speechMs), isNarrowBand };
      const added = known && { ...known, speechSeconds: inSeconds(known.speechMs) };
      const { own, highest } = yield* compareMeans(view, probe, { left, added }, calibration);
      if (!highest) return { own, highest: undefined };
      found.add(highest.number);
      return { own, highest: { speakerId: idOf(highest.number)!, llr: highest.llr } };
    },
  };
}
