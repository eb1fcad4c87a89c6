import { type FSWatcher, watch } from 'node:fs';
import { chmod, mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;

/**
 * A folder that only its owner may look into, whatever the umask and whoever makes the files in it: LevelDB makes its own
 * as it goes on, readable by everybody where the umask says so.
 */
export class PrivateFolder implements Disposable {
  readonly #path: string;
  #watcher: FSWatcher | undefined;

  private constructor(path: string) {
    this.#path = path;
  }

  /** Makes the folder when missing; files that appear from now on are closed to others as they come. */
  static async open(path: string): Promise<PrivateFolder> {
    await mkdir(path, { recursive: true, mode: FOLDER_MODE });
    await chmod(path, FOLDER_MODE);
    const folder = new PrivateFolder(path);
    folder.#watch();
    return folder;
  }

  /** Takes the rights of others away from every file that is there. */
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
        // A file came or went; changes of rights, ours too, are events as well.
        if (event === 'rename' && name !== null) void this.#closeToOthers(name);
      });
      this.#watcher.on('error', () => this[Symbol.dispose]());
    } catch {
      // No more watchers on this machine: the folder itself still keeps others out.
    }
  }

  async #closeToOthers(name: string): Promise<void> {
    const path = join(this.#path, name);
    try {
      if (((await stat(path)).mode & 0o777) !== FILE_MODE) await chmod(path, FILE_MODE);
    } catch {
      // Gone already, or of another owner.
    }
  }
}
