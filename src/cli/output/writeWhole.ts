import { dirname } from 'node:path';
import { replaceFile } from '../../files/atomicFile.js';
import { VoicePrintsError } from '../../index.js';

/** Writes a temporary file and renames it, so that readers never see an incomplete file. `mode` defaults to the umask's. */
export async function writeWhole(path: string, content: string | Uint8Array, mode = 0o666): Promise<void> {
  try {
    await replaceFile(path, content, { mode });
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown';
    throw new VoicePrintsError(
      'FILE_UNWRITABLE',
      `${path} cannot be written (${code}); check that ${dirname(path)} exists and is yours`,
      { cause, details: { file: path, reason: code } },
    );
  }
}
