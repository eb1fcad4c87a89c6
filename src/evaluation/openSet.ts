/** The false-accept presets as keys of an answer. */
export const PRESETS = ['0.1', '1', '5'] as const;
export type Preset = (typeof PRESETS)[number];

/** One probe compared with a gallery of enrolled people. */
export interface OpenSetTrial {
  /** False: an impostor, who is not in the gallery. */
  readonly isEnrolled: boolean;
  /** Score of the best candidate; higher is more likely. */
  readonly score: number;
  /** True where the best candidate is the speaker. */
  readonly isBestRight: boolean;
  /** Decision at each preset: whether the best candidate is accepted. */
  readonly isNamed: Readonly<Record<Preset, boolean>>;
}

/** All in percent of trials. FPIR: impostors who are named; FNIR: enrolled people who are not named correctly. */
export interface OpenSetResult {
  readonly fnirAtFpir1Percent: number;
  readonly fnirAtFpir5Percent: number;
  /** Probes of enrolled people whose best candidate is right, whatever its score. */
  readonly rank1Percent: number;
  /** Impostors who are named at each preset: the measured rate, to compare with the nominal one. */
  readonly falseAcceptAtPreset: Readonly<Record<Preset, number>>;
  /** Probes of enrolled people who are named correctly. */
  readonly namedAtPreset: Readonly<Record<Preset, number>>;
  /** Probes of enrolled people who are given another person's name. */
  readonly misnamedAtPreset: Readonly<Record<Preset, number>>;
  readonly enrolledTrials: number;
  readonly strangerTrials: number;
}

/** Rates of open-set identification; undefined without a trial of an enrolled person or without one of an impostor. */
export function openSetResult(trials: readonly OpenSetTrial[]): OpenSetResult | undefined {
  const enrolled = trials.filter(({ isEnrolled }) => isEnrolled);
  const strangers = trials.filter(({ isEnrolled }) => !isEnrolled);
  if (enrolled.length === 0 || strangers.length === 0) return undefined;
  const share = (of: readonly OpenSetTrial[], is: (trial: OpenSetTrial) => boolean) =>
    (100 * of.filter(is).length) / of.length;
  const atPreset = (of: readonly OpenSetTrial[], is: (trial: OpenSetTrial) => boolean) => {
    const rate = (preset: Preset) => share(of, (trial) => trial.isNamed[preset] && is(trial));
    return { '0.1': rate('0.1'), '1': rate('1'), '5': rate('5') };
  };
  const fnir = (fpir: number) => {
    const threshold = thresholdAt(strangers, fpir);
    return share(enrolled, ({ score, isBestRight }) => !isBestRight || score <= threshold);
  };
  return {
    fnirAtFpir1Percent: fnir(0.01),
    fnirAtFpir5Percent: fnir(0.05),
    rank1Percent: share(enrolled, ({ isBestRight }) => isBestRight),
    falseAcceptAtPreset: atPreset(strangers, () => true),
    namedAtPreset: atPreset(enrolled, ({ isBestRight }) => isBestRight),
    misnamedAtPreset: atPreset(enrolled, ({ isBestRight }) => !isBestRight),
    enrolledTrials: enrolled.length,
    strangerTrials: strangers.length,
  };
}

/** The score that at most `share` (0..1) of the impostors exceed. */
function thresholdAt(strangers: readonly OpenSetTrial[], share: number): number {
  const scores = Float64Array.from(strangers, ({ score }) => score).sort();
  return scores[scores.length - 1 - Math.floor(share * scores.length)] ?? Number.NEGATIVE_INFINITY;
}
