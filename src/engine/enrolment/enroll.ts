import type { Recording } from '../../audio/recording.js';
import { asVoicePrintsError, VoicePrintsError } from '../../core/errors.js';
import type { EnrollResult } from '../../core/identification.js';
import type { RecordingSource } from '../../core/recording.js';
import type { VoiceprintRegistry } from '../../registry/voiceprintRegistry.js';
import type { Compute } from '../compute/compute.js';
import type { EnrollRequest } from '../requests/enrollRequest.js';
import { assertPersonTexts } from '../voiceprints/personTexts.js';
import { assertSpeakerId } from '../voiceprints/speakerId.js';
import { analyseSample } from './analyseSample.js';
import { assertConsent } from './consent.js';
import { enrollSamples, type Sample, tryEnrolment } from './enrollSamples.js';
import type { OthersOf } from './otherPeople.js';

/** Samples are held in memory while they are analysed; 10 to 24 s are recommended. */
export const MAX_SAMPLE_MS = 300_000;
const MAX_SAMPLES = 100;

export interface EnrollDependencies {
  readonly compute: Compute;
  readonly registry: VoiceprintRegistry;
  readonly openRecording: (source: RecordingSource) => Promise<Recording>;
  readonly nowMs: () => number;
  /** Keeps the speech of accepted samples. */
  readonly keepAudio: boolean;
  readonly isConsentRequired?: boolean;
  readonly othersOf?: OthersOf;
}

interface SampleRequest {
  readonly file: string;
  readonly source: RecordingSource;
  readonly progress: (doneMs: number) => void;
  readonly signal: AbortSignal;
}

/**
 * Adds samples to a voiceprint, through the gate. Refused samples are in the result; where none was accepted, or
 * all accepted ones come to less than LEAST_SPEECH_MS, nothing is stored. A trial stores nothing at all.
 *
 * @throws VoicePrintsError SPEAKER_ID_INVALID, INPUT_INVALID, the decoder's error where no sample could be read at
 *   all, or what the networks, the registry and the signal throw
 */
export async function enroll(
  request: EnrollRequest & { readonly tenantId: string; readonly recordedBy?: string },
  dependencies: EnrollDependencies,
  { signal, onAudio }: { readonly signal: AbortSignal; readonly onAudio: (doneMs: number) => void },
): Promise<EnrollResult> {
  assertRequest(request);
  const { tenantId, speakerId } = request;
  if (dependencies.isConsentRequired && !request.isTrial)
    assertConsent(request, await dependencies.registry.get(tenantId, speakerId), true);
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
  const work = { ...dependencies, model: dependencies.compute.model };
  return request.isTrial ? tryEnrolment(request, samples, work) : enrollSamples(request, samples, work);
}

function assertRequest({ speakerId, samples, ...texts }: EnrollRequest): void {
  assertSpeakerId(speakerId);
  assertPersonTexts(texts);
  if (samples.length > 0 && samples.length <= MAX_SAMPLES) return;
  throw new VoicePrintsError('INPUT_INVALID', `an enrolment takes 1 to ${MAX_SAMPLES} samples; give at least one`);
}

/** Errors of a file are part of the result of that file; errors of the engine, and an abort, are thrown. */
async function readSample(
  { file, source, progress, signal }: SampleRequest,
  { compute, openRecording, keepAudio }: EnrollDependencies,
): Promise<Sample> {
  try {
    const analysed = await analyseSample(file, () => openRecording(source), {
      compute,
      signal,
      onAudio: progress,
      keepAudio,
    });
    return { file, kind: 'analysed', analysed };
  } catch (thrown) {
    signal.throwIfAborted();
    const error = asVoicePrintsError(thrown);
    if (/^(AUDIO|FILE|URL)_/.test(error.code)) return { file, kind: 'unreadable', error };
    throw error;
  }
}
