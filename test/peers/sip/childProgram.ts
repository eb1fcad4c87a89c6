import { type ChildProcess, spawn } from 'node:child_process';

const GRACE_MS = 5_000;

/** A program that runs beside a test; what it says is kept for the failure's message. */
export class ChildProgram implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly exited: Promise<number | null>;
  #output = '';

  constructor(command: string, args: readonly string[], options: { readonly cwd?: string } = {}) {
    this.#child = spawn(command, args, { ...options, stdio: ['pipe', 'pipe', 'pipe'] });
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      stream.on('data', (bytes: Buffer) => {
        this.#output = (this.#output + bytes.toString('latin1')).slice(-20_000);
      });
    }
    this.exited = new Promise((resolve, reject) => {
      this.#child.once('exit', resolve);
      this.#child.once('error', (cause) => reject(new Error(`apt-get install ${command}`, { cause })));
    });
    this.exited.catch(() => undefined); // whoever waits for it hears of it
  }

  get output(): string {
    return this.#output;
  }

  get hasExited(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Waits until it has said `pattern`. */
  async says(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.#output)) {
      if (this.hasExited) throw new Error(`it ended without saying ${pattern}: ${this.#output}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.hasExited) return;
    this.#child.kill('SIGTERM'); // kamailio ends its own children then
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), GRACE_MS);
    await this.exited.catch(() => undefined);
    clearTimeout(timer);
  }
}
