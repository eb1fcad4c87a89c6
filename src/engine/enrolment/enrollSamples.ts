import type { VoicePrintsError } from '../../core/errors.js';
import type { EnrollResult, SampleOutcome, SampleReason } from '../../core/identification.js';
import type { Steps } from '../../core/steps.js';
import type { Voiceprint } from '../../core/voiceprint.js';
import { COMPLETE_SPEECH_MS } from '../../core/voiceprint.js';
import { UNCALIBRATED } from '../../identity/calibration.js';
import type { SpeakerModel } from '../../inference/speakerModel.js';
import type { VoiceprintRegistry } from '../../registry/voiceprintRegistry.js';
import type { AnalysedSample } from './analyseSample.js';
import { assertConsent, consentOf, type GivenConsent } from './consent.js';
import { GATE_LIMITS, type JudgedSample, judgeSamples, LEAST_SPEECH_MS, samplesOf } from './enrollGate.js';
import { reasonFor } from './enrollReasons.js';
import { growVoiceprint } from './growVoiceprint.js';
import { type JudgedPerson, judgedNow } from './judgedNow.js';
import { knownVoiceOf } from './knownVoice.js';
import { listedOthers, type OtherPeople, type OthersOf } from './otherPeople.js';

/** An analysed sample, or the reason why it could not be analysed. */
export type Sample = { readonly file: string } & (
  | { readonly kind: 'analysed'; readonly analysed: AnalysedSample }
  | { readonly kind: 'unreadable'; readonly error: VoicePrintsError }
);

/** The person whose voiceprint gets the samples, and further data to store. */
export interface EnrolledPerson extends GivenConsent {
  readonly tenantId: string;
  readonly speakerId: string;
  readonly name?: string | undefined;
  readonly languageCode?: string | undefined;
}

export interface EnrollSamplesDependencies {
  readonly model: Pick<SpeakerModel, 'id' | 'calibration'>;
  readonly registry: VoiceprintRegistry;
  readonly nowMs: () => number;
  readonly isConsentRequired?: boolean | undefined;
  /** By default a list, made for the occasion. */
  readonly othersOf?: OthersOf | undefined;
}

/**
 * Adds analysed samples to a voiceprint, through the gate: compared with what is stored at that moment, and
 * stored, as one step of the registry.
 */
export async function enrollSamples(
  request: EnrolledPerson,
  samples: readonly Sample[],
  dependencies: EnrollSamplesDependencies,
): Promise<EnrollResult> {
  const { tenantId, speakerId } = request;
  const { registry, isConsentRequired } = dependencies;
  const { result, accepted } = await judgedNow(
    judgedPerson(request, dependencies),
    gateFor(request, samples, dependencies),
    async ({ judgement, isValidFor }) => {
      let isStored = false;
      await registry.update(tenantId, speakerId, (current) => {
        assertConsent(request, current, isConsentRequired);
        isStored = isValidFor(current);
        return (isStored && judgement.grown) || current;
      });
      return isStored;
    },
  );
  // Refused samples never reach the disk; of a person erased at this moment nothing is kept.
  for (const { kept } of accepted) {
    if (kept) await registry.keepSpeech(tenantId, speakerId, kept.audioId, kept.speech);
  }
  return result;
}

/** What `enrollSamples` would answer at this moment; nothing is stored. */
export async function tryEnrolment(
  request: EnrolledPerson,
  samples: readonly Sample[],
  dependencies: EnrollSamplesDependencies,
): Promise<EnrollResult> {
  const { tenantId, speakerId } = request;
  const { result } = await judgedNow(
    judgedPerson(request, dependencies),
    gateFor(request, samples, dependencies),
    async ({ isValidFor }) => isValidFor(await dependencies.registry.get(tenantId, speakerId)),
  );
  return { ...result, isTrial: true };
}

/** What the gate comes to: the voiceprint with the accepted samples; undefined where nothing is to be stored. */
interface Decided {
  readonly result: EnrollResult;
  readonly grown?: Voiceprint;
  readonly accepted: readonly AnalysedSample[];
}

const judgedPerson = (
  { tenantId, speakerId }: EnrolledPerson,
  { registry, model, othersOf = listed(registry, model.id) }: EnrollSamplesDependencies,
): JudgedPerson => ({ tenantId, speakerId, registry, othersOf });

/** The gate for these samples, to be asked with what is stored of the person. */
function gateFor(
  request: EnrolledPerson,
  samples: readonly Sample[],
  { model, nowMs }: EnrollSamplesDependencies,
): (current: Voiceprint | undefined, others: OtherPeople) => Steps<Decided> {
  const { tenantId, speakerId, name, languageCode } = request;
  const { id: modelId, calibration = UNCALIBRATED } = model;
  const analysed = samples.flatMap((sample) => (sample.kind === 'analysed' ? [sample.analysed] : []));
  return function* (current, others) {
    const earlier = current && knownVoiceOf(current, modelId);
    const earlierSamples = current ? samplesOf(current, modelId) : [];
    const context = { earlier, earlierSamples, others, calibration, limits: GATE_LIMITS };
    const judged = yield* judgeSamples(analysed, context);
    const accepted = judged.filter(({ isAccepted }) => isAccepted).map(({ sample }) => sample);
    const earlierMs = earlier && current ? current.speechMs : 0;
    const speechMs = accepted.reduce((sum, sample) => sum + sample.speechMs, earlierMs);
    if (accepted.length === 0 || speechMs < LEAST_SPEECH_MS) {
      const analysedMs = analysed.reduce((sum, sample) => sum + sample.speechMs, earlierMs);
      const outcomes = outcomesOf(samples, judged, { acceptedMs: speechMs, analysedMs });
      return { result: rejected(request, current, outcomes), accepted: [] };
    }
    const at = nowMs();
    const growth = { tenantId, speakerId, modelId, name, languageCode, consent: consentOf(request, at), nowMs: at };
    const grown = growVoiceprint(current, accepted, growth);
    return { result: stored(grown, outcomesOf(samples, judged)), grown, accepted };
  };
}

const listed =
  (registry: VoiceprintRegistry, modelId: string): OthersOf =>
  async (tenantId, speakerId) => {
    const all = (await registry.list(tenantId)).filter(({ id }) => id !== speakerId);
    return listedOthers(all.flatMap((voiceprint) => knownVoiceOf(voiceprint, modelId) ?? []));
  };

/**
 * Every sample in the order given.
 * @param tooLittle speech in all, where that was too little: then none is accepted. Where all speech together would be too
 *   little, refused samples get that reason too: fixing their other defects would not be enough
 */
function outcomesOf(
  samples: readonly Sample[],
  judged: readonly JudgedSample[],
  tooLittle?: { readonly acceptedMs: number; readonly analysedMs: number },
): SampleOutcome[] {
  const judgementOf = new Map(judged.map((one) => [one.sample, one]));
  return samples.map((sample): SampleOutcome => {
    const { file } = sample;
    if (sample.kind === 'unreadable') {
      const reasons = [reasonFor.unreadable(sample.error.message)];
      return { file, accepted: false, speechSeconds: 0, snrDb: null, reasons };
    }
    const { speechMs, snrDb } = sample.analysed;
    const { isAccepted, reasons } = judgementOf.get(sample.analysed)!;
    const isShort = isAccepted && tooLittle !== undefined;
    // For a sample that is too quiet, a longer one would be no better.
    const isReported = reasons.some(({ code }) => code === 'TOO_LITTLE_SPEECH' || code === 'TOO_QUIET');
    const shortMs = isShort ? tooLittle.acceptedMs : tooLittle?.analysedMs;
    const isTooLittle = shortMs !== undefined && shortMs < LEAST_SPEECH_MS && !isReported;
    return {
      file,
      accepted: isAccepted && !isShort,
      speechSeconds: rounded(speechMs / 1000, 3),
      snrDb: speechMs > 0 ? rounded(snrDb, 1) : null,
      reasons: isTooLittle ? [...reasons, reasonFor.tooLittleSpeech(shortMs, LEAST_SPEECH_MS)] : reasons,
    };
  });
}

function rejected(
  { speakerId, name }: EnrolledPerson,
  current: Voiceprint | undefined,
  samples: readonly SampleOutcome[],
): EnrollResult {
  return {
    speakerId,
    name: current?.name ?? name ?? speakerId,
    status: 'rejected',
    speechSeconds: rounded((current?.speechMs ?? 0) / 1000, 3),
    audioSeconds: rounded((current?.audioMs ?? 0) / 1000, 3),
    quality: current?.quality ?? 'poor',
    reasons: distinct(samples.flatMap(({ reasons }) => reasons.filter(({ refuses }) => refuses))),
    samples,
  };
}

function stored(voiceprint: Voiceprint, samples: readonly SampleOutcome[]): EnrollResult {
  const { id, name, speechMs, audioMs, quality, isComplete } = voiceprint;
  const reasons = distinct(samples.flatMap((sample) => sample.reasons));
  return {
    speakerId: id,
    name,
    status: isComplete ? 'complete' : 'accepted',
    speechSeconds: rounded(speechMs / 1000, 3),
    audioSeconds: rounded(audioMs / 1000, 3),
    quality,
    reasons: isComplete ? reasons : [...reasons, reasonFor.stillIncomplete(speechMs, COMPLETE_SPEECH_MS)],
    samples,
  };
}

/** Each reason once, whichever samples it concerns. */
const distinct = (reasons: readonly SampleReason[]): SampleReason[] => [
  ...new Map(reasons.map((reason) => [`${reason.code} ${reason.message}`, reason])).values(),
];

const rounded = (value: number, digits: number): number => Math.round(value * 10 ** digits) / 10 ** digits;
