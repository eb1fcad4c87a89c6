import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type NodeRedProcess, packageRoot } from './nodeRedProcess.js';

/** An argument of Node.js for a process whose event loop is to be watched. */
export const monitorArguments = ['--import', pathToFileURL(join(packageRoot, 'test/flows/loopDelay.mjs')).href];

export interface LoopDelay {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly threads: number;
}

const PREFIX = 'loop-delay ';
const parsed = (line: string): LoopDelay => JSON.parse(line.slice(PREFIX.length));

/** Node-RED's event-loop delay since the last call. */
export async function loopDelay(red: NodeRedProcess): Promise<LoopDelay> {
  const from = red.lines.length;
  red.child.kill('SIGWINCH');
  return parsed(await red.line(/^loop-delay /, from));
}

/** An idle process beside it shows what the machine itself takes: other programs may be using every core. */
export class IdleProcess implements Disposable {
  readonly #child: ChildProcess = spawn(
    process.execPath,
    [...monitorArguments, '-e', "console.log('ready'); setInterval(() => {}, 60_000)"],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  /** From here on the signal is answered; before, it is lost. */
  readonly #ready = once(this.#child.stdout!, 'data');

  async loopDelay(): Promise<LoopDelay> {
    await this.#ready;
    return new Promise((resolve) => {
      this.#child.stdout!.once('data', (line) => resolve(parsed(String(line))));
      this.#child.kill('SIGWINCH');
    });
  }

  [Symbol.dispose](): void {
    this.#child.kill();
  }
}

export const childrenOf = (pid: number): string[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
