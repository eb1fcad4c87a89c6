import { setTimeout as sleep } from 'node:timers/promises';

/** What Windows answers for a file that another process, or a virus scanner, has open, or that is just being deleted. */
const IN_USE: ReadonlySet<string> = new Set(['EACCES', 'EBUSY', 'EPERM']);
const TRIES = 60;
const PAUSE_MS = 25;

/** Whether an error may mean on this platform that a file is in use, rather than forbidden. */
export const mayBeInUse = (error: unknown): boolean =>
  process.platform === 'win32' && IN_USE.has((error as NodeJS.ErrnoException | undefined)?.code ?? '');

/** Does something with a file; on Windows again for about 1.5 s while the file is in use. Throws the errors of the file system. */
export async function whileInUse<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if (tries >= TRIES || !mayBeInUse(error)) throw error;
      await sleep(PAUSE_MS);
    }
  }
}
