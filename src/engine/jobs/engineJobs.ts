import { asVoicePrintsError, VoicePrintsError } from '../../core/errors.js';
import type { Job, JobAudio } from '../../jobs/job.js';
import type { JobRunner } from '../../jobs/jobRunner.js';
import type { WebhookSender } from '../../jobs/webhooks/webhookSender.js';
import { newSecret } from '../../jobs/webhooks/webhookSignature.js';
import { NO_TRACING, type Tracing } from '../../tracing/tracing.js';
import type { Engine } from '../engine.js';
import { LOCAL_TENANT } from '../requests/callOptions.js';
import { eraseNoted } from './eraseFromJobs.js';
import type { JobSettings } from './jobSettings.js';
import type { JobStores } from './jobStores.js';
import type { DeadLetter, JobRequest, Jobs, JobView } from './jobs.js';
import { deadLetter, jobView } from './jobViews.js';
import { type EngineJobsOptions, runnerOf, senderOf } from './jobWorkers.js';
import type { JobFault } from './openJobsOptions.js';
import { submitJob } from './submitJob.js';

/** Jobs that another process left running are resumed; what is no longer needed is erased. */
const SWEEP_MS = 60_000;
/** Interval of checking for people erased by another process, which waits for it. */
const ERASE_MS = 1_000;
/** Audio that no job needs is this old before it is erased where other processes may be receiving some. */
const ORPHAN_MS = 3_600_000;

/** See Jobs. */
export class EngineJobs implements Jobs {
  readonly #engine: Engine;
  readonly #stores: JobStores;
  readonly #settings: JobSettings;
  readonly #nowMs: () => number;
  readonly #onFault: (fault: JobFault) => void;
  readonly #runner: JobRunner;
  readonly #sender: WebhookSender;
  readonly #listeners = new Set<(job: JobView) => void>();
  readonly #works: boolean;
  readonly #tracing: Tracing;
  readonly #endErasing: () => void;
  #sweep: NodeJS.Timeout | undefined;
  #erasing: NodeJS.Timeout | undefined;
  /** The look at notes of other processes that is under way. */
  #noted: Promise<void> | undefined;
  #isClosed = false;

  constructor(engine: Engine, stores: JobStores, options: EngineJobsOptions) {
    const {
      settings,
      quota,
      nowMs = Date.now,
      onFault = () => undefined,
      works = true,
      tracing = NO_TRACING,
    } = options;
    this.#engine = engine;
    this.#stores = stores;
    this.#settings = settings;
    this.#nowMs = nowMs;
    this.#onFault = onFault;
    this.#works = works;
    this.#tracing = tracing;
    const { queue } = stores;
    quota?.countAlso((tenantId, day) => queue.audioUsedMs(tenantId, day));
    const onSettled = (job: Job): void => this.#settled(job);
    this.#runner = runnerOf(engine, stores, { ...options, nowMs, onFault, onSettled });
    this.#sender = senderOf(stores, { ...options, nowMs, onFault });
    this.#endErasing = engine.onErased(() => this.#eraseNotedOrThrow());
  }

  async start(): Promise<void> {
    const { isShared } = this.#stores;
    await this.#stores.listen({
      onWork: () => this.#wakeRunner(),
      onMessages: () => this.#wakeSender(),
      onRevised: (webhookId) => this.#sender.interrupt(webhookId),
      onSettled: (job) => void this.#notify(job).catch((error) => this.#fault(error)),
      onFault: (error) => this.#fault(error),
    });
    if (!this.#works) return;
    await this.#eraseOrphans();
    await this.#eraseNotedOrThrow();
    await this.sweep();
    this.#sweep = setInterval(() => void this.#sweepAll(), SWEEP_MS).unref();
    if (!isShared) this.#erasing = setInterval(() => void this.#eraseNoted(), ERASE_MS).unref();
    this.#wake();
  }

  async sweep(): Promise<void> {
    const { queue, outbox } = this.#stores;
    const { resultKeptMs, audioKeptMs, deadLetterKeptMs } = this.#settings;
    try {
      while (await this.#runner.settleOverdue(this.#nowMs() - audioKeptMs));
      // Messages first: a job is kept while the message about it may still be sent.
      await outbox.expire({ delivered: this.#nowMs() - resultKeptMs, dead: this.#nowMs() - deadLetterKeptMs });
      await queue.expire(this.#nowMs() - resultKeptMs);
    } catch (error) {
      this.#fault(error);
    }
    this.#wake(); // jobs that were held may continue
  }

  async submit(request: JobRequest): Promise<{ readonly job: JobView; readonly isNew: boolean }> {
    this.#assertOpen();
    const { queue, audio } = this.#stores;
    const { maxAudioBytesOfJob: maxAudioBytes } = this.#settings;
    const eraseAudio = (stored: JobAudio) => this.#eraseAudio(stored);
    const dependencies = { engine: this.#engine, queue, audio, maxAudioBytes, eraseAudio, tracing: this.#tracing };
    const { job, isNew } = await submitJob(dependencies, request);
    if (isNew) this.#wakeRunner();
    return { job: await jobView(this.#stores, job), isNew };
  }

  async get(requestId: string, tenantId: string = LOCAL_TENANT): Promise<JobView | undefined> {
    this.#assertOpen();
    const job = await this.#stores.queue.get(tenantId, requestId);
    return job && jobView(this.#stores, job);
  }

  async list(
    page: { readonly limit: number; readonly cursor?: string | undefined; readonly ownerId?: string | undefined },
    tenantId: string = LOCAL_TENANT,
  ): Promise<{ readonly jobs: readonly JobView[]; readonly cursor?: string }> {
    this.#assertOpen();
    const { jobs, ...rest } = await this.#stores.queue.list(tenantId, page);
    return { jobs: await Promise.all(jobs.map((job) => jobView(this.#stores, job))), ...rest };
  }

  async cancel(requestId: string, tenantId: string = LOCAL_TENANT): Promise<JobView> {
    this.#assertOpen();
    const job = await this.#stores.queue.cancel(tenantId, requestId);
    if (job === undefined) throw notFound();
    if (job.status === 'cancelled') {
      this.#runner.cancelled(tenantId, requestId);
      await this.#eraseAudio(job.audio);
    }
    return jobView(this.#stores, job);
  }

  async erase(requestId: string, tenantId: string = LOCAL_TENANT): Promise<void> {
    await this.cancel(requestId, tenantId);
    const message = await this.#stores.outbox.ofJob(tenantId, requestId);
    await this.#stores.queue.erase(tenantId, requestId);
    if (message === undefined) return;
    this.#sender.interrupt(message.webhookId);
    if (message.status === 'waiting') await this.#stores.revised(message.webhookId);
  }

  onSettled(listener: (job: JobView) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async deadLetters(limit: number, tenantId: string = LOCAL_TENANT): Promise<readonly DeadLetter[]> {
    this.#assertOpen();
    return (await this.#stores.outbox.dead(tenantId, limit)).map(deadLetter);
  }

  async resend(webhookId: string, tenantId: string = LOCAL_TENANT): Promise<void> {
    this.#assertOpen();
    if (!(await this.#stores.outbox.resend(tenantId, webhookId, this.#nowMs()))) {
      throw new VoicePrintsError(
        'WEBHOOK_NOT_FOUND',
        'no undelivered webhook has this id; list them, it may have arrived or expired',
      );
    }
    this.#wakeSender();
  }

  async rotateSecret(tenantId: string = LOCAL_TENANT): Promise<string> {
    this.#assertOpen();
    const secret = newSecret();
    await this.#stores.secrets.rotate(tenantId, secret, this.#nowMs() + this.#settings.oldSecretKeptMs);
    return secret;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#endErasing();
    clearInterval(this.#sweep);
    clearInterval(this.#erasing);
    await this.#noted;
    await Promise.all([this.#runner.stop(), this.#sender.stop()]);
    await this.#stores[Symbol.asyncDispose]();
  }

  #wake(): void {
    this.#wakeRunner();
    this.#wakeSender();
  }

  #wakeSender(): void {
    if (this.#works) this.#sender.wake();
  }

  #wakeRunner(): void {
    if (this.#works) this.#runner.wake();
  }

  async #sweepAll(): Promise<void> {
    await this.sweep();
    if (!this.#stores.isShared) return;
    await this.#eraseOrphans().catch((error) => this.#fault(error));
    await this.#eraseNoted();
  }

  /** Audio that a process left which ended before its job was stored, or before it was erased with its job. */
  async #eraseOrphans(): Promise<void> {
    const { queue, audio, isShared } = this.#stores;
    await audio.retain(await queue.audioIds(), isShared ? ORPHAN_MS : 0);
  }

  async #eraseAudio(audio: JobAudio): Promise<void> {
    if (audio.kind === 'stored') await this.#stores.audio.delete(audio.audioId).catch((error) => this.#fault(error));
  }

  /** Removes people erased by another process from the jobs; at most one check at a time. */
  async #eraseNoted(): Promise<void> {
    this.#noted ??= this.#eraseNotedOrThrow()
      .catch((error: unknown) => this.#fault(error))
      .finally(() => {
        this.#noted = undefined;
      });
    await this.#noted;
  }

  /** The messages being sent about the changed jobs are outdated. */
  async #eraseNotedOrThrow(): Promise<void> {
    for (const { tenantId, requestId } of await eraseNoted(this.#stores)) {
      const message = await this.#stores.outbox.ofJob(tenantId, requestId);
      if (message) this.#sender.interrupt(message.webhookId);
    }
  }

  #settled(job: Job): void {
    this.#sender.wake();
    void this.#eraseAudio(job.audio);
    void this.#notify(job).catch((error) => this.#fault(error));
  }

  async #notify(job: Job): Promise<void> {
    if (this.#listeners.size === 0) return;
    const stored = await this.#stores.queue.get(job.tenantId, job.requestId);
    if (stored === undefined) return; // erased meanwhile
    const view = await jobView(this.#stores, stored);
    for (const listener of this.#listeners) listener(view);
  }

  #fault(error: unknown): void {
    this.#onFault({ code: asVoicePrintsError(error).code, error });
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new VoicePrintsError('ENGINE_CLOSED', 'the jobs were closed; open them again');
  }
}

const notFound = () =>
  new VoicePrintsError('JOB_NOT_FOUND', 'no job has this request id; check it, or its outcome has expired');
