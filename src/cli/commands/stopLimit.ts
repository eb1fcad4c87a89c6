import type { ServerLog } from '../../api/serverLog.js';

/** Default of `--stop-within`: more than closing normally needs, less than the 30 s after which Kubernetes kills. */
export const STOP_WITHIN_S = 25;

export interface StopLimitOptions {
  /** Aborted when the process is to end. */
  readonly stopping: AbortSignal;
  readonly withinMs: number;
  readonly log: Pick<ServerLog, 'problem'>;
  /** For tests; by default `killed`. */
  readonly end?: () => void;
}

/** Every other way to end waits for threads: one inside a network or the file system would hold the process beyond the bound. */
const killed = (): void => void process.stderr.write('', () => process.kill(process.pid, 'SIGKILL'));

/**
 * An upper bound for the end of `serve`. What closes has limits of its own, but they add up, and a network or a disk may keep
 * to none. Whatever is open at the bound is left to the next start, as after a power cut: jobs under way are done again, and the
 * broker publishes the will.
 */
export class StopLimit implements Disposable {
  readonly #options: StopLimitOptions;
  #closing = 'the start';
  #bound: NodeJS.Timeout | undefined;

  constructor(options: StopLimitOptions) {
    this.#options = options;
    options.stopping.addEventListener('abort', this.#begin, { once: true });
    if (options.stopping.aborted) this.#begin();
  }

  /** Names what closes from now on. */
  closing(part: string): void {
    this.#closing = part;
  }

  /** Names what closes next when it is disposed; to be declared right after what it names. */
  before(part: string): Disposable {
    return { [Symbol.dispose]: () => this.closing(part) };
  }

  [Symbol.dispose](): void {
    this.#options.stopping.removeEventListener('abort', this.#begin);
    clearTimeout(this.#bound);
  }

  readonly #begin = (): void => {
    this.#bound = setTimeout(this.#end, this.#options.withinMs);
  };

  readonly #end = (): void => {
    const { log, end = killed, withinMs } = this.#options;
    const message = `serve ends before ${this.#closing} closed, ${withinMs / 1_000} s after it was to stop; where that is usual, allow more with --stop-within`;
    log.problem({ code: 'STOPPED_LATE', message });
    end();
  };
}
