import type { CalibrationParameters } from '../core/calibration.js';
import { logisticFit } from './logisticFit.js';

/** One comparison with known truth, made as in production: a probe with one person of a gallery. */
export interface CalibrationTrial {
  /** Centred with `CalibrationMaterial.centring`. */
  readonly cosine: number;
  /** Speech behind the probe and behind the voiceprint. */
  readonly speechSeconds: number;
  readonly voiceSeconds: number;
  /** See Comparison. */
  readonly alone: number;
  /** True where either side is telephone audio, and where both are. */
  readonly isNarrowBand: boolean;
  readonly isNarrowBandBoth: boolean;
  readonly isTarget: boolean;
  /** Number of the probe and gallery that the trial belongs to. */
  readonly attempt: number;
  /** People in the gallery. */
  readonly gallery: number;
  /** People recorded under the same conditions. All groups have the same weight, whatever their size. */
  readonly group: string;
}

/** Two voices of one recording. */
export interface RecordingTrial {
  readonly cosine: number;
  readonly isTarget: boolean;
}

export interface CalibrationMaterial {
  /** Probes against galleries of several sizes. */
  readonly trials: readonly CalibrationTrial[];
  /** Groups whose people all speak over the telephone. */
  readonly telephoneGroups: readonly string[];
  /** See CalibrationParameters. */
  readonly centring: number;
  readonly mostSeconds: number;
  /** Pooled speech against pooled speech of the same recording. */
  readonly recordingTrials: readonly RecordingTrial[];
  /** Mean cosine of two windows within one recording, of one voice and of two. */
  readonly windowCosine: { readonly same: number; readonly different: number };
  /** Description of the material. */
  readonly source: string;
}

/** Gallery size that the thresholds of the presets refer to. */
export const GALLERY_SIZE = 10;

/** Fits log likelihood ratios to cosine and seconds, and measures the thresholds of the false-accept presets. */
export function fitCalibration(material: CalibrationMaterial): CalibrationParameters {
  const { trials, mostSeconds } = material;
  const featuresOf = (trial: CalibrationTrial) => {
    const { cosine, alone } = trial;
    const [probe, voice] = [trial.speechSeconds, trial.voiceSeconds].map((seconds) =>
      Math.log(Math.min(seconds, mostSeconds)),
    ) as [number, number];
    const flags = [Number(trial.isNarrowBand), Number(trial.isNarrowBandBoth)];
    return [1, cosine, probe, cosine * probe, voice, cosine * voice, alone, cosine * alone, ...flags];
  };
  const weightOf = trialWeights(trials);
  const weights = logisticFit(
    trials.map((trial) => ({ features: featuresOf(trial), isTarget: trial.isTarget, weight: weightOf(trial) })),
  );
  const llrs = trials.map((trial) => featuresOf(trial).reduce((sum, value, i) => sum + value * weights[i]!, 0));
  const onTheLine = Math.min(0, -telephoneExcess(material, llrs));
  const thresholds = presetThresholds(
    trials,
    llrs.map((llr, i) => llr + (trials[i]!.isNarrowBandBoth ? onTheLine : 0)),
  );
  const [recordingOffset, recordingSlope] = logisticFit(
    material.recordingTrials.map(({ cosine, isTarget }) => ({ features: [1, cosine], isTarget })),
  );
  return {
    offset: weights[0]!,
    cosine: weights[1]!,
    logSeconds: weights[2]!,
    cosineLogSeconds: weights[3]!,
    voiceLogSeconds: weights[4]!,
    cosineVoiceLogSeconds: weights[5]!,
    alone: weights[6]!,
    cosineAlone: weights[7]!,
    narrowBand: weights[8]!,
    narrowBandBoth: weights[9]! + onTheLine,
    mostSeconds,
    centring: material.centring,
    ...thresholds,
    windowCosine: material.windowCosine,
    recordingCosine: { offset: recordingOffset!, cosine: recordingSlope! },
    source: material.source,
  };
}

/** In each class all groups have the same weight, and all attempts, whatever the size of the gallery. */
function trialWeights(trials: readonly CalibrationTrial[]): (trial: CalibrationTrial) => number {
  const classOf = ({ group, isTarget }: CalibrationTrial) => `${isTarget} ${group}`;
  const share = ({ isTarget, gallery }: CalibrationTrial) => (isTarget ? 1 : 1 / gallery);
  const totals = new Map<string, number>();
  for (const trial of trials) totals.set(classOf(trial), (totals.get(classOf(trial)) ?? 0) + share(trial));
  return (trial) => share(trial) / totals.get(classOf(trial))!;
}

/**
 * How much higher the llr of 1 % of impostors lies on telephone lines than in other groups. The regression sees the mean of
 * all comparisons only; on a line the most similar voices are more similar than the mean tells. 0 without such groups.
 */
function telephoneExcess({ trials, telephoneGroups }: CalibrationMaterial, llrs: readonly number[]): number {
  const bests = byGalleryAndGroup(impostorAttempts(trials, llrs), (attempt) => Math.max(...attempt.llrs));
  const excesses = [...bests].flatMap(([, byGroup]) => {
    const onePercent = (isTelephone: boolean) =>
      [...byGroup]
        .filter(([group]) => telephoneGroups.includes(group) === isTelephone)
        .map(([, best]) => upperQuantile(best, 0.01));
    const [line, others] = [onePercent(true), onePercent(false)];
    return line.length > 0 && others.length > 0 ? [meanOf(line) - meanOf(others)] : [];
  });
  return excesses.length > 0 ? meanOf(excesses) : 0;
}

/** Slopes that are tried. */
const SLOPES = Array.from({ length: 25 }, (_, i) => 0.05 * i);

/**
 * Thresholds of the presets: the score that the best of a gallery exceeds in .1, 1 and 5 % of impostor trials, all groups
 * with the same weight, given as the llr that has this score among GALLERY_SIZE people if nobody else is similar. The slope
 * is the one with which the scores of 1 % agree most between gallery sizes. Infinity without galleries of GALLERY_SIZE.
 *
 * @param slope where it is known
 */
export function presetThresholds(
  trials: readonly CalibrationTrial[],
  llrs: readonly number[],
  slope?: number,
): Required<Pick<CalibrationParameters, 'falseAcceptLlr' | 'gallerySize' | 'gallerySlope'>> {
  const attempts = impostorAttempts(trials, llrs);
  const levelsWith = (gallerySlope: number, percent: number) =>
    [...byGalleryAndGroup(attempts, (own) => logOddsOfBest(own, gallerySlope)).values()].map((groups) =>
      sharedQuantile([...groups.values()], percent / 100),
    );
  const spreadWith = (gallerySlope: number) => {
    const levels = levelsWith(gallerySlope, 1);
    return levels.reduce((sum, level) => sum + (level - meanOf(levels)) ** 2, 0);
  };
  const spreads = slope === undefined ? SLOPES.map(spreadWith) : [];
  const gallerySlope = slope ?? SLOPES[spreads.indexOf(Math.min(...spreads))] ?? 1;
  const isMeasured = attempts.some(({ gallery }) => gallery >= GALLERY_SIZE);
  const thresholdOf = (percent: number) =>
    isMeasured
      ? meanOf(levelsWith(gallerySlope, percent)) + gallerySlope * Math.log(GALLERY_SIZE)
      : Number.POSITIVE_INFINITY;
  return {
    falseAcceptLlr: { '0.1': thresholdOf(0.1), '1': thresholdOf(1), '5': thresholdOf(5) },
    gallerySize: GALLERY_SIZE,
    gallerySlope,
  };
}

/** All comparisons of one impostor with one gallery. */
interface ImpostorAttempt {
  readonly gallery: number;
  readonly group: string;
  readonly llrs: number[];
}

function impostorAttempts(trials: readonly CalibrationTrial[], llrs: readonly number[]): ImpostorAttempt[] {
  const owned = new Set(trials.filter(({ isTarget }) => isTarget).map(({ attempt }) => attempt));
  const attempts = new Map<number, ImpostorAttempt>();
  trials.forEach(({ attempt, gallery, group }, i) => {
    if (owned.has(attempt)) return;
    const known = attempts.get(attempt) ?? { gallery, group, llrs: [] };
    known.llrs.push(llrs[i]!);
    attempts.set(attempt, known);
  });
  return [...attempts.values()];
}

/** Log odds of the best candidate against everybody else and nobody, as in identification. */
function logOddsOfBest({ gallery, llrs }: ImpostorAttempt, gallerySlope: number): number {
  const share = -gallerySlope * Math.log(gallery);
  const best = Math.max(...llrs);
  const others = llrs.reduce((sum, llr) => sum + Math.exp(llr + share), 0) - Math.exp(best + share);
  return best + share - Math.log(1 + others);
}

/** A value of each attempt, by gallery size and group, each list in ascending order. */
function byGalleryAndGroup(
  attempts: readonly ImpostorAttempt[],
  measure: (attempt: ImpostorAttempt) => number,
): Map<number, Map<string, Float64Array>> {
  const lists = new Map<number, Map<string, number[]>>();
  for (const attempt of attempts) {
    const byGroup = lists.get(attempt.gallery) ?? new Map<string, number[]>();
    const list = byGroup.get(attempt.group) ?? [];
    list.push(measure(attempt));
    lists.set(attempt.gallery, byGroup.set(attempt.group, list));
  }
  const sorted = (list: readonly number[]) => Float64Array.from(list).sort();
  return new Map(
    [...lists].map(([size, byGroup]) => [size, new Map([...byGroup].map(([group, list]) => [group, sorted(list)]))]),
  );
}

/** The value that the given share of the lists exceeds, averaged over the lists. */
function sharedQuantile(lists: readonly Float64Array[], above: number): number {
  const all = Float64Array.from(lists.flatMap((list) => [...list])).sort();
  const partAbove = (value: number) =>
    meanOf(lists.map((list) => list.filter((one) => one > value).length / list.length));
  let [low, high] = [0, all.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (partAbove(all[middle]!) <= above) high = middle;
    else low = middle + 1;
  }
  return all[low] ?? Number.POSITIVE_INFINITY;
}

/** The value that the given share of the sorted values exceeds. */
const upperQuantile = (sorted: Float64Array, share: number): number =>
  sorted[Math.max(0, Math.ceil(sorted.length * (1 - share)) - 1)]!;

const meanOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
