import { VoicePrintsError } from '../../core/errors.js';
import type { SpeakerSummary } from '../../core/identification.js';
import type { Voiceprint } from '../../core/voiceprint.js';
import { speakersNotFound } from './speakerId.js';

/**
 * The people who may be named in a recording: the given ones, or, if none is given, all who can be matched.
 *
 * @throws VoicePrintsError SPEAKER_NOT_FOUND for unknown ids, SPEAKER_INCOMPLETE for people without a voiceprint of the
 *   model in use (details.speakerIds, comma separated)
 */
export function voiceprintsFor(
  all: readonly Voiceprint[],
  speakerIds: readonly string[] | undefined,
  modelId: string,
): readonly Voiceprint[] {
  const canBeMatched = ({ mean }: Voiceprint) => mean?.modelId === modelId;
  if (!speakerIds || speakerIds.length === 0) return all.filter(canBeMatched);
  const byId = new Map(all.map((voiceprint) => [voiceprint.id, voiceprint]));
  const missing = speakerIds.filter((id) => !byId.has(id));
  if (missing.length > 0) throw speakersNotFound(missing);
  const wanted = [...new Set(speakerIds)].map((id) => byId.get(id)!);
  const unmatched = wanted.filter((voiceprint) => !canBeMatched(voiceprint));
  if (unmatched.length > 0) throw speakersIncomplete(unmatched.map(({ id }) => id));
  return wanted;
}

/** The same refusals from what lists show, for work that is only begun later. */
export function assertMatchable(all: readonly SpeakerSummary[], speakerIds: readonly string[]): void {
  const byId = new Map(all.map((summary) => [summary.speakerId, summary]));
  const missing = speakerIds.filter((id) => !byId.has(id));
  if (missing.length > 0) throw speakersNotFound(missing);
  const unmatched = speakerIds.filter((id) => byId.get(id)!.isStale);
  if (unmatched.length > 0) throw speakersIncomplete([...new Set(unmatched)]);
}

const speakersIncomplete = (ids: readonly string[]): VoicePrintsError =>
  new VoicePrintsError(
    'SPEAKER_INCOMPLETE',
    `${ids.join(', ')} cannot be matched with the model in use; enrol them with it, or leave them out`,
    { details: { speakerIds: ids.join(',') } },
  );
