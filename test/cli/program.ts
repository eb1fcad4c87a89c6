import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Ran } from './terminal.js';

const main = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));

/** Starts the built program as a user does. The caller waits for it or ends it. */
export function started(argv: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
  if (!existsSync(main)) throw new Error('dist/src/cli/main.js is missing; run npm run build first');
  const { VOICE_PRINTS_KEY: _key, VOICE_PRINTS_API_KEYS: _keys, ...rest } = process.env;
  return spawn(process.execPath, [main, ...argv], { env: { ...rest, ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
}

/** What a started program wrote until it ended. */
export async function ended(child: ChildProcess): Promise<Ran> {
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]!.setEncoding('utf8').on('data', (text: string) => {
      texts[name] += text;
    });
  }
  const exitCode = await new Promise<number>((resolve, reject) => {
    child.once('error', reject).once('close', (code) => resolve(code ?? -1));
  });
  return { exitCode, ...texts };
}

/** Runs the built program to its end; `input` goes to its standard input. */
export async function ran(
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
  input: Uint8Array = new Uint8Array(),
): Promise<Ran> {
  const child = started(argv, env);
  child.stdin!.on('error', () => undefined); // a program that refuses its input closes it; its exit code is what counts
  child.stdin!.end(input);
  return ended(child);
}
