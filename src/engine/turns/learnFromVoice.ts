import type { Learning } from '../../core/feedback.js';
import type { SampleReason } from '../../core/identification.js';
import type { Steps } from '../../core/steps.js';
import type { UnknownExemplar } from '../../core/unknownVoice.js';
import type { Voiceprint } from '../../core/voiceprint.js';
import { UNCALIBRATED } from '../../identity/calibration.js';
import type { SpeakerModel } from '../../inference/speakerModel.js';
import { samplesOfVoice } from '../enrolment/enrollFromVoice.js';
import { GATE_LIMITS, judgeSamples, samplesOf } from '../enrolment/enrollGate.js';
import { reasonFor } from '../enrolment/enrollReasons.js';
import { learntVoiceprint } from '../enrolment/growVoiceprint.js';
import { knownVoiceOf } from '../enrolment/knownVoice.js';
import type { OtherPeople } from '../enrolment/otherPeople.js';
import type { VoiceprintChange } from './feedbackRecord.js';

export interface LearnContext {
  readonly model: Pick<SpeakerModel, 'id' | 'calibration'>;
  readonly others: OtherPeople;
  readonly feedbackId: string;
  readonly nowMs: number;
}

export interface Learnt {
  readonly learning: Learning;
  /** Undefined where nothing was learnt. */
  readonly change: VoiceprintChange | undefined;
}

/**
 * What an enrolled person's voiceprint learns from speech that somebody said is theirs: through the gate of enrolment, as samples
 * whose weight in the mean is bounded. Pure. Speech that does not sound like the person, or sounds more like another one, teaches
 * nothing, whoever says whose it is.
 */
export function* learnFromVoice(
  current: Voiceprint,
  exemplars: readonly UnknownExemplar[],
  { model, others, feedbackId, nowMs }: LearnContext,
): Steps<Learnt> {
  const modelId = model.id;
  const earlier = knownVoiceOf(current, modelId);
  if (exemplars.length === 0 || !earlier) return nothing([reasonFor.nothingKept()]);
  const samples = samplesOfVoice({ id: feedbackId, exemplars });
  const judged = yield* judgeSamples(samples, {
    earlier,
    earlierSamples: samplesOf(current, modelId),
    others,
    calibration: model.calibration ?? UNCALIBRATED,
    limits: GATE_LIMITS,
  });
  const reasons = distinct(judged.flatMap((one) => one.reasons));
  const accepted = judged.filter(({ isAccepted }) => isAccepted).map(({ sample }) => sample);
  if (accepted.length === 0) return nothing(reasons);
  const { voiceprint: after, added, dropped } = learntVoiceprint(current, accepted, { feedbackId, modelId, nowMs });
  const speechSeconds = accepted.reduce((sum, { speechMs }) => sum + speechMs, 0) / 1000;
  return {
    learning: { outcome: 'improved', speechSeconds: Math.round(1000 * speechSeconds) / 1000, reasons },
    change: { speakerId: current.id, before: current, after, added, dropped },
  };
}

export const nothing = (reasons: readonly SampleReason[]): Learnt => ({
  learning: { outcome: 'none', speechSeconds: 0, reasons },
  change: undefined,
});

const distinct = (reasons: readonly SampleReason[]): SampleReason[] => [
  ...new Map(reasons.map((reason) => [reason.code, reason])).values(),
];
