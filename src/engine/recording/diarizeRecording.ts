import type { Recording } from '../../audio/recording.js';
import { VoicePrintsError } from '../../core/errors.js';
import type { Diarization, FalseAcceptPercent, Identification, IdentifiedSegment } from '../../core/identification.js';
import type { Voiceprint } from '../../core/voiceprint.js';
import type { Compute } from '../compute/compute.js';
import { type IdentifyRecordingOptions, identifyRecording } from './identifyRecording.js';

interface DiarizeDependencies {
  readonly compute: Compute;
  /** Begins to decode the recording, one channel of it or (undefined) all of them mixed. */
  readonly openChannel: (channel: number | undefined) => Promise<Recording>;
}

interface DiarizeSettings {
  /** Whom to look for. */
  readonly voiceprints: readonly Voiceprint[];
  readonly falseAcceptPercent: FalseAcceptPercent;
  readonly speakerCount?: number | undefined;
  readonly isSpeakerPerChannel: boolean;
}

/** A segment with the voice it belongs to, known nowhere but here. */
interface VoicedSegment {
  readonly segment: IdentifiedSegment;
  readonly voice: string;
}

/** Labels for every voice of a recording: whoever was identified by id, the others by number in order of appearance. */
export async function diarizeRecording(
  { compute, openChannel }: DiarizeDependencies,
  { voiceprints, falseAcceptPercent, speakerCount, isSpeakerPerChannel }: DiarizeSettings,
  options: IdentifyRecordingOptions,
): Promise<Diarization> {
  const identify = (channel: number | undefined, maxVoices: number | undefined) =>
    identifyRecording(
      { compute, openRecording: () => openChannel(channel) },
      { voiceprints, falseAcceptPercent, maxVoices },
      options,
    );
  const channels = isSpeakerPerChannel ? await countChannels(openChannel) : 1;
  if (channels < 2) {
    const whole = await identify(undefined, isSpeakerPerChannel ? 1 : speakerCount);
    return labelled(
      [whole],
      whole.segments.map((segment) => ({ segment, voice: segment.cluster ?? `id ${segment.speakerId}` })),
    );
  }
  const parts: Identification[] = [];
  const voiced: VoicedSegment[] = [];
  let silence: VoicePrintsError | undefined;
  for (let channel = 0; channel < channels; channel += 1) {
    const part = await heard(() => identify(channel, 1));
    if (part instanceof VoicePrintsError) {
      silence = part;
      continue;
    }
    parts.push(part);
    // One person a channel: where several voices were heard, the one that speaks longest gives the name.
    const main = mainVoice(part.segments);
    const person = main?.decision === 'identified' ? main.speakerId : null;
    const voice = person === null ? `channel ${channel}` : `id ${person}`;
    voiced.push(
      ...part.segments.map((segment) => ({ segment: main ? { ...segment, ...whoOf(main) } : segment, voice })),
    );
  }
  if (parts.length === 0 && silence) throw silence;
  return labelled(
    parts,
    voiced.sort((a, b) => a.segment.start - b.segment.start),
  );
}

async function countChannels(openChannel: DiarizeDependencies['openChannel']): Promise<number> {
  await using recording = await openChannel(undefined);
  return recording.format.channels ?? 1;
}

/** The answer, or that there was not a sound: a channel may be silent. */
async function heard(identify: () => Promise<Identification>): Promise<Identification | VoicePrintsError> {
  try {
    return await identify();
  } catch (error) {
    if (error instanceof VoicePrintsError && error.code === 'AUDIO_SILENT') return error;
    throw error;
  }
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
  const warnings = new Map(parts.flatMap((part) => part.warnings.map((one) => [one.code, one])));
  return {
    durationSeconds: Math.max(...parts.map(({ durationSeconds }) => durationSeconds)),
    model: parts[0]!.model,
    speakers: labels.size,
    segments,
    warnings: [...warnings.values()],
  };
}

const whoOf = ({ speakerId, name, cluster, score, margin, cosine, decision, candidates }: IdentifiedSegment) => ({
  ...{ speakerId, name, cluster, score, margin, cosine, decision, candidates },
});

function mainVoice(segments: readonly IdentifiedSegment[]): IdentifiedSegment | undefined {
  const seconds = new Map<string, number>();
  const voiceOf = ({ cluster, speakerId }: IdentifiedSegment) => cluster ?? `id ${speakerId}`;
  for (const one of segments) seconds.set(voiceOf(one), (seconds.get(voiceOf(one)) ?? 0) + one.end - one.start);
  const longest = [...seconds].sort(([, a], [, b]) => b - a)[0]?.[0];
  return segments.find((one) => voiceOf(one) === longest);
}
