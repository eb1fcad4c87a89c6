import type { CalibrationParameters } from '../core/calibration.js';
import { seededRandom } from './damage.js';
import { logisticFit } from './logisticFit.js';

/** One comparison with known truth, made as in production. */
export interface CalibrationTrial {
  readonly cosine: number;
  /** Speech behind the probe. */
  readonly speechSeconds: number;
  /** True where either side is telephone audio, and where both are. */
  readonly isNarrowBand: boolean;
  readonly isNarrowBandBoth?: boolean;
  readonly isTarget: boolean;
  /** Dot products of both sides with the mean voice. */
  readonly probeTypicality: number;
  readonly voiceTypicality: number;
  /** Number of the probe: its trials with other people are impostor trials against a gallery. */
  readonly probe: number;
}

/** Two voices of one recording. */
export interface RecordingTrial {
  readonly cosine: number;
  readonly isTarget: boolean;
}

export interface CalibrationMaterial {
  /** Probes against voiceprints. */
  readonly trials: readonly CalibrationTrial[];
  /** Pooled speech against pooled speech of the same recording. */
  readonly recordingTrials: readonly RecordingTrial[];
  /** Mean cosine of two windows within one recording, of one voice and of two. */
  readonly windowCosine: { readonly same: number; readonly different: number };
  /** Mean of the voiceprints, shape (d,). */
  readonly meanVoice: readonly number[];
  /** Description of the material. */
  readonly source: string;
}

/** Gallery size at which the false-accept thresholds are measured. */
export const GALLERY_SIZE = 10;
const DRAWS = 20; // galleries per probe
const LONGEST_SECONDS = 30;

/** Fits log likelihood ratios to cosine and seconds, and measures the thresholds of the false-accept presets. */
export function fitCalibration(material: CalibrationMaterial): CalibrationParameters {
  const featuresOf = (trial: CalibrationTrial) => {
    const { cosine, speechSeconds, probeTypicality, voiceTypicality } = trial;
    const flags = [Number(trial.isNarrowBand), Number(trial.isNarrowBandBoth ?? false)];
    const logSeconds = Math.log(Math.min(speechSeconds, LONGEST_SECONDS));
    return [1, cosine, logSeconds, cosine * logSeconds, ...flags, probeTypicality, voiceTypicality];
  };
  const { trials } = material;
  const weights = logisticFit(trials.map((trial) => ({ features: featuresOf(trial), isTarget: trial.isTarget })));
  const llrs = trials.map((trial) => featuresOf(trial).reduce((sum, value, i) => sum + value * weights[i]!, 0));
  const [recordingOffset, recordingSlope] = logisticFit(
    material.recordingTrials.map(({ cosine, isTarget }) => ({ features: [1, cosine], isTarget })),
  );
  return {
    offset: weights[0]!,
    cosine: weights[1]!,
    logSeconds: weights[2]!,
    cosineLogSeconds: weights[3]!,
    narrowBand: weights[4]!,
    narrowBandBoth: weights[5]!,
    probeTypicality: weights[6]!,
    voiceTypicality: weights[7]!,
    meanVoice: material.meanVoice,
    falseAcceptLlr: widePresetLlrs(trials, llrs),
    gallerySize: GALLERY_SIZE,
    windowCosine: material.windowCosine,
    recordingCosine: { offset: recordingOffset!, cosine: recordingSlope! },
    source: material.source,
  };
}

/**
 * Presets are measured where at least one side is wide-band, if there are such trials. Telephone lines make voices so similar
 * that presets over all trials would refuse most names elsewhere.
 */
function widePresetLlrs(trials: readonly CalibrationTrial[], llrs: readonly number[]) {
  const wide = trials.flatMap((trial, i) => (trial.isNarrowBandBoth ? [] : [i]));
  const presets = presetLlrs(
    wide.map((i) => trials[i]!),
    wide.map((i) => llrs[i]!),
  );
  return Number.isFinite(presets['1']) ? presets : presetLlrs(trials, llrs);
}

/**
 * The llr that the best of GALLERY_SIZE people exceeds in .1, 1 and 5 % of impostor trials; Infinity where no probe has
 * trials with so many other people.
 */
export function presetLlrs(
  trials: readonly CalibrationTrial[],
  llrs: readonly number[],
): CalibrationParameters['falseAcceptLlr'] {
  const best = strangersBest(trials, llrs);
  return {
    '0.1': upperQuantile(best, 0.001),
    '1': upperQuantile(best, 0.01),
    '5': upperQuantile(best, 0.05),
  };
}

/** The best llr of each impostor in each of many random galleries, lowest first. */
function strangersBest(trials: readonly CalibrationTrial[], llrs: readonly number[]): Float64Array {
  const byProbe = new Map<number, number[]>();
  trials.forEach(({ probe, isTarget }, i) => {
    if (isTarget) return;
    const list = byProbe.get(probe);
    if (list) list.push(llrs[i]!);
    else byProbe.set(probe, [llrs[i]!]);
  });
  const random = seededRandom(1);
  const best: number[] = [];
  for (const list of byProbe.values()) {
    if (list.length < GALLERY_SIZE) continue;
    for (let draw = 0; draw < DRAWS; draw += 1) {
      let highest = Number.NEGATIVE_INFINITY;
      for (let i = 0; i < GALLERY_SIZE; i += 1) highest = Math.max(highest, list[Math.floor(random() * list.length)]!);
      best.push(highest);
    }
  }
  return Float64Array.from(best).sort();
}

/** The value exceeded by the given proportion of the sorted values; Infinity where there are none. */
function upperQuantile(sorted: Float64Array, share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * (1 - share)) - 1)] ?? Number.POSITIVE_INFINITY;
}
