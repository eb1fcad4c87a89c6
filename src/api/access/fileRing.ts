import { unwatchFile, watchFile } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { guarded } from '../../core/guarded.js';
import { replaceFile } from '../../files/atomicFile.js';
import { StoreLock, VoicePrintsError } from '../../index.js';
import { keyFileOf, readKeyFile, type StoredRing } from './keyFile.js';
import type { RingStore } from './ringStore.js';

/** Polling interval for changes by other processes. */
const POLL_MS = 1_000;
const LOCK_WAIT_MS = 10_000;

/** Keys in a file of the store's folder. */
export class FileRing implements RingStore {
  /** The file as it was last read always counts. */
  readonly isCertain = true;
  readonly #folder: string;
  readonly #path: string;
  readonly #lock: StoreLock;
  #poll: (() => void) | undefined;

  constructor(storeDirectory: string) {
    this.#folder = storeDirectory;
    this.#path = keyFileOf(storeDirectory);
    this.#lock = new StoreLock(join(storeDirectory, '.api-keys.lock'), LOCK_WAIT_MS);
  }

  read(): Promise<StoredRing> {
    return readKeyFile(this.#path);
  }

  /** Reads again before it writes, under the lock: no revocation is lost to a concurrent change. */
  async change(change: (ring: StoredRing) => StoredRing, onChanged: (ring: StoredRing) => void): Promise<void> {
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      await this.#lock.holding(async (stillMine) => {
        const next = change(await this.read());
        await replaceFile(this.#path, `${JSON.stringify(next, null, 2)}\n`, { beforeRename: stillMine });
        onChanged(next);
      });
    } catch (cause) {
      throw cause instanceof VoicePrintsError ? cause : unwritable(this.#path, cause);
    }
  }

  follow(onChange: () => Promise<void>): void {
    if (this.#poll) return;
    this.#poll = guarded(() => undefined, onChange);
    watchFile(this.#path, { interval: POLL_MS, persistent: false }, this.#poll);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#poll) unwatchFile(this.#path, this.#poll);
    this.#poll = undefined;
  }
}

const unwritable = (path: string, cause: unknown): VoicePrintsError =>
  new VoicePrintsError(
    'FILE_UNWRITABLE',
    `${path} cannot be written (${(cause as NodeJS.ErrnoException).code}); check the rights of the folder`,
    { cause },
  );
