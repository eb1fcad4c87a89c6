import { VoicePrintsError } from '../core/errors.js';
import { lazy } from '../core/lazy.js';
import { present } from '../core/present.js';
import type { Engine } from '../engine/engine.js';
import type { JobSettings } from '../engine/jobs/jobSettings.js';
import type { Jobs, JobView } from '../engine/jobs/jobs.js';
import { type JobFault, openJobs } from '../engine/jobs/openJobs.js';
import type { Tracing } from '../tracing/tracing.js';
import type { TenantGate } from './access/tenantGate.js';
import { deepaffectsOutcome } from './deepaffects/jobAnswers.js';

export interface AsyncJobsOptions {
  /** The engine, or a function that opens it; the caller still owns it. */
  readonly engine: Engine | (() => Promise<Engine>);
  /** The key the engine was opened with. */
  readonly encryptionKey?: string | undefined;
  /** Hosts (`name` or `name:port`) in private networks that urls and webhooks may refer to; none by default. */
  readonly allowHosts?: readonly string[] | undefined;
  /** Receives internal faults, never the content of a job. */
  readonly onFault?: ((fault: JobFault) => void) | undefined;
  /** Counts the audio of jobs; jobs of a tenant whose minutes are used up wait. No limits without it. */
  readonly gate?: TenantGate | undefined;
  readonly settings?: Partial<JobSettings> | undefined;
  /** See OpenJobsOptions. */
  readonly works?: boolean | undefined;
  /** Nothing is traced by default. */
  readonly tracing?: Tracing | undefined;
}

/**
 * The jobs of an engine's store, with webhooks in the format of the DeepAffects service. `open` them when the surface
 * starts, so that pending jobs continue; where that fails (another process holds them) the next call tries again.
 * Close them before the engine.
 */
export class AsyncJobs implements AsyncDisposable {
  readonly #options: AsyncJobsOptions;
  readonly #listeners = new Set<(job: JobView) => void>();
  readonly #jobs = lazy(() => this.#start());
  #isClosed = false;

  constructor(options: AsyncJobsOptions) {
    this.#options = options;
  }

  /** Throws the errors of openJobs, and ENGINE_CLOSED. */
  readonly open = (): Promise<Jobs> => {
    if (this.#isClosed) return Promise.reject(new VoicePrintsError('ENGINE_CLOSED', 'the jobs were closed; try again'));
    return this.#jobs.get();
  };

  /** Calls the listener for every done or failed job of every tenant, once its outcome is on disk. Returns a function that unsubscribes. */
  onSettled(listener: (job: JobView) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    const jobs = await this.#jobs.opened();
    await jobs?.[Symbol.asyncDispose]();
  }

  async #start(): Promise<Jobs> {
    const { engine, encryptionKey, allowHosts = [], onFault, gate, settings = {}, works, tracing } = this.#options;
    const jobs = await openJobs(typeof engine === 'function' ? await engine() : engine, {
      encryptionKey,
      allowHosts,
      settings,
      works,
      tracing,
      ...present({ onFault }),
      quota: gate,
      payloadOf: ({ requestId, task }, outcome) => ({
        request_id: requestId,
        ...deepaffectsOutcome(task.kind, outcome),
      }),
    });
    jobs.onSettled((job) => {
      for (const listener of this.#listeners) listener(job);
    });
    return jobs;
  }
}
