import { VoicePrintsError } from '../core/errors.js';

/** Converts failures of the file system to a VoicePrintsError. */
export async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (error instanceof VoicePrintsError || typeof code !== 'string') throw error;
    const message = `the voiceprint store cannot be used (${code}); check that its folder exists, is yours and has room`;
    throw new VoicePrintsError('REGISTRY_UNAVAILABLE', message, { details: { systemCode: code }, cause: error });
  }
}
