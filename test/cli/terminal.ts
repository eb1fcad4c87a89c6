import { PassThrough, Readable } from 'node:stream';
import type { Terminal } from '../../src/cli/command.js';
import { runCommandLine } from '../../src/cli/runCommandLine.js';

export interface Ran {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command line inside this process: the same code as the program's, with streams that remember. */
export async function typed(argv: readonly string[], env: Terminal['env'] = {}): Promise<Ran> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const stdin = Readable.from([]);
  const exitCode = await runCommandLine(argv, { stdin, stdout, stderr, env, signal: new AbortController().signal });
  const written = (stream: PassThrough) => String(stream.read() ?? '');
  return { exitCode, stdout: written(stdout), stderr: written(stderr) };
}
