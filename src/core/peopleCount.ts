import { VoicePrintsError } from './errors.js';

/** Maximum number of people that may be said to speak in one recording. */
export const MAX_PEOPLE = 100;

/** What is known of the number of people who speak in a recording, enrolled or not; undefined: nothing. */
export interface PeopleCount {
  readonly speakerCount?: number | undefined;
  readonly maxSpeakers?: number | undefined;
}

/** Limits of the number of voices in a recording; undefined: estimated. */
export interface VoiceLimits {
  /** Used with a segmentation model, where there is evidence for so many. */
  readonly minVoices?: number | undefined;
  readonly maxVoices?: number | undefined;
}

/** A channel or track of one person. */
export const ONE_VOICE: VoiceLimits = { minVoices: 1, maxVoices: 1 };

/** Throws INPUT_INVALID. */
export function voiceLimitsOf({ speakerCount, maxSpeakers }: PeopleCount): VoiceLimits {
  assertPeople('speakerCount', speakerCount);
  assertPeople('maxSpeakers', maxSpeakers);
  if (speakerCount !== undefined && maxSpeakers !== undefined && speakerCount > maxSpeakers) {
    throw new VoicePrintsError('INPUT_INVALID', 'speakerCount is more than maxSpeakers; give one of them');
  }
  return { minVoices: speakerCount, maxVoices: speakerCount ?? maxSpeakers };
}

function assertPeople(name: string, count: number | undefined): void {
  if (count === undefined || (Number.isInteger(count) && count >= 1 && count <= MAX_PEOPLE)) return;
  throw new VoicePrintsError(
    'INPUT_INVALID',
    `${name} must be a whole number from 1 to ${MAX_PEOPLE}; leave it out where it is not known`,
  );
}
