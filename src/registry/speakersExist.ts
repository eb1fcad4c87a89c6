import { VoicePrintsError } from '../core/errors.js';

export const speakersExist = (ids: readonly string[]) =>
  new VoicePrintsError(
    'SPEAKER_EXISTS',
    `${ids.length === 1 ? 'this speaker is' : 'these speakers are'} already enrolled: ${ids.join(', ')}; ask to replace them, or leave them out`,
    { details: { speakerIds: ids.join(',') } },
  );
