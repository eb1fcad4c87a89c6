import { VoicePrintsError } from '../../core/errors.js';

const SPEAKER_ID = /^[a-zA-Z0-9_]{1,128}$/;
const MAX_NAME_LENGTH = 200;

export const isSpeakerId = (text: string): boolean => SPEAKER_ID.test(text);

/** Throws SPEAKER_ID_INVALID. The id is not quoted: it may contain a name. */
export function assertSpeakerId(speakerId: string): void {
  if (isSpeakerId(speakerId)) return;
  throw new VoicePrintsError(
    'SPEAKER_ID_INVALID',
    'a speaker id has 1 to 128 letters, digits and underscores; choose one and give the full name as the name',
  );
}

/** Throws INPUT_INVALID for a name that is empty or too long to show. */
export function assertName(name: string): void {
  if (name.trim() !== '' && name.length <= MAX_NAME_LENGTH) return;
  throw new VoicePrintsError(
    'INPUT_INVALID',
    `a name has 1 to ${MAX_NAME_LENGTH} characters; give one, or none to keep the id`,
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
