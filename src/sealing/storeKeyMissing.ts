import { VoicePrintsError } from '../core/errors.js';

/** A store that is encrypted was opened without its key. */
export const storeKeyMissing = (cause?: unknown): VoicePrintsError =>
  new VoicePrintsError(
    'REGISTRY_KEY_MISSING',
    'the voiceprint store is encrypted; give its key (VOICE_PRINTS_KEY, or the encryption key of the speaker store)',
    cause === undefined ? {} : { cause },
  );
