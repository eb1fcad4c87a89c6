import type { Recording } from '../audio/recording.js';
import { asVoicePrintsError, VoicePrintsError } from '../core/errors.js';
import type { EnrollResult, SampleOutcome, SampleReason } from '../core/identification.js';
import type { RecordingSource } from '../core/recording.js';
import type { Voiceprint } from '../core/voiceprint.js';
import { UNCALIBRATED } from '../identity/calibration.js';
import type { VoiceprintRegistry } from '../registry/voiceprintRegistry.js';
import type { Compute } from './compute.js';
import type { EnrollRequest } from './engine.js';
import {
  COMPLETE_SPEECH_MS,
  GATE_LIMITS,
  type JudgedSample,
  judgeSamples,
  type KnownVoice,
  knownVoiceOf,
  LEAST_SPEECH_MS,
} from './enrollGate.js';
import { reasonFor } from './enrollReasons.js';
import { growVoiceprint } from './growVoiceprint.js';
import { type HeardSample, hearSample } from './hearSample.js';
import { assertName } from './speakerDirectory.js';
import { assertSpeakerId } from './speakerId.js';

/** Samples are held whole while they are heard; 10 to 24 s are what is wanted. */
export const MAX_SAMPLE_MS = 300_000;
const MAX_SAMPLES = 100;

export interface EnrollDependencies {
  readonly compute: Compute;
  readonly registry: VoiceprintRegistry;
  readonly openRecording: (source: RecordingSource) => Promise<Recording>;
  readonly nowMs: () => number;
}

/** A sample that was heard, or why it could not be. */
type Sample = { readonly file: string } & (
  | { readonly kind: 'heard'; readonly heard: HeardSample }
  | { readonly kind: 'unreadable'; readonly error: VoicePrintsError }
);

interface SampleRequest {
  readonly file: string;
  readonly source: RecordingSource;
  readonly progress: (doneMs: number) => void;
  readonly signal: AbortSignal;
}

/**
 * Adds samples to a voiceprint, through the gate. Refused samples are in the result; where none was accepted, or
 * all accepted ones come to less than 6 s, nothing is stored.
 *
 * @throws VoicePrintsError SPEAKER_ID_INVALID, INPUT_INVALID, the decoder's error where no sample could be read at
 *   all, or what the networks, the registry and the signal throw
 */
export async function enroll(
  request: EnrollRequest & { readonly tenantId: string },
  dependencies: EnrollDependencies,
  { signal, onAudio }: { readonly signal: AbortSignal; readonly onAudio: (doneMs: number) => void },
): Promise<EnrollResult> {
  assertRequest(request);
  const samples: Sample[] = [];
  let doneMs = 0;
  for (const [i, source] of request.samples.entries()) {
    const earlierMs = doneMs;
    const progress = (ms: number) => {
      doneMs = earlierMs + ms;
      onAudio(doneMs);
    };
    const file = source.label ?? `sample ${i + 1}`;
    samples.push(await readSample({ file, source, progress, signal }, dependencies));
  }
  const [first] = samples;
  if (first?.kind === 'unreadable' && samples.every(({ kind }) => kind === 'unreadable')) throw first.error;
  return store(request, samples, dependencies);
}

function assertRequest({ speakerId, name, samples }: EnrollRequest): void {
  assertSpeakerId(speakerId);
  if (name !== undefined) assertName(name);
  if (samples.length > 0 && samples.length <= MAX_SAMPLES) return;
  throw new VoicePrintsError('INPUT_INVALID', `an enrolment takes 1 to ${MAX_SAMPLES} samples; give at least one`);
}

/** What is wrong with a file stays with the file; what is wrong with the engine, or an abort, is thrown. */
async function readSample(
  { file, source, progress, signal }: SampleRequest,
  { compute, openRecording }: EnrollDependencies,
): Promise<Sample> {
  try {
    const heard = await hearSample(file, () => openRecording(source), { compute, signal, onAudio: progress });
    return { file, kind: 'heard', heard };
  } catch (thrown) {
    signal.throwIfAborted();
    const error = asVoicePrintsError(thrown);
    if (/^(AUDIO|FILE|URL)_/.test(error.code)) return { file, kind: 'unreadable', error };
    throw error;
  }
}

/** Judges against what is stored at that very moment, and stores, as one step of the registry. */
async function store(
  request: EnrollRequest & { readonly tenantId: string },
  samples: readonly Sample[],
  { compute, registry, nowMs }: EnrollDependencies,
): Promise<EnrollResult> {
  const { tenantId, speakerId } = request;
  const { id: modelId, calibration = UNCALIBRATED } = compute.model;
  const heard = samples.flatMap((sample) => (sample.kind === 'heard' ? [sample.heard] : []));
  const others = await othersOf(registry, { tenantId, speakerId, modelId });
  let result: EnrollResult | undefined;
  await registry.update(tenantId, speakerId, (current) => {
    const earlier = current && knownVoiceOf(current, modelId);
    const judged = judgeSamples(heard, { earlier, others, calibration, limits: GATE_LIMITS });
    const accepted = judged.filter(({ isAccepted }) => isAccepted).map(({ sample }) => sample);
    const earlierMs = earlier && current ? current.speechMs : 0;
    const speechMs = accepted.reduce((sum, sample) => sum + sample.speechMs, earlierMs);
    if (accepted.length === 0 || speechMs < LEAST_SPEECH_MS) {
      result = rejected(request, current, outcomesOf(samples, judged, speechMs));
      return current;
    }
    const { name, languageCode, consentText } = request;
    const growth = { tenantId, speakerId, modelId, name, languageCode, consentText, nowMs: nowMs() };
    const grown = growVoiceprint(current, accepted, growth);
    result = stored(grown, outcomesOf(samples, judged));
    return grown;
  });
  return result!;
}

async function othersOf(
  registry: VoiceprintRegistry,
  { tenantId, speakerId, modelId }: { tenantId: string; speakerId: string; modelId: string },
): Promise<KnownVoice[]> {
  const all = await registry.list(tenantId);
  return all.flatMap((voiceprint) => (voiceprint.id === speakerId ? [] : (knownVoiceOf(voiceprint, modelId) ?? [])));
}

/**
 * Every sample in the order given.
 * @param tooLittleMs speech in all, where that was too little: then none is accepted
 */
function outcomesOf(
  samples: readonly Sample[],
  judged: readonly JudgedSample[],
  tooLittleMs?: number,
): SampleOutcome[] {
  const judgementOf = new Map(judged.map((one) => [one.sample, one]));
  return samples.map((sample): SampleOutcome => {
    const { file } = sample;
    if (sample.kind === 'unreadable') {
      const reasons = [reasonFor.unreadable(sample.error.message)];
      return { file, accepted: false, speechSeconds: 0, snrDb: null, reasons };
    }
    const { speechMs, snrDb } = sample.heard;
    const { isAccepted, reasons } = judgementOf.get(sample.heard)!;
    const isShort = isAccepted && tooLittleMs !== undefined;
    return {
      file,
      accepted: isAccepted && !isShort,
      speechSeconds: rounded(speechMs / 1000, 3),
      snrDb: speechMs > 0 ? rounded(snrDb, 1) : null,
      reasons: isShort ? [...reasons, reasonFor.tooLittleSpeech(tooLittleMs, LEAST_SPEECH_MS)] : reasons,
    };
  });
}

function rejected(
  { speakerId, name }: EnrollRequest,
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
