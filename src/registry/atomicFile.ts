import { randomBytes } from 'node:crypto';
import { open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/**
 * Replaces a file in one step that survives kill -9 and power loss: a temporary file in the same folder is written
 * and synced, renamed over the old one, and the folder is synced. Readers see the old file or the new one, whole.
 * Resolved means: on disk. `beforeRename` is the last chance to refuse.
 */
export async function writeAtomically(
  path: string,
  bytes: Uint8Array | string,
  beforeRename: () => Promise<void>,
): Promise<void> {
  const temporary = `${temporaryPrefix(path)}${process.pid}.${randomBytes(6).toString('hex')}`;
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await beforeRename();
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncDirectory(dirname(path));
}

/** Deletes what killed writers left. Only under the store's lock: nobody else may be writing then. */
export async function removeTemporaries(path: string): Promise<void> {
  const prefix = basename(temporaryPrefix(path));
  const folder = dirname(path);
  const left = (await readdir(folder)).filter((name) => name.startsWith(prefix));
  await Promise.all(left.map((name) => rm(join(folder, name), { force: true })));
}

const temporaryPrefix = (path: string): string => join(dirname(path), `.${basename(path)}.tmp-`);

async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return; // folders cannot be opened there; NTFS journals the rename itself
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
