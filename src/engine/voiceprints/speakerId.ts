import { VoicePrintsError } from '../../core/errors.js';

const SPEAKER_ID = /^[a-zA-Z0-9_]{1,128}$/;

export const isSpeakerId = (text: string): boolean => SPEAKER_ID.test(text);

/** Throws SPEAKER_ID_INVALID. The id is not quoted: it may contain a name. */
export function assertSpeakerId(speakerId: string): void {
  if (isSpeakerId(speakerId)) return;
  throw new VoicePrintsError(
    'SPEAKER_ID_INVALID',
    'a speaker id has 1 to 128 letters, digits and underscores; choose one and give the full name as the name',
  );
}

export const speakersNotFound = (ids: readonly string[]): VoicePrintsError =>
  new VoicePrintsError(
    'SPEAKER_NOT_FOUND',
    `no speaker is enrolled as ${ids.join(', ')}; enrol them, or leave them out`,
    {
      details: { speakerIds: ids.join(',') },
    },
  );
