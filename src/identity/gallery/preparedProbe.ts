import type { CalibrationParameters } from '../../core/calibration.js';
import { llrLine, narrowBandLlr } from '../calibration.js';
import { LEAST_SQUARE } from '../centredGallery.js';
import { MEAN_SHARE, type PooledVoice } from '../matchVoices.js';
import type { Centring } from './galleryCentring.js';
import { dot64, type GalleryParts } from './galleryParts.js';

export interface ComparisonOptions {
  readonly calibration: CalibrationParameters;
  readonly isNarrowBand: boolean;
}

/** A probe before it is compared: what is the same for everybody. */
export interface PreparedProbe {
  readonly centring: Centring;
  readonly isNarrow: Uint8Array;
  readonly toSum: number;
  /** The llr is a line over the cosine; see LlrLine. */
  readonly offset: number;
  readonly slope: number;
  readonly voiceOffset: number;
  readonly voiceSlope: number;
  /** What is added for voiceprints of wideband and of telephone audio. */
  readonly wide: number;
  readonly narrow: number;
}

export function preparedProbe(
  { centroid, speechSeconds }: PooledVoice,
  parts: GalleryParts,
  { calibration, isNarrowBand, centring }: ComparisonOptions & { readonly centring: Centring },
): PreparedProbe {
  const addedFor = (voice: boolean) =>
    narrowBandLlr({ isNarrowBand: isNarrowBand || voice, isNarrowBandBoth: isNarrowBand && voice }, calibration);
  return {
    centring,
    isNarrow: parts.columns.isNarrowBand,
    toSum: centring.weight === 0 ? 0 : dot64(centroid, parts.sum),
    ...llrLine({ speechSeconds, alone: centring.alone }, calibration),
    wide: addedFor(false),
    narrow: addedFor(true),
  };
}

/** Cosine of a probe to a person, of which that to the nearest sample is a part. */
export const cosineOf = (toMean: number, toBest: number): number => MEAN_SHARE * toMean + (1 - MEAN_SHARE) * toBest;

/** llr of a person whose cosine to the probe, and to whose mean the probe's, are these. */
export function llrAt(probe: PreparedProbe, number: number, cosine: number, toMean: number): number {
  const log = probe.centring.logSeconds[number]!;
  return (
    probe.offset +
    probe.voiceOffset * log +
    centred(probe, number, cosine, toMean) * (probe.slope + probe.voiceSlope * log) +
    (probe.isNarrow[number] ? probe.narrow : probe.wide)
  );
}

/** The cosine, after what the others have in common was subtracted from both. */
function centred({ toSum, centring }: PreparedProbe, number: number, cosine: number, toMean: number): number {
  const { weight } = centring;
  if (weight === 0) return cosine;
  const squared = centring.othersSquared[number]!;
  const toOthers = weight * (toSum - toMean);
  const length = Math.sqrt(Math.max(LEAST_SQUARE, 1 - 2 * toOthers + squared));
  return (cosine - toOthers - centring.toOthers[number]! + squared) / (length * centring.length[number]!);
}

/** No llr of this person is higher, whatever its samples: Infinity where a calibration falls with the cosine. */
export function mostLlr(probe: PreparedProbe, number: number, toMean: number, spread: number): number {
  if (probe.slope + probe.voiceSlope * probe.centring.logSeconds[number]! < 0) return Number.POSITIVE_INFINITY;
  return llrAt(probe, number, cosineOf(toMean, nearestSample(toMean, spread)), toMean);
}

/** Highest cosine that a probe can have to a sample: the angle between them is at least the difference of those to the mean. */
function nearestSample(toMean: number, spread: number): number {
  if (toMean >= spread) return 1;
  return toMean * spread + Math.sqrt(Math.max(0, (1 - toMean * toMean) * (1 - spread * spread)));
}

/**
 * Dot product of the probe with a mean, below which nobody in the gallery reaches an llr; -Infinity where there is no such bound. Each
 * term is bounded by its least or greatest value of anybody, so nobody is missed, whatever the gallery.
 */
export function leastToMean(probe: PreparedProbe, llr: number): number {
  let [low, high] = [-LONGEST, LONGEST];
  if (!(highestLlr(probe, low) < llr)) return Number.NEGATIVE_INFINITY;
  for (let i = 0; i < 20; i += 1) {
    const middle = (low + high) / 2;
    if (highestLlr(probe, middle) < llr) low = middle;
    else high = middle;
  }
  return low;
}

/** Dot products of unit vectors, with what float32 may add. */
const LONGEST = 1.001;

/** No person whose mean is at most as near as `toMean` has a higher llr. */
function highestLlr({ centring, toSum, ...line }: PreparedProbe, toMean: number): number {
  const { weight, ranges } = centring;
  const slopes = ranges.logSeconds.map((log) => line.slope + line.voiceSlope * log);
  if (slopes.some((slope) => slope < 0)) return Number.POSITIVE_INFINITY;
  const cosine = cosineOf(toMean, nearestSample(toMean, ranges.spread[0]));
  const [leastSquared, mostSquared] = ranges.othersSquared;
  const most = cosine - weight * (toSum - toMean) - ranges.toOthers[0] + mostSquared;
  const length = (nearness: number, squared: number) =>
    Math.sqrt(Math.max(LEAST_SQUARE, 1 - 2 * weight * (toSum - nearness) + squared));
  const divisor =
    most > 0 ? length(-LONGEST, leastSquared) * ranges.length[0] : length(toMean, mostSquared) * ranges.length[1];
  const centredCosine = weight === 0 ? cosine : most / divisor;
  const ends = ranges.logSeconds.map((log, i) => line.voiceOffset * log + centredCosine * slopes[i]!);
  return line.offset + Math.max(...ends) + Math.max(line.wide, line.narrow);
}
