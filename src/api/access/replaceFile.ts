import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { VoicePrintsError } from '../../core/errors.js';

/** Writes beside the target, syncs, and renames: readers see the old file or the new one. Throws FILE_UNWRITABLE. */
export async function replaceFile(path: string, content: string): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString('hex')}.part`;
  try {
    const file = await open(draft, 'wx', 0o600);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
  } catch (cause) {
    await rm(draft, { force: true });
    throw unwritable(path, cause);
  }
}

export const unwritable = (path: string, cause: unknown): VoicePrintsError =>
  new VoicePrintsError(
    'FILE_UNWRITABLE',
    `${path} cannot be written (${(cause as NodeJS.ErrnoException).code}); check the rights of the folder`,
    { cause },
  );
