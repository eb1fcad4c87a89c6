import type { CalibrationParameters } from '../core/calibration.js';
import { dot } from '../core/vector.js';
import { type Comparison, llrOf } from './calibration.js';
import { CentredGallery } from './centredGallery.js';
import type { EnrolledVoice } from './voices.js';

/** One voice of the recording, or a long turn of it, to be compared with voiceprints. */
export interface PooledVoice {
  /** Unit norm, shape (d,). */
  readonly centroid: Float32Array;
  readonly speechSeconds: number;
}

/** Comparison of one voice with one enrolled person. */
export interface VoiceComparison {
  readonly voice: EnrolledVoice;
  readonly cosine: number;
  /** Natural-log likelihood ratio from the calibration. */
  readonly llr: number;
}

/** A voice with its comparisons, best first. */
export interface VoiceMatch {
  readonly comparisons: readonly VoiceComparison[];
  /** The person it was matched with, considering the other voices; undefined: none. */
  readonly taken: VoiceComparison | undefined;
}

export interface MatchOptions {
  readonly calibration: CalibrationParameters;
  readonly isNarrowBand: boolean;
  /** llr from which a name is given. */
  readonly leastLlr: number;
  /** llr that two voices of the recording are one person. */
  readonly samePersonLlr: (a: PooledVoice, b: PooledVoice) => number;
}

/**
 * Maximum support, as llr, of a voice of this recording that is already matched with a person for a second voice being the
 * same person. Below 0: voices that the clustering kept apart are two people unless the voiceprint is strong evidence;
 * in noisy rooms all voices are similar, and their similarity would give all of them one name.
 */
export const MATCH_TUNING = { mostSupport: -1.5 };

/** Share of the mean voiceprint in the cosine; the rest is the best exemplar's. */
const MEAN_SHARE = 0.8;

/** Cosine of a voice to a voiceprint: mostly to its mean, partly to its most similar sample. */
export function voiceCosine(probe: Float32Array, voice: EnrolledVoice): number {
  const toMean = dot(probe, voice.mean);
  const toBest = voice.exemplars.reduce((best, exemplar) => Math.max(best, dot(probe, exemplar)), toMean);
  return MEAN_SHARE * toMean + (1 - MEAN_SHARE) * toBest;
}

/** Galleries by their list, which is compared many times. */
const galleries = new WeakMap<readonly EnrolledVoice[], { centring: number | undefined; gallery: CentredGallery }>();

function galleryOf(voices: readonly EnrolledVoice[], centring: number | undefined): CentredGallery {
  const known = galleries.get(voices);
  if (known && known.centring === centring) return known.gallery;
  const gallery = new CentredGallery(voices, centring);
  galleries.set(voices, { centring, gallery });
  return gallery;
}

/** Comparisons of one voice with each enrolled person, for the calibration; `cosine` is raw, the one in `comparison` centred. */
export function comparisonsOf(
  { centroid, speechSeconds }: PooledVoice,
  voices: readonly EnrolledVoice[],
  { centring, isNarrowBand }: { readonly centring: number | undefined; readonly isNarrowBand: boolean },
): { readonly voice: EnrolledVoice; readonly cosine: number; readonly comparison: Comparison }[] {
  const gallery = galleryOf(voices, centring);
  const probeToSum = gallery.toSum(centroid);
  return voices.map((voice) => {
    const cosine = voiceCosine(centroid, voice);
    const probeToMean = dot(centroid, voice.mean);
    const comparison = {
      cosine: gallery.centred(voice, { cosine, probeToSum, probeToMean }),
      speechSeconds,
      voiceSeconds: voice.speechSeconds,
      alone: gallery.alone,
      isNarrowBand: isNarrowBand || voice.isNarrowBand,
      isNarrowBandBoth: isNarrowBand && voice.isNarrowBand,
    };
    return { voice, cosine, comparison };
  });
}

/** One voice compared with all enrolled people, best first. */
export function compare(
  probe: PooledVoice,
  voices: readonly EnrolledVoice[],
  { calibration, isNarrowBand }: Pick<MatchOptions, 'calibration' | 'isNarrowBand'>,
): VoiceComparison[] {
  return comparisonsOf(probe, voices, { centring: calibration.centring, isNarrowBand })
    .map(({ voice, cosine, comparison }) => ({ voice, cosine, llr: llrOf(comparison, calibration) }))
    .sort((a, b) => b.llr - a.llr);
}

/**
 * Matches each voice with the most likely enrolled person. The most certain pair goes first; a voice already matched with a
 * person supports or opposes a second match with that person, by the similarity of the two voices in this recording.
 */
export function matchVoices(
  probes: readonly PooledVoice[],
  voices: readonly EnrolledVoice[],
  options: MatchOptions,
): VoiceMatch[] {
  const comparisons = probes.map((one) => compare(one, voices, options));
  const taken = new Map<number, VoiceComparison>();
  const holders = new Map<string, number[]>();
  for (;;) {
    const next = surestPair(probes, comparisons, { taken, holders, options });
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

/** The pair of highest llr among voices not yet matched. */
function surestPair(
  probes: readonly PooledVoice[],
  comparisons: readonly (readonly VoiceComparison[])[],
  { taken, holders, options }: Assignment,
): { row: number; comparison: VoiceComparison } | undefined {
  let best: { row: number; comparison: VoiceComparison } | undefined;
  let highest = options.leastLlr;
  comparisons.forEach((list, row) => {
    if (taken.has(row)) return;
    for (const comparison of list) {
      const others = holders.get(comparison.voice.id) ?? [];
      const support = others.map((other) => options.samePersonLlr(probes[row]!, probes[other]!));
      const llr = comparison.llr + (support.length > 0 ? Math.min(MATCH_TUNING.mostSupport, Math.max(...support)) : 0);
      if (llr >= highest) {
        highest = llr;
        best = { row, comparison };
      }
    }
  });
  return best;
}
