import { VoicePrintsError } from '../../core/errors.js';

/** Converts failures of LevelDB to a VoicePrintsError. */
export async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw storeError(error);
  }
}

export function storeError(error: unknown): VoicePrintsError {
  if (error instanceof VoicePrintsError) return error;
  const codes = [error, (error as Error | undefined)?.cause].map((one) => (one as { code?: unknown })?.code);
  if (codes.includes('LEVEL_LOCKED')) {
    return new VoicePrintsError(
      'JOBS_LOCKED',
      'another process runs the jobs of this store; send this call to that one, or end it and try again here',
      { cause: error },
    );
  }
  if (codes.includes('LEVEL_CORRUPTION')) return corrupt(error);
  return new VoicePrintsError(
    'REGISTRY_UNAVAILABLE',
    'the folder of the jobs cannot be used; check that it exists, is yours and has room',
    { cause: error },
  );
}

export const keyMissing = () =>
  new VoicePrintsError('REGISTRY_KEY_MISSING', 'the stored jobs are encrypted; give their key');

export const corrupt = (cause?: unknown) =>
  new VoicePrintsError(
    'REGISTRY_CORRUPT',
    'the stored jobs cannot be read; restore the folder "jobs" of the store from a backup, or remove it and its jobs',
    cause === undefined ? {} : { cause },
  );

export const newer = (version: number, known: number) =>
  new VoicePrintsError(
    'REGISTRY_VERSION_NEWER',
    `the jobs were stored by a newer version of voice-prints (form ${version}, this one knows ${known}); update voice-prints`,
    { details: { version, known } },
  );
