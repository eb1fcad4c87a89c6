import type { ServerLog } from '../../api/serverLog.js';
import { VoicePrintsError } from '../../index.js';

/**
 * An error thrown outside every guard is an internal fault, after which the state is unreliable. It is logged; active calls
 * may finish, new ones are refused, and the process exits with a failure, so that its supervisor restarts it.
 */
export class LastNet implements Disposable {
  readonly #log: ServerLog;
  readonly #caught = new AbortController();
  #first: unknown;

  constructor(log: ServerLog) {
    this.#log = log;
    process.on('uncaughtException', this.#catch);
  }

  /** Aborted with the first failure. */
  get signal(): AbortSignal {
    return this.#caught.signal;
  }

  /** To be called when everything is closed. Throws INTERNAL after a failure. */
  assertHeld(): void {
    if (!this.signal.aborted) return;
    const message = 'something failed outside every call; running calls were finished, and serve ends: start it again';
    throw new VoicePrintsError('INTERNAL', message, { cause: this.#first });
  }

  [Symbol.dispose](): void {
    if (!this.signal.aborted) process.off('uncaughtException', this.#catch);
  }

  readonly #catch = (thrown: unknown): void => {
    if (!this.signal.aborted) {
      this.#first = thrown;
      this.#caught.abort();
    }
    this.#log.failure({ requestId: 'process', code: 'INTERNAL', error: thrown });
  };
}
