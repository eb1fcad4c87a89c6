import { guarded } from '../core/guarded.js';
import type { JobProgress } from './job.js';
import type { JobClaim, JobQueue } from './jobQueue.js';

/** Interval of renewing a claim; progress is reported no more often than the other. */
const RENEW_MS = 1_000;
const PROGRESS_MS = 300;

/** Renews a claim while a job is in work, whatever the work does, and reports its progress. */
export class ClaimHeartbeat {
  readonly #queue: JobQueue;
  readonly #claim: JobClaim;
  readonly #onLost: () => void;
  readonly #timer: NodeJS.Timeout;
  #unsent: JobProgress | undefined;
  #sentAtMs = Number.NEGATIVE_INFINITY;
  #sending: Promise<void> | undefined;

  /** `onLost` is called where the claim is another process's, or the job was cancelled. */
  constructor(queue: JobQueue, claim: JobClaim, onLost: () => void) {
    this.#queue = queue;
    this.#claim = claim;
    this.#onLost = onLost;
    const renew = guarded(
      () => undefined,
      () => this.#send(),
    );
    this.#timer = setInterval(renew, RENEW_MS).unref();
  }

  progressed(progress: JobProgress): void {
    this.#unsent = progress;
    if (performance.now() - this.#sentAtMs >= PROGRESS_MS) void this.#send();
  }

  /** Resolves once the latest progress is reported, if that is possible. */
  async latest(): Promise<void> {
    await this.#sending;
    if (this.#unsent) await this.#send();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #send(): Promise<void> {
    this.#sending ??= this.#sendOne().finally(() => {
      this.#sending = undefined;
    });
    await this.#sending;
  }

  async #sendOne(): Promise<void> {
    const progress = this.#unsent;
    this.#unsent = undefined;
    this.#sentAtMs = performance.now();
    try {
      if (!(await this.#queue.heartbeat(this.#claim, progress))) this.#onLost();
    } catch {
      this.#unsent ??= progress; // the store is away: whether the claim is lost shows once it answers
    }
  }
}
