import { VoicePrintsError } from '../../core/errors.js';

/** Loaded with the first folder: where its binary does not run, everything but jobs and webhooks works. Throws REGISTRY_UNAVAILABLE. */
export async function loadLevel(): Promise<typeof import('classic-level')> {
  try {
    return await import('classic-level');
  } catch (cause) {
    const system = `${process.platform}-${process.arch}`;
    const message = `LevelDB, which keeps jobs and webhooks, cannot be loaded here (${system}); install this package again on this machine, and compilers where it has no program for it`;
    throw new VoicePrintsError('REGISTRY_UNAVAILABLE', message, { cause });
  }
}
