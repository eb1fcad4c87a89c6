import type { Recording } from '../../audio/recording.js';
import { VoicePrintsError } from '../../core/errors.js';
import type {
  Candidate,
  FalseAcceptPercent,
  Identification,
  IdentifiedSegment,
  Warning,
} from '../../core/identification.js';
import type { VoiceLimits } from '../../core/peopleCount.js';
import type { OnProgress } from '../../core/progress.js';
import { msOfSamples, secondsOfSamples } from '../../core/time.js';
import { UNCALIBRATED } from '../../identity/calibration.js';
import type { ResolvedTurn, VoicesResult } from '../../identity/resolveVoices.js';
import { FAINT_DB } from '../../speech/qualityLevel.js';
import type { Compute } from '../compute/compute.js';
import type { RecordingTurns } from '../turns/recordingTurns.js';
import type { Nameable, Names } from '../voiceprints/nameable.js';
import { resolveFor } from '../voiceprints/resolveFor.js';
import { BandwidthProbe } from './bandwidthProbe.js';
import { localSpeechOf } from './localSpeechOf.js';
import { speechOf } from './speechOf.js';

export interface IdentifyRecordingDependencies {
  readonly compute: Compute;
  /** Begins to decode the recording; disposed here, whatever happens. */
  readonly openRecording: () => Promise<Recording>;
}

export interface IdentifyRecordingRequest extends VoiceLimits {
  /** The people who may be named. */
  readonly people: Nameable;
  readonly falseAcceptPercent: FalseAcceptPercent;
  /** Warnings about these people, in addition to those of the recording. */
  readonly galleryWarnings?: readonly Warning[];
}

export interface IdentifyRecordingOptions {
  /** Gives turns their ids, and gets their sounds. */
  readonly turns?: RecordingTurns | undefined;
  readonly signal: AbortSignal;
  readonly onProgress?: OnProgress | undefined;
}

/** Amplitudes below this are digital silence: half a step of 16 bits. */
const SILENT_PEAK = 0.5 / 32768;
const FAINT_PEAK = 10 ** (FAINT_DB / 20);

/**
 * Who speaks when in one recording. The audio is never held whole: it is decoded, searched for speech and embedded as
 * it comes; memory grows with the number of windows (about 1 kB each) only.
 *
 * @throws VoicePrintsError AUDIO_EMPTY, AUDIO_SILENT, or what the decoder, the networks and the signal throw
 */
export async function identifyRecording(
  { compute, openRecording }: IdentifyRecordingDependencies,
  { people, falseAcceptPercent, galleryWarnings = [], maxVoices, minVoices }: IdentifyRecordingRequest,
  { signal, onProgress, turns: remembered }: IdentifyRecordingOptions,
): Promise<Identification> {
  await using recording = await openRecording();
  const totalMs = recording.format.durationMs;
  const bandwidth = new BandwidthProbe();
  const options = {
    compute,
    signal,
    onAudio: (doneMs: number) => onProgress?.({ stage: 'analyse', doneMs, totalMs }),
  };
  const embedded = compute.segmentation
    ? await localSpeechOf(recording.frames(), { ...options, onSpeech: (samples) => bandwidth.add(samples) })
    : await speechOf(recording.frames(), { ...options, onSpeech: ({ samples }) => bandwidth.add(samples) });
  if (embedded.samples === 0) {
    throw new VoicePrintsError('AUDIO_EMPTY', 'the recording contains no audio; record it again');
  }
  if (embedded.peak < SILENT_PEAK) {
    throw new VoicePrintsError(
      'AUDIO_SILENT',
      'the recording is silent from end to end; check the microphone or cable',
    );
  }
  const durationMs = msOfSamples(embedded.samples);
  onProgress?.({ stage: 'cluster', doneMs: durationMs, totalMs: durationMs });
  const isNarrowBand = isLowRate(recording) || (await bandwidth.isNarrowBand(compute, signal));
  const { dimensions, embeddings } = embedded;
  const { turns, turnEmbeddings = [] } = await resolveFor(
    people,
    {
      ...('local' in embedded
        ? { local: embedded.local, minVoices }
        : { windows: embedded.windows, speech: embedded.speech }),
      dimensions,
      embeddings,
      calibration: compute.model.calibration ?? UNCALIBRATED,
      falseAcceptPercent,
      isNarrowBand,
      maxVoices,
      hasTurnEmbeddings: remembered !== undefined,
    },
    { compute, signal },
  );
  const segments = segmentsOf(turns, people.names);
  return {
    durationSeconds: secondsOfSamples(embedded.samples),
    model: compute.model.id,
    segments: remembered ? segments.map(withTurnId(remembered, { turnEmbeddings, isNarrowBand })) : segments,
    warnings: [
      ...recordingWarnings({
        isTruncated: recording.report().isPartial,
        skippedTracks: recording.report().skippedTracks ?? 0,
        isFaint: embedded.peak < FAINT_PEAK,
        isNarrowBand,
        hasSpeech: embeddings.length > 0,
        isUncalibrated: compute.model.calibration === undefined,
      }),
      ...galleryWarnings,
    ],
  };
}

/** Adds the ids of turns, in whose order the sounds are. */
const withTurnId =
  (
    turns: RecordingTurns,
    { turnEmbeddings, isNarrowBand }: Pick<VoicesResult, 'turnEmbeddings'> & { readonly isNarrowBand: boolean },
  ) =>
  (segment: IdentifiedSegment, i: number): IdentifiedSegment => {
    const embedding = turnEmbeddings?.[i];
    return { turnId: turns.newId(embedding && { embedding, isNarrowBand }), ...segment };
  };

/** Known from the sample rate for a source of 8 kHz; otherwise telephone speech has nothing above 4 kHz. */
export const isLowRate = ({ format }: Recording): boolean =>
  format.sampleRateHz !== undefined && format.sampleRateHz <= 11_025;

/** Turns as answers show them: seconds, names, and unknown voices numbered in order of appearance. */
export function segmentsOf(turns: readonly ResolvedTurn[], names: Names): IdentifiedSegment[] {
  const nameOf = (speakerId: string) => names.get(speakerId) ?? speakerId;
  const unknowns = new Map<number, string>();
  return turns.map((turn) => {
    const { speakerId, voice, decision, score, margin, cosine, isOverlap } = turn;
    if (decision !== 'identified' && !unknowns.has(voice)) unknowns.set(voice, `unknown-${unknowns.size + 1}`);
    return {
      speakerId,
      name: speakerId === null ? null : nameOf(speakerId),
      cluster: decision === 'identified' ? null : unknowns.get(voice)!,
      start: secondsOfSamples(turn.startSample),
      end: secondsOfSamples(turn.endSample),
      score,
      margin,
      cosine,
      decision,
      overlap: isOverlap,
      candidates: turn.candidates.map(
        (one): Candidate => ({
          speakerId: one.speakerId,
          name: nameOf(one.speakerId),
          score: one.score,
          cosine: one.cosine,
        }),
      ),
    };
  });
}

interface Findings {
  readonly isTruncated: boolean;
  readonly skippedTracks: number;
  readonly isFaint: boolean;
  readonly isNarrowBand: boolean;
  readonly hasSpeech: boolean;
  readonly isUncalibrated: boolean;
}

function recordingWarnings(findings: Findings): Warning[] {
  const { isTruncated, skippedTracks, isFaint, isNarrowBand, hasSpeech, isUncalibrated } = findings;
  const warnings: Warning[] = [];
  if (isTruncated) {
    warnings.push({
      code: 'AUDIO_TRUNCATED',
      message: 'the recording is truncated; the answer covers the part that could be read',
    });
  }
  if (skippedTracks > 0) {
    const tracks = skippedTracks === 1 ? '1 audio track' : `${skippedTracks} audio tracks`;
    warnings.push({
      code: 'AUDIO_TRACK_SKIPPED',
      message: `${tracks} could not be decoded; the answer covers the others: convert the recording to have all of them`,
    });
  }
  if (!hasSpeech) {
    const why = isFaint
      ? 'the recording is so quiet that no speech is found in it; turn the microphone up'
      : 'there is no speech in the recording; check the microphone';
    warnings.push({ code: 'AUDIO_NO_SPEECH', message: why });
  }
  if (hasSpeech && isNarrowBand) {
    warnings.push({
      code: 'AUDIO_NARROW_BAND',
      message:
        'the speech has telephone bandwidth; names are less certain, best with voices enrolled over the telephone',
    });
  }
  if (isUncalibrated) {
    warnings.push({
      code: 'MODEL_UNCALIBRATED',
      message:
        'this speaker model is not calibrated: names come with a careful default, which finds fewer people; calibrate it on recordings of your own',
    });
  }
  return warnings;
}
