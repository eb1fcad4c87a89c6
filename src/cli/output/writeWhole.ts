import { rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { VoicePrintsError } from '../../index.js';

/** Writes beside the target and renames, so that a reader never meets half a file. `mode` defaults to the umask's. */
export async function writeWhole(path: string, content: string | Uint8Array, mode = 0o666): Promise<void> {
  const draft = `${path}.${process.pid}.part`;
  try {
    await writeFile(draft, content, { mode });
    await rename(draft, path);
  } catch (cause) {
    await rm(draft, { force: true });
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown';
    throw new VoicePrintsError(
      'FILE_UNWRITABLE',
      `${path} cannot be written (${code}); check that ${dirname(path)} exists and is yours`,
      { cause, details: { file: path, reason: code } },
    );
  }
}
