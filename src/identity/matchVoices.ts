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
  readonly voice: Pick<EnrolledVoice, 'id'>;
  readonly cosine: number;
  /** Natural-log likelihood ratio from the calibration. */
  readonly llr: number;
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
export const MEAN_SHARE = 0.8;

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
