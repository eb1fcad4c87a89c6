import { type FSWatcher, watch } from 'node:fs';
import { chmod, mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;

/**
 * A folder that only its owner can read, whatever the umask and whichever library creates its files: LevelDB creates files
 * at any time, with the permissions of the umask.
 */
export class PrivateFolder implements Disposable {
  readonly #path: string;
  #watcher: FSWatcher | undefined;

  private constructor(path: string) {
    this.#path = path;
  }

  /** Creates the folder if necessary; from now on, files are made private as they appear. */
  static async open(path: string): Promise<PrivateFolder> {
    await mkdir(path, { recursive: true, mode: FOLDER_MODE });
    await chmod(path, FOLDER_MODE);
    const folder = new PrivateFolder(path);
    folder.#watch();
    return folder;
  }

  /** Removes the permissions of group and others from every existing file. */
  async closeToOthers(): Promise<void> {
    const names = await readdir(this.#path);
    await Promise.all(names.map((name) => this.#closeToOthers(name)));
  }

  [Symbol.dispose](): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  #watch(): void {
    try {
      this.#watcher = watch(this.#path, { persistent: false }, (event, name) => {
        // A file was created or deleted; changes of permissions, ours included, are events as well.
        if (event === 'rename' && name !== null) void this.#closeToOthers(name);
      });
      this.#watcher.on('error', () => this[Symbol.dispose]());
    } catch {
      // This machine has no watchers left: the mode of the folder itself still keeps others out.
    }
  }

  async #closeToOthers(name: string): Promise<void> {
    if (process.platform === 'win32') return; // files inherit the rights of the folder; there are no modes
    const path = join(this.#path, name);
    try {
      if (((await stat(path)).mode & 0o777) !== FILE_MODE) await chmod(path, FILE_MODE);
    } catch {
      // Deleted meanwhile, or owned by another user.
    }
  }
}
