import type { CalibrationParameters } from '../core/calibration.js';
import { dot } from '../core/vector.js';
import { type Comparison, llrOf } from './calibration.js';
import { CentredGallery } from './centredGallery.js';
import type { EnrolledVoice } from './voices.js';

/** One voice of the recording, or a long turn of it. */
export interface HeardVoice {
  /** Unit norm, shape (d,). */
  readonly centroid: Float32Array;
  readonly speechSeconds: number;
}

/** How one heard voice compares with one enrolled person. */
export interface VoiceComparison {
  readonly voice: EnrolledVoice;
  readonly cosine: number;
  /** Natural-log likelihood ratio from the calibration. */
  readonly llr: number;
}

/** A heard voice and everyone it may be, best first. */
export interface VoiceMatch {
  readonly comparisons: readonly VoiceComparison[];
  /** Who it was taken for when the others were considered, too; undefined: nobody enrolled. */
  readonly taken: VoiceComparison | undefined;
}

export interface MatchOptions {
  readonly calibration: CalibrationParameters;
  readonly isNarrowBand: boolean;
  /** llr from which a name is given. */
  readonly leastLlr: number;
  /** Likeness of two heard voices, as llr, that they are one person. */
  readonly samePersonLlr: (a: HeardVoice, b: HeardVoice) => number;
}

/**
 * Most that another voice of this recording, already taken for somebody, may speak for a second one being the same
 * person, as llr. Below 0: what the clustering left apart is taken to be two people unless the voiceprint says
 * otherwise; in noisy rooms all voices sound alike, and likeness there would give everybody one name.
 */
export const MATCH_TUNING = { mostSupport: -1.5 };

/** Share of the mean voiceprint in the cosine; the rest is the best exemplar's. */
const MEAN_SHARE = 0.8;

/** Cosine of a heard voice to a voiceprint: mostly to its mean, partly to its likest sample. */
export function voiceCosine(heard: Float32Array, voice: EnrolledVoice): number {
  const toMean = dot(heard, voice.mean);
  const toBest = voice.exemplars.reduce((best, exemplar) => Math.max(best, dot(heard, exemplar)), toMean);
  return MEAN_SHARE * toMean + (1 - MEAN_SHARE) * toBest;
}

/** Galleries by the list they were made of, which is compared many times. */
const galleries = new WeakMap<readonly EnrolledVoice[], { centring: number | undefined; gallery: CentredGallery }>();

function galleryOf(voices: readonly EnrolledVoice[], centring: number | undefined): CentredGallery {
  const known = galleries.get(voices);
  if (known && known.centring === centring) return known.gallery;
  const gallery = new CentredGallery(voices, centring);
  galleries.set(voices, { centring, gallery });
  return gallery;
}

/** One heard voice beside each enrolled person, as the calibration takes it; `cosine` as it is, in `comparison` centred. */
export function comparisonsOf(
  { centroid, speechSeconds }: HeardVoice,
  voices: readonly EnrolledVoice[],
  { centring, isNarrowBand }: { readonly centring: number | undefined; readonly isNarrowBand: boolean },
): { readonly voice: EnrolledVoice; readonly cosine: number; readonly comparison: Comparison }[] {
  const gallery = galleryOf(voices, centring);
  const heardToSum = gallery.toSum(centroid);
  return voices.map((voice) => {
    const cosine = voiceCosine(centroid, voice);
    const heardToMean = dot(centroid, voice.mean);
    const comparison = {
      cosine: gallery.centred(voice, { cosine, heardToSum, heardToMean }),
      speechSeconds,
      voiceSeconds: voice.speechSeconds,
      alone: gallery.alone,
      isNarrowBand: isNarrowBand || voice.isNarrowBand,
      isNarrowBandBoth: isNarrowBand && voice.isNarrowBand,
    };
    return { voice, cosine, comparison };
  });
}

/** One heard voice with everybody enrolled, best first. */
export function compare(
  heard: HeardVoice,
  voices: readonly EnrolledVoice[],
  { calibration, isNarrowBand }: Pick<MatchOptions, 'calibration' | 'isNarrowBand'>,
): VoiceComparison[] {
  return comparisonsOf(heard, voices, { centring: calibration.centring, isNarrowBand })
    .map(({ voice, cosine, comparison }) => ({ voice, cosine, llr: llrOf(comparison, calibration) }))
    .sort((a, b) => b.llr - a.llr);
}

/**
 * Gives each heard voice the enrolled person it most likely is. The surest pair goes first; who is already taken for a
 * person speaks for or against a second voice being that person too, by how alike the two sound in this recording.
 */
export function matchVoices(
  heard: readonly HeardVoice[],
  voices: readonly EnrolledVoice[],
  options: MatchOptions,
): VoiceMatch[] {
  const comparisons = heard.map((one) => compare(one, voices, options));
  const taken = new Map<number, VoiceComparison>();
  const holders = new Map<string, number[]>();
  for (;;) {
    const next = surestPair(heard, comparisons, { taken, holders, options });
    if (!next) break;
    taken.set(next.row, next.comparison);
    holders.set(next.comparison.voice.id, [...(holders.get(next.comparison.voice.id) ?? []), next.row]);
  }
  return comparisons.map((list, row) => ({ comparisons: list, taken: taken.get(row) }));
}

interface Assignment {
  readonly taken: ReadonlyMap<number, VoiceComparison>;
  readonly holders: ReadonlyMap<string, readonly number[]>;
  readonly options: MatchOptions;
}

/** The pair of highest llr among voices not yet taken for anybody. */
function surestPair(
  heard: readonly HeardVoice[],
  comparisons: readonly (readonly VoiceComparison[])[],
  { taken, holders, options }: Assignment,
): { row: number; comparison: VoiceComparison } | undefined {
  let best: { row: number; comparison: VoiceComparison } | undefined;
  let highest = options.leastLlr;
  comparisons.forEach((list, row) => {
    if (taken.has(row)) return;
    for (const comparison of list) {
      const others = holders.get(comparison.voice.id) ?? [];
      const support = others.map((other) => options.samePersonLlr(heard[row]!, heard[other]!));
      const llr = comparison.llr + (support.length > 0 ? Math.min(MATCH_TUNING.mostSupport, Math.max(...support)) : 0);
      if (llr >= highest) {
        highest = llr;
        best = { row, comparison };
      }
    }
  });
  return best;
}
