import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** A program of a test, with what it said. Ended by its id. */
export class Peer implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  #said = '';

  /** Starts it and waits until it says something like `ready`. */
  static async start(command: string, parameters: readonly string[], ready: RegExp, env = {}): Promise<Peer> {
    const peer = new Peer(
      spawn(command, parameters, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } }),
    );
    await peer.says(ready);
    return peer;
  }

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#exited = once(child, 'exit');
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#said += text;
      });
    }
  }

  get pid(): number {
    return this.#child.pid!;
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  get said(): string {
    return this.#said;
  }

  /** Resolves with the match once it was said; rejects when the program ends before. */
  async says(what: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = what.exec(this.#said);
      if (match) return match;
      if (this.hasEnded) {
        throw new Error(`${this.#child.spawnfile} ended early: ${this.#said}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Stops it in its tracks, as a machine that hangs. */
  freeze(): void {
    this.#child.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child.kill('SIGCONT');
  }

  /** Ends it at once, as a power cut. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    if (!this.hasEnded) await this.#exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}
