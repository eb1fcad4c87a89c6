import { setTimeout as delay } from 'node:timers/promises';
import { asVoicePrintsError, type ErrorCode, VoicePrintsError } from '../core/errors.js';
import { ClaimHeartbeat } from './claimHeartbeat.js';
import type { Job, JobFailure, JobOutcome, JobProgress } from './job.js';
import type { JobClaim, JobQueue } from './jobQueue.js';
import { retryWaitMs } from './retryWait.js';
import { WakeUp } from './wakeUp.js';

export interface JobRunnerOptions {
  readonly queue: JobQueue;
  /** Performs a job; throws VoicePrintsError. */
  readonly perform: (job: Job, options: PerformOptions) => Promise<unknown>;
  /** Called once the outcome is on disk. */
  readonly onSettled: (job: Job) => void;
  /** Receives internal faults, never the content of a job. */
  readonly onFault: (fault: { readonly code: string; readonly error: unknown }) => void;
  /** Jobs of a tenant wait while this returns true; whoever changes that calls `wake`. */
  readonly isHeld: (tenantId: string) => boolean;
  /** Jobs processed concurrently. */
  readonly concurrency: number;
  readonly maxTries: number;
  /** Delay before the second try; each further delay is four times as long. */
  readonly retryMs: number;
  readonly nowMs: () => number;
}

export interface PerformOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: JobProgress) => void;
}

/** Errors that another try may resolve. All others would occur again. */
const TRANSIENT: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'URL_UNREACHABLE',
  'URL_TIMEOUT',
  'AUDIO_DECODE_TIMEOUT',
  'REGISTRY_UNAVAILABLE',
  'REGISTRY_LOCKED',
  'INFERENCE_FAILED',
  'INTERNAL',
]);
/** Errors unrelated to the job: it is returned as if it had not been started. */
const NOT_ITS_FAULT: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['ENGINE_BUSY', 'ENGINE_CLOSED', 'ABORTED']);
/** Delay while the engine is busy with other work. */
const BUSY_RETRY_MS = 1_000;
/** Delay between attempts to write an outcome while the store is unavailable, for instance because its disk is full. */
const UNWRITTEN_RETRY_MS = 1_000;

/** Claims jobs from a queue and processes them until it is stopped. */
export class JobRunner {
  readonly #options: JobRunnerOptions;
  readonly #wakeUp: WakeUp;
  readonly #running = new Map<JobClaim, { readonly stop: AbortController; readonly done: Promise<void> }>();
  readonly #stopping = new AbortController();
  #isStopped = false;

  constructor(options: JobRunnerOptions) {
    this.#options = options;
    this.#wakeUp = new WakeUp(
      () => this.#fill(),
      options.nowMs,
      (error) => this.#report(error),
    );
  }

  /** Looks for a job now. */
  wake(): void {
    this.#wakeUp.wake();
  }

  /** Stops working on a job that was cancelled. */
  cancelled(tenantId: string, requestId: string): void {
    for (const [{ job }, { stop }] of this.#running) {
      if (job.tenantId === tenantId && job.requestId === requestId) stop.abort();
    }
  }

  /** Ends a job that waited too long with a failure. False: there was none. */
  async settleOverdue(beforeMs: number): Promise<boolean> {
    const claim = await this.#options.queue.takeOverdue(beforeMs);
    if (claim === undefined) return false;
    await this.#settle(claim, { failure: failureOf(expired(), claim.job) });
    return true;
  }

  /** Aborts running jobs and returns them to the queue. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#stopping.abort();
    await this.#wakeUp.stop();
    const running = [...this.#running.values()];
    for (const { stop } of running) stop.abort();
    await Promise.all(running.map(({ done }) => done));
  }

  async #fill(): Promise<number | undefined> {
    const { queue, isHeld, concurrency, nowMs } = this.#options;
    while (!this.#isStopped && this.#running.size < concurrency) {
      const atMs = nowMs();
      const claim = await queue.take(isHeld);
      // Of what was due by then, the rest waits for another condition, whose change wakes. Compared with the time of the look,
      // not with now: what becomes due in between would never be looked at.
      if (claim === undefined) return queue.nextDueMs(atMs, isHeld);
      const stop = new AbortController();
      const done = this.#work(claim, stop).finally(() => {
        this.#running.delete(claim);
        this.wake();
      });
      this.#running.set(claim, { stop, done });
    }
    return undefined; // the end of a job calls wake()
  }

  async #work(claim: JobClaim, stop: AbortController): Promise<void> {
    // Until the outcome is written: a claim that lapses is another process's.
    const heartbeat = new ClaimHeartbeat(this.#options.queue, claim, () => stop.abort());
    try {
      await this.#try(claim, stop.signal, heartbeat);
    } catch (error) {
      // The store is unavailable: the claim is given up, and the job is handed out again once the store is writable.
      this.#report(error);
      await this.#options.queue.giveBack(claim, this.#options.nowMs() + this.#options.retryMs).catch(() => undefined);
    } finally {
      heartbeat.stop();
    }
  }

  async #try(claim: JobClaim, signal: AbortSignal, heartbeat: ClaimHeartbeat): Promise<void> {
    const { queue, perform, maxTries, nowMs, retryMs } = this.#options;
    const { job } = claim;
    if (this.#isStopped) return queue.giveBack(claim);
    if (job.tries > maxTries) return this.#settleUntilWritten(claim, { failure: poisoned(job, maxTries) });
    let outcome: JobOutcome;
    try {
      const onProgress = (progress: JobProgress) => heartbeat.progressed(progress);
      outcome = { result: await perform(job, { signal, onProgress }) };
      await heartbeat.latest();
    } catch (thrown) {
      await heartbeat.latest();
      const error = asVoicePrintsError(thrown);
      if (this.#isStopped && signal.aborted) return queue.giveBack(claim);
      if (NOT_ITS_FAULT.has(error.code)) return queue.giveBack(claim, nowMs() + BUSY_RETRY_MS);
      const failure = failureOf(error, job);
      const isTransient = TRANSIENT.has(error.code);
      const isOurs = isTransient || error.code === 'FILE_NOT_FOUND'; // audio that is not where this process looks
      if (isOurs && !error.code.startsWith('URL_')) this.#report(thrown);
      if (isTransient && job.tries < maxTries) {
        return queue.retryLater(claim, nowMs() + retryWaitMs(job.tries, retryMs), failure);
      }
      outcome = { failure };
    }
    await this.#settleUntilWritten(claim, outcome);
  }

  /** Keeps an outcome in memory while it cannot be written, rather than repeat the work. */
  async #settleUntilWritten(claim: JobClaim, outcome: JobOutcome): Promise<void> {
    for (let isReported = false; ; isReported = true) {
      try {
        return await this.#settle(claim, outcome);
      } catch (error) {
        if (this.#isStopped || asVoicePrintsError(error).code !== 'REGISTRY_UNAVAILABLE') throw error;
        if (!isReported) this.#report(error);
        // Stopped while waiting: the next attempt is the last.
        await delay(UNWRITTEN_RETRY_MS, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
      }
    }
  }

  async #settle(claim: JobClaim, outcome: JobOutcome): Promise<void> {
    const { queue, onSettled, nowMs } = this.#options;
    if (!(await queue.settle(claim, outcome))) return; // cancelled meanwhile
    const status = 'failure' in outcome ? 'failed' : 'done';
    onSettled({ ...claim.job, status, outcome, endedAtMs: nowMs() });
  }

  #report(error: unknown): void {
    this.#options.onFault({ code: asVoicePrintsError(error).code, error });
  }
}

const failureOf = ({ code, message, details }: VoicePrintsError, { tries }: Job): JobFailure => ({
  code,
  message,
  details: tries > 1 ? { ...details, tries } : details,
});

const expired = () =>
  new VoicePrintsError(
    'JOB_EXPIRED',
    'the job waited longer than audio is kept; send it again when fewer jobs are waiting',
  );

function poisoned({ lastFailure }: Job, maxTries: number): JobFailure {
  const message = `the job was set aside: the process ended in each of ${maxTries} tries; check the recording`;
  const last = lastFailure === undefined ? {} : { lastCode: lastFailure.code };
  return { code: 'JOB_POISONED', message, details: { tries: maxTries, ...last } };
}
