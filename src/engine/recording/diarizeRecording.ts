import type { Diarization, FalseAcceptPercent, Identification } from '../../core/identification.js';
import { ONE_VOICE, type VoiceLimits } from '../../core/peopleCount.js';
import type { AudioSelection } from '../../core/recording.js';
import type { Compute } from '../compute/compute.js';
import type { Nameable } from '../voiceprints/nameable.js';
import { type IdentifyRecordingOptions, identifyRecording } from './identifyRecording.js';
import { type OpenSelection, summaryOf, type VoicedSegment, voicePerPart } from './voicePerPart.js';

interface DiarizeDependencies {
  readonly compute: Compute;
  readonly open: OpenSelection;
}

interface DiarizeSettings {
  /** The people who may be named. */
  readonly people: Nameable;
  readonly falseAcceptPercent: FalseAcceptPercent;
  readonly voiceLimits: VoiceLimits;
  readonly isSpeakerPerChannel: boolean;
}

/** Labels for every voice of a recording: identified people by id, the others by number in order of appearance. */
export async function diarizeRecording(
  { compute, open }: DiarizeDependencies,
  { people, falseAcceptPercent, voiceLimits, isSpeakerPerChannel }: DiarizeSettings,
  options: IdentifyRecordingOptions,
): Promise<Diarization> {
  const identify = (selection: AudioSelection, limits: VoiceLimits) =>
    identifyRecording(
      { compute, openRecording: () => open(selection) },
      { people, falseAcceptPercent, ...limits },
      options,
    );
  const apart = isSpeakerPerChannel
    ? await voicePerPart(open, {}, (selection) => identify(selection, ONE_VOICE))
    : undefined;
  if (apart) return labelled(apart.parts, apart.segments);
  const whole = await identify({}, isSpeakerPerChannel ? ONE_VOICE : voiceLimits);
  return labelled(
    [whole],
    whole.segments.map((segment) => ({ segment, voice: segment.cluster ?? `id ${segment.speakerId}` })),
  );
}

function labelled(parts: readonly Identification[], voiced: readonly VoicedSegment[]): Diarization {
  const labels = new Map<string, string>();
  let unnamed = 0;
  const segments = voiced.map(({ segment, voice }) => {
    if (!labels.has(voice)) {
      const isNamed = segment.decision === 'identified' && segment.speakerId !== null;
      if (!isNamed) unnamed += 1;
      labels.set(voice, isNamed ? segment.speakerId! : `speaker${unnamed}`);
    }
    return { ...segment, label: labels.get(voice)! };
  });
  return { ...summaryOf(parts), speakers: labels.size, segments };
}
