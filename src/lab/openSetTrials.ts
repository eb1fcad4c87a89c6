import type { CalibrationParameters } from '../core/calibration.js';
import type { FalseAcceptPercent } from '../core/identification.js';
import { centroid } from '../core/vector.js';
import { type OpenSetTrial, PRESETS } from '../evaluation/openSet.js';
import type { LocatedSpeech, OpenSetSplit } from '../evaluation/openSetPlan.js';
import { UNCALIBRATED } from '../identity/calibration.js';
import { decide, UNCERTAIN_LLR } from '../identity/decide.js';
import { rankingOf } from '../identity/gallery/ranking.js';
import { compare, type VoiceComparison } from '../identity/matchVoices.js';
import type { EnrolledVoice } from '../identity/voices.js';

/** A span of speech as one vector. */
export interface PooledSpeech extends LocatedSpeech {
  /** Unit norm, shape (d,). */
  readonly embedding: Float32Array<ArrayBuffer>;
  readonly speechSeconds: number;
  readonly isNarrowBand: boolean;
}

/** Enrolment samples and probes of one person. */
export interface OpenSetPerson {
  readonly speaker: string;
  readonly samples: readonly PooledSpeech[];
  readonly probes: readonly PooledSpeech[];
}

export interface SplitTrials {
  readonly trials: readonly OpenSetTrial[];
  /** llr of every probe with the voiceprint of its own speaker, and with those of others. */
  readonly targets: readonly number[];
  readonly nontargets: readonly number[];
}

/** Runs every probe of one split as identification does: comparison with all enrolled people, then the decision. */
export function splitTrials(
  people: readonly OpenSetPerson[],
  { enrolled, probes }: OpenSetSplit,
  calibration: CalibrationParameters = UNCALIBRATED,
): SplitTrials {
  const voices = enrolled.map(({ speaker, samples }) =>
    voiceOf(
      String(speaker),
      samples.map((index) => people[speaker]!.samples[index]!),
    ),
  );
  const targets: number[] = [];
  const nontargets: number[] = [];
  const trials = probes.map(({ speaker, probe, isEnrolled }): OpenSetTrial => {
    const { embedding, speechSeconds, isNarrowBand } = people[speaker]!.probes[probe]!;
    const comparisons = compare({ centroid: embedding, speechSeconds }, voices, { calibration, isNarrowBand });
    for (const { voice, llr } of comparisons) (voice.id === String(speaker) ? targets : nontargets).push(llr);
    const best = comparisons[0];
    return {
      isEnrolled,
      score: best?.llr ?? Number.NEGATIVE_INFINITY,
      isBestRight: best?.voice.id === String(speaker),
      isNamed: namedAt(comparisons, calibration),
    };
  });
  return { trials, targets, nontargets };
}

/** A voiceprint of samples, as made by enrolment. */
export function voiceOf(id: string, samples: readonly PooledSpeech[]): EnrolledVoice {
  const seconds = samples.map(({ speechSeconds }) => speechSeconds);
  const exemplars = samples.map(({ embedding }) => embedding);
  return {
    id,
    exemplars,
    mean: centroid(exemplars, seconds),
    speechSeconds: seconds.reduce((sum, some) => sum + some, 0),
    isNarrowBand: samples.every((sample) => sample.isNarrowBand),
  };
}

function namedAt(comparisons: readonly VoiceComparison[], calibration: CalibrationParameters): OpenSetTrial['isNamed'] {
  const best = comparisons[0];
  const taken = best && best.llr >= UNCERTAIN_LLR ? best : undefined;
  const isNamed = (falseAcceptPercent: FalseAcceptPercent) =>
    decide(rankingOf(comparisons), taken, { calibration, falseAcceptPercent }).decision === 'identified';
  const [strict, usual, lenient] = PRESETS.map((preset) => isNamed(Number(preset) as FalseAcceptPercent));
  return { '0.1': strict!, '1': usual!, '5': lenient! };
}
