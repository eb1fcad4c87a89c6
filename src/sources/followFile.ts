import { unwatchFile, watchFile } from 'node:fs';

/** How often the file is looked at: polling sees what editors, mounts and atomic replacements do alike. */
const POLL_MS = 500;

/** Calls `onChange` after each change of the file. */
export function followFile(path: string, onChange: () => void): Disposable {
  const listener = (): void => onChange();
  watchFile(path, { interval: POLL_MS, persistent: false }, listener);
  return { [Symbol.dispose]: () => unwatchFile(path, listener) };
}
