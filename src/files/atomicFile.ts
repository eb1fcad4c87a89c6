import { randomBytes } from 'node:crypto';
import { open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { whileInUse } from './whileInUse.js';

interface StageOptions {
  /** File mode before the umask. By default for the owner only. */
  readonly mode?: number;
  /** True for what a power cut may take back: nothing is synced. */
  readonly isHint?: boolean;
}

export interface ReplaceOptions extends StageOptions {
  /** Called before the rename: an error it throws leaves the old file in place. */
  readonly beforeRename?: () => Promise<void>;
}

/**
 * Replaces a file in one step that survives kill -9 and power loss: a temporary file in the same folder is written
 * and synced, renamed over the old one, and the folder is synced. Readers see the old file or the new one, whole.
 * A resolved promise means: on disk. Throws the errors of the file system.
 */
export async function replaceFile(
  path: string,
  content: Uint8Array | string,
  { beforeRename, ...options }: ReplaceOptions = {},
): Promise<void> {
  const temporary = await stageFile(path, content, options);
  try {
    await beforeRename?.();
    if (options.isHint) await whileInUse(() => rename(temporary, path));
    else await moveFile(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Writes and syncs a temporary file beside `path`, which `removeTemporaries` finds; the caller renames or deletes it. Its path. */
export async function stageFile(
  path: string,
  content: Uint8Array | string,
  { mode = 0o600, isHint = false }: StageOptions = {},
): Promise<string> {
  const temporary = `${temporaryPrefix(path)}${process.pid}.${randomBytes(6).toString('hex')}`;
  try {
    const file = await open(temporary, 'wx', mode);
    try {
      await file.writeFile(content);
      if (!isHint) await file.sync();
    } finally {
      await file.close();
    }
    return temporary;
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Renames a synced file within its folder. A resolved promise means: on disk under the new name. */
export async function moveFile(from: string, to: string): Promise<void> {
  await whileInUse(() => rename(from, to));
  await syncFolder(dirname(to));
}

/** Deletes temporary files left by killed writers of this file. Only while no other process can be writing it. */
export async function removeTemporaries(path: string): Promise<void> {
  const prefix = basename(temporaryPrefix(path));
  const folder = dirname(path);
  const left = (await readdir(folder)).filter((name) => name.startsWith(prefix));
  await Promise.all(left.map((name) => rm(join(folder, name), { force: true })));
}

const temporaryPrefix = (path: string): string => join(dirname(path), `.${basename(path)}.tmp-`);

const NOT_SYNCED: ReadonlySet<string> = new Set(['EINVAL', 'ENOTSUP', 'ENOSYS', 'EACCES', 'EPERM']);

/** Makes renames and deletions in a folder survive a power cut. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return; // folders cannot be opened there; NTFS journals the rename itself
  try {
    await using folder = await open(path, 'r');
    await folder.sync();
  } catch (error) {
    // Network drives do not sync folders, and one may be writable without being readable: nothing more can be done in either case.
    if (!NOT_SYNCED.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}
