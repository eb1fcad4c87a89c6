import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { guarded } from '../../core/guarded.js';
import { abortable } from '../../stream/abortable.js';

const STDERR_CHARACTERS = 16_384;
/** Variables that a decoder needs; keys and passwords of ours are none of its business. */
const PASSED_ON =
  /^(PATH|HOME|TMPDIR|TEMP|TMP|XDG_.*|LD_LIBRARY_PATH|DYLD_.*|GST_.*|SystemRoot|APPDATA|LOCALAPPDATA|USERPROFILE)$/i;

/** A command that turns stdin into stdout, alone in its process group so that nothing of it outlives `dispose`. */
export class DecoderChild implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #exited: Promise<unknown>;
  readonly #closed: Promise<number | null>;
  #stderr = '';
  #awaitsInput = false;
  #hasAllInput = true;

  /**
   * @param descriptor a file to read from, which the child may seek in; else `feed` it
   * @returns undefined where the command cannot be run
   */
  static async start(
    command: string,
    parameters: readonly string[],
    environment: Readonly<Record<string, string>>,
    descriptor: number | undefined,
  ): Promise<DecoderChild | undefined> {
    const passedOn = Object.entries(process.env).filter(([name]) => PASSED_ON.test(name));
    const child = spawn(command, parameters, {
      stdio: [descriptor ?? 'pipe', 'pipe', 'pipe'],
      env: { ...Object.fromEntries(passedOn), ...environment },
      detached: process.platform !== 'win32',
      windowsHide: true,
    });
    const decoder = new DecoderChild(child);
    return once(child, 'spawn').then(
      () => decoder,
      () => undefined,
    );
  }

  constructor(child: ChildProcess) {
    this.#process = child;
    this.#exited = new Promise((resolve) => child.once('exit', resolve));
    this.#closed = new Promise((resolve) => child.once('close', resolve));
    child.on('error', () => undefined); // reported by start() or by `exit`
    for (const stream of child.stdio) stream?.on('error', () => undefined); // a child that ends early: reported by its exit
    const complain = (text: string) => {
      if (this.#stderr.length < STDERR_CHARACTERS) this.#stderr += text;
    };
    child.stderr?.setEncoding('utf8').on(
      'data',
      guarded(() => this.kill(), complain),
    );
  }

  get stdout(): Readable {
    return this.#process.stdout!;
  }

  /** What it complained about: to be classified, never to be shown, since it names paths. */
  get stderr(): string {
    return this.#stderr;
  }

  /** Whether it was given everything there is so far, and more is to come. */
  get awaitsInput(): boolean {
    return this.#awaitsInput;
  }

  /** Whether nothing is left of what it reads or is fed with. */
  get hasAllInput(): boolean {
    return this.#hasAllInput;
  }

  /** Writes everything to stdin, at the child's pace. Rejects only with errors of `chunks`. */
  async feed(chunks: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void> {
    let failure: unknown;
    this.#hasAllInput = false;
    const awaits = (isAwaited: boolean) => {
      this.#awaitsInput = isAwaited;
    };
    const took = () => {
      this.#hasAllInput = true;
    };
    const watched = async function* () {
      try {
        awaits(true);
        for await (const chunk of chunks) {
          awaits(false);
          yield chunk;
          awaits(true);
        }
        took();
      } catch (thrown) {
        failure = thrown;
        throw thrown;
      } finally {
        awaits(false);
      }
    };
    // Any other error is the child's closed stdin: it needs no more input, or it ended.
    await pipeline(watched, this.#process.stdin as Writable, { signal }).catch(() => undefined);
    if (failure !== undefined) throw failure;
  }

  /** Exit status once all its output was read; null when a signal ended it. */
  ended(signal: AbortSignal): Promise<number | null> {
    return abortable(this.#closed, signal);
  }

  /** Processor time of all its threads so far, in ticks of the system; undefined where the system does not say. */
  processorTicks(): number | undefined {
    try {
      // The name in brackets may hold anything; user and system time are fields 14 and 15 (proc(5)).
      const fields = readFileSync(`/proc/${this.#process.pid}/stat`, 'latin1')
        .replace(/^.*\) /s, '')
        .split(' ');
      return Number(fields[11]) + Number(fields[12]);
    } catch {
      return undefined;
    }
  }

  kill(): void {
    const { pid, exitCode, signalCode } = this.#process;
    if (pid === undefined || exitCode !== null || signalCode !== null) return;
    try {
      if (process.platform === 'win32') this.#process.kill('SIGKILL');
      else process.kill(-pid, 'SIGKILL');
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== 'ESRCH') throw thrown; // gone meanwhile
    }
  }

  /** Ends it, whatever it does, and waits until it is gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.kill();
    for (const stream of this.#process.stdio) stream?.destroy();
    await this.#exited;
  }
}
