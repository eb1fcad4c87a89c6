import type { Recording } from '../../audio/recording.js';
import { VoicePrintsError } from '../../core/errors.js';
import type { Identification, IdentifiedSegment } from '../../core/identification.js';
import type { AudioSelection } from '../../core/recording.js';

/** Begins to decode a recording from its beginning, a part of it or (nothing selected) all of it. */
export type OpenSelection = (selection: AudioSelection) => Promise<Recording>;

/** A segment with the voice it belongs to, known nowhere but here. */
export interface VoicedSegment {
  readonly segment: IdentifiedSegment;
  readonly voice: string;
}

/** The parts of a recording with sound, and the turns of all of them, in order of `start`. */
export interface VoicedParts {
  readonly parts: readonly Identification[];
  readonly segments: readonly VoicedSegment[];
}

/**
 * A recording in which every audio track is one person, or, where there is one track only, every channel of it: whatever
 * speaks there is named alike. Undefined where there is one part only. Throws AUDIO_SILENT where no part has a sound.
 */
export async function voicePerPart(
  open: OpenSelection,
  within: AudioSelection,
  identify: (selection: AudioSelection) => Promise<Identification>,
): Promise<VoicedParts | undefined> {
  const selections = await partsOf(open, within);
  if (selections.length < 2) return undefined;
  const parts: Identification[] = [];
  const segments: VoicedSegment[] = [];
  let silence: VoicePrintsError | undefined;
  for (const [index, selection] of selections.entries()) {
    const part = await unlessSilent(() => identify(selection));
    if (part instanceof VoicePrintsError) {
      silence = part;
      continue;
    }
    parts.push(part);
    // Where several voices were found, the one that speaks longest gives the name.
    const main = mainVoice(part.segments);
    const person = main?.decision === 'identified' ? main.speakerId : null;
    const voice = person === null ? `part ${index + 1}` : `id ${person}`;
    segments.push(
      ...part.segments.map((segment) => ({ segment: main ? { ...segment, ...whoOf(main) } : segment, voice })),
    );
  }
  if (parts.length === 0 && silence) throw silence;
  return { parts, segments: segments.sort((a, b) => a.segment.start - b.segment.start) };
}

async function partsOf(open: OpenSelection, within: AudioSelection): Promise<AudioSelection[]> {
  await using recording = await open(within);
  const { tracks = 1, channels = 1 } = recording.format;
  const numbers = (count: number) => Array.from({ length: count }, (_, i) => i + 1);
  if (within.track === undefined && tracks > 1) return numbers(tracks).map((track) => ({ track }));
  return numbers(channels).map((channel) => ({ ...within, channel }));
}

/** The answer, or that there was not a sound: a part may be silent. */
async function unlessSilent(identify: () => Promise<Identification>): Promise<Identification | VoicePrintsError> {
  try {
    return await identify();
  } catch (error) {
    if (error instanceof VoicePrintsError && error.code === 'AUDIO_SILENT') return error;
    throw error;
  }
}

const whoOf = ({ speakerId, name, cluster, score, margin, cosine, decision, candidates }: IdentifiedSegment) => ({
  speakerId,
  name,
  cluster,
  score,
  margin,
  cosine,
  decision,
  candidates,
});

/** Of several voices the one that speaks longest. */
function mainVoice(segments: readonly IdentifiedSegment[]): IdentifiedSegment | undefined {
  const seconds = new Map<string, number>();
  const voiceOf = ({ cluster, speakerId }: IdentifiedSegment) => cluster ?? `id ${speakerId}`;
  for (const one of segments) seconds.set(voiceOf(one), (seconds.get(voiceOf(one)) ?? 0) + one.end - one.start);
  const longest = [...seconds].sort(([, a], [, b]) => b - a)[0]?.[0];
  return segments.find((one) => voiceOf(one) === longest);
}

/** One answer from those of the parts: unknown voices renumbered in order of appearance. */
export function joinedIdentification({ parts, segments }: VoicedParts): Identification {
  const unknowns = new Map<string, string>();
  const renamed = segments.map(({ segment, voice }) => {
    if (segment.cluster === null) return segment;
    if (!unknowns.has(voice)) unknowns.set(voice, `unknown-${unknowns.size + 1}`);
    return { ...segment, cluster: unknowns.get(voice)! };
  });
  return { ...summaryOf(parts), segments: renamed };
}

/** What the answers to the parts have in common. */
export function summaryOf(parts: readonly Identification[]): Omit<Identification, 'segments'> {
  const warnings = new Map(parts.flatMap((part) => part.warnings.map((one) => [one.code, one])));
  // One part without speech does not mean that the whole has none.
  if (parts.some(({ segments }) => segments.length > 0)) warnings.delete('AUDIO_NO_SPEECH');
  return {
    durationSeconds: Math.max(...parts.map(({ durationSeconds }) => durationSeconds)),
    model: parts[0]!.model,
    warnings: [...warnings.values()],
  };
}
