import { VoicePrintsError } from '../core/errors.js';

export const speakersExist = (ids: readonly string[]) =>
  new VoicePrintsError(
    'SPEAKER_EXISTS',
    `${ids.length === 1 ? 'this speaker is' : 'these speakers are'} already enrolled: ${ids.join(', ')}; import with --replace (replace: true) to overwrite them, or leave them out`,
    { details: { speakerIds: ids.join(',') } },
  );
