import { execFile } from 'node:child_process';

const TIMEOUT_MS = 5_000;

/** What a command that answers soon prints; undefined where it is not there or fails. */
export function commandOutput(command: string, parameters: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    const options = { timeout: TIMEOUT_MS, killSignal: 'SIGKILL', env: { ...process.env, LC_ALL: 'C' } } as const;
    execFile(command, parameters, options, (error, stdout) => resolve(error ? undefined : stdout));
  });
}
