import { createHash, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { asVoicePrintsError, VoicePrintsError } from '../../core/errors.js';
import type { RecordingSource } from '../../core/recording.js';
import type { AudioStore } from '../../jobs/audioStore.js';
import type { Job, JobAudio, JobOrder, JobOutcome } from '../../jobs/job.js';
import type { JobQueue } from '../../jobs/jobQueue.js';
import { JobRunner } from '../../jobs/jobRunner.js';
import { openLevelStore } from '../../jobs/openLevelStore.js';
import type { Delivery, WebhookOutbox, WebhookSecrets } from '../../jobs/webhooks/webhookOutbox.js';
import { WebhookSender } from '../../jobs/webhooks/webhookSender.js';
import { newSecret } from '../../jobs/webhooks/webhookSignature.js';
import { guardedPost } from '../../net/guardedPost.js';
import { parseUrl } from '../../net/guardedRequest.js';
import { type Engine, LOCAL_TENANT } from '../engine.js';
import { assertMatchable } from '../voiceprints/voiceprintsFor.js';
import { eraseNoted } from './eraseFromJobs.js';
import { JOB_DEFAULTS, type JobSettings } from './jobSettings.js';
import type { DeadLetter, JobRequest, JobSource, Jobs, JobView, WebhookView } from './jobs.js';
import { performJob } from './performJob.js';

/** A fault of ours, for the operator's log: no content, no names, no addresses. */
export interface JobFault {
  readonly code: string;
  readonly error: unknown;
}

/** The minutes of audio that tenants may have worked on in a UTC day. */
export interface AudioQuota {
  /** Receives the audio of jobs: milliseconds of a day (`2026-05-31`), of each job once, on the day it ended. */
  countAlso(ofJobs: (tenantId: string, day: string) => number): void;
  hasAudioLeft(tenantId: string): boolean;
}

export interface OpenJobsOptions {
  /** What a webhook is sent about an outcome. */
  readonly payloadOf: (job: { readonly requestId: string; readonly task: Job['task'] }, outcome: JobOutcome) => unknown;
  /** The key the engine was opened with: audio and outcomes are encrypted as the voiceprints are. */
  readonly encryptionKey?: string | undefined;
  /** Hosts (`name` or `name:port`) in private networks that urls and webhooks may lead to; none by default. */
  readonly allowHosts?: readonly string[];
  readonly onFault?: (fault: JobFault) => void;
  readonly settings?: Partial<JobSettings>;
  /** Jobs of a tenant that has none left wait; it is checked again every minute. Without it no tenant is limited. */
  readonly quota?: AudioQuota | undefined;
  /** Only looks and marks: no job is worked on and no webhook sent. */
  readonly isIdle?: boolean;
  /** For tests of what takes days. */
  readonly nowMs?: () => number;
}

/** The ports, for an adapter of one's own. */
interface JobStores extends AsyncDisposable {
  readonly queue: JobQueue;
  readonly outbox: WebhookOutbox;
  readonly secrets: WebhookSecrets;
  readonly audio: AudioStore;
}

/** Jobs that another process left running are resumed; what is no longer needed is erased. */
const SWEEP_MS = 60_000;
/** Interval of checking for people erased by another process, which waits for it. */
const ERASE_MS = 1_000;

/**
 * Opens the jobs of the engine's store, in its folder `jobs`, and continues with those that were left. One process at a
 * time. Close it before the engine: work that is not done is handed back, and done by the next.
 *
 * @throws VoicePrintsError JOBS_LOCKED, REGISTRY_UNAVAILABLE, REGISTRY_CORRUPT, REGISTRY_KEY_MISSING, REGISTRY_KEY_WRONG
 */
export async function openJobs(engine: Engine, options: OpenJobsOptions): Promise<Jobs> {
  const settings = { ...JOB_DEFAULTS, ...options.settings };
  const stores = await openLevelStore(join(engine.storeDirectory, 'jobs'), {
    encryptionKey: options.encryptionKey || undefined,
    limits: settings,
    nowMs: options.nowMs ?? Date.now,
  }).catch((error: unknown) => {
    throw asVoicePrintsError(error);
  });
  const jobs = new EngineJobs(engine, stores, { ...options, settings });
  if (!options.isIdle) await jobs.start();
  return jobs;
}

class EngineJobs implements Jobs {
  readonly #engine: Engine;
  readonly #stores: JobStores;
  readonly #settings: JobSettings;
  readonly #nowMs: () => number;
  readonly #onFault: (fault: JobFault) => void;
  readonly #runner: JobRunner;
  readonly #sender: WebhookSender;
  readonly #listeners = new Set<(job: JobView) => void>();
  readonly #isIdle: boolean;
  readonly #sweep: NodeJS.Timeout | undefined;
  readonly #erasing: NodeJS.Timeout | undefined;
  readonly #endErasing: () => void;
  /** The look at notes of other processes that is under way. */
  #noted: Promise<void> | undefined;
  #isClosed = false;

  constructor(engine: Engine, stores: JobStores, options: OpenJobsOptions & { readonly settings: JobSettings }) {
    const { settings, allowHosts = [], payloadOf, quota, nowMs = Date.now, onFault = () => undefined } = options;
    this.#engine = engine;
    this.#stores = stores;
    this.#settings = settings;
    this.#nowMs = nowMs;
    this.#onFault = onFault;
    const { queue, outbox, secrets, audio } = stores;
    quota?.countAlso((tenantId, day) => queue.audioUsedMs(tenantId, day));
    this.#runner = new JobRunner({
      queue,
      nowMs,
      onFault,
      ...settings,
      isHeld: (tenantId) => quota?.hasAudioLeft(tenantId) === false,
      perform: performJob({ engine, audio, allowHosts, settings }),
      onSettled: (job) => this.#settled(job),
    });
    this.#sender = new WebhookSender({
      outbox,
      secrets,
      nowMs,
      onFault,
      maxTries: settings.webhookTries,
      retryMs: settings.webhookRetryMs,
      concurrency: settings.webhookConcurrency,
      perHost: settings.webhooksPerHost,
      graceMs: settings.graceMs,
      bodyOf: async ({ tenantId, requestId, payload }) => {
        const job = await queue.get(tenantId, requestId);
        return job?.outcome ? JSON.stringify(payloadOf(job, job.outcome)) : payload;
      },
      post: (url, body, headers, signal) => {
        const { webhookTimeoutMs: timeoutMs, webhookAnswerBytes: maxAnswerBytes } = settings;
        return guardedPost(url, { body, headers }, { allowHosts, timeoutMs, maxAnswerBytes }, signal);
      },
    });
    this.#isIdle = options.isIdle ?? false;
    this.#sweep = this.#isIdle ? undefined : setInterval(() => void this.sweep(), SWEEP_MS);
    this.#sweep?.unref();
    this.#erasing = this.#isIdle ? undefined : setInterval(() => void this.#eraseNoted(), ERASE_MS);
    this.#erasing?.unref();
    this.#endErasing = engine.onErased(() => this.#eraseNotedOrThrow());
  }

  async start(): Promise<void> {
    const { queue, audio } = this.#stores;
    await audio.retain(await queue.audioIds());
    await this.#eraseNotedOrThrow();
    await this.sweep();
    this.#runner.wake();
    this.#sender.wake();
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
    if (!this.#isIdle) this.#runner.wake(); // jobs that were held may continue
  }

  async submit(request: JobRequest): Promise<{ readonly job: JobView; readonly isNew: boolean }> {
    this.#assertOpen();
    const { tenantId = LOCAL_TENANT, ownerId, requestId = randomUUID(), call, task, source, webhookUrl } = request;
    const { queue } = this.#stores;
    if (webhookUrl !== undefined) parseUrl(webhookUrl);
    if (source.kind === 'url') parseUrl(source.url);
    const ids = 'speakerIds' in task ? (task.speakerIds ?? []) : [];
    await this.#assertMatchable(tenantId, ids);
    await queue.assertRoom(tenantId, requestId);
    const taken = await this.#takeIn(source);
    const { rawFormat, track, channel } = source;
    const selection = track === undefined && channel === undefined ? undefined : { track, channel };
    const asked = { task, rawFormat, selection, webhookUrl, audio: taken.sha256, ownerId };
    const digest = createHash('sha256').update(JSON.stringify(asked)).digest('hex');
    const audio = taken.audio;
    const order: JobOrder = {
      tenantId,
      ownerId,
      requestId,
      call,
      task,
      audio,
      rawFormat,
      selection,
      webhookUrl,
      digest,
    };
    try {
      // Again: receiving the audio takes time, and a person may have been erased meanwhile.
      await this.#assertMatchable(tenantId, ids);
      const { job, isNew } = await queue.add(order);
      if (!isNew) await this.#eraseAudio(taken.audio);
      else if (!this.#isIdle) this.#runner.wake();
      return { job: await this.#viewOf(job), isNew };
    } catch (error) {
      await this.#eraseAudio(taken.audio);
      throw asVoicePrintsError(error);
    }
  }

  async get(requestId: string, tenantId: string = LOCAL_TENANT): Promise<JobView | undefined> {
    this.#assertOpen();
    const job = await this.#stores.queue.get(tenantId, requestId);
    return job && this.#viewOf(job);
  }

  async list(
    page: { readonly limit: number; readonly cursor?: string | undefined; readonly ownerId?: string | undefined },
    tenantId: string = LOCAL_TENANT,
  ): Promise<{ readonly jobs: readonly JobView[]; readonly cursor?: string }> {
    this.#assertOpen();
    const { jobs, ...rest } = await this.#stores.queue.list(tenantId, page);
    return { jobs: await Promise.all(jobs.map((job) => this.#viewOf(job))), ...rest };
  }

  async cancel(requestId: string, tenantId: string = LOCAL_TENANT): Promise<JobView> {
    this.#assertOpen();
    const job = await this.#stores.queue.cancel(tenantId, requestId);
    if (job === undefined) throw notFound();
    if (job.status === 'cancelled') {
      this.#runner.cancelled(tenantId, requestId);
      await this.#eraseAudio(job.audio);
    }
    return this.#viewOf(job);
  }

  async erase(requestId: string, tenantId: string = LOCAL_TENANT): Promise<void> {
    await this.cancel(requestId, tenantId);
    const message = await this.#stores.outbox.ofJob(tenantId, requestId);
    await this.#stores.queue.erase(tenantId, requestId);
    if (message) this.#sender.interrupt(message.webhookId);
  }

  onSettled(listener: (job: JobView) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async deadLetters(limit: number, tenantId: string = LOCAL_TENANT): Promise<readonly DeadLetter[]> {
    this.#assertOpen();
    return (await this.#stores.outbox.dead(tenantId, limit)).map((delivery) => ({
      ...webhookView(delivery),
      requestId: delivery.requestId,
      address: shownAddress(delivery.url),
      createdAtMs: delivery.createdAtMs,
      endedAtMs: delivery.endedAtMs ?? null,
    }));
  }

  async resend(webhookId: string, tenantId: string = LOCAL_TENANT): Promise<void> {
    this.#assertOpen();
    if (!(await this.#stores.outbox.resend(tenantId, webhookId, this.#nowMs()))) {
      throw new VoicePrintsError(
        'WEBHOOK_NOT_FOUND',
        'no undelivered webhook has this id; list them, it may have arrived or expired',
      );
    }
    if (!this.#isIdle) this.#sender.wake();
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

  async #assertMatchable(tenantId: string, ids: readonly string[]): Promise<void> {
    const speakers = this.#engine.speakers(tenantId);
    const found = await Promise.all([...new Set(ids)].map((speakerId) => speakers.get(speakerId)));
    assertMatchable(
      found.flatMap((speaker) => speaker ?? []),
      ids,
    );
  }

  async #takeIn(source: JobSource): Promise<{ readonly audio: JobAudio; readonly sha256: string }> {
    if (source.kind === 'url') return { audio: { kind: 'url', url: source.url }, sha256: source.url };
    const { audioId, bytes, sha256 } = await this.#stores.audio.put(bytesOf(source), this.#settings.maxAudioBytesOfJob);
    return { audio: { kind: 'stored', audioId, bytes }, sha256 };
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

  async #eraseNotedOrThrow(): Promise<void> {
    await this.#revised(await eraseNoted(this.#engine.storeDirectory, this.#stores));
  }

  /** The messages being sent about these jobs are outdated. */
  async #revised(jobs: readonly Pick<Job, 'tenantId' | 'requestId'>[]): Promise<void> {
    for (const { tenantId, requestId } of jobs) {
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
    const stored = await this.#stores.queue.get(job.tenantId, job.requestId);
    if (stored === undefined) return; // erased meanwhile
    const view = await this.#viewOf(stored);
    for (const listener of this.#listeners) listener(view);
  }

  async #viewOf(job: Job): Promise<JobView> {
    const { tenantId, requestId, call, task, status, tries, createdAtMs } = job;
    const delivery = job.webhookUrl === undefined ? undefined : await this.#stores.outbox.ofJob(tenantId, requestId);
    return {
      tenantId,
      requestId,
      call,
      kind: task.kind,
      status,
      tries,
      createdAtMs,
      ownerId: job.ownerId ?? null,
      startedAtMs: job.startedAtMs ?? null,
      endedAtMs: job.endedAtMs ?? null,
      progress: (status === 'running' && (await this.#stores.queue.progressOf(tenantId, requestId))) || null,
      outcome: job.outcome ?? null,
      webhook: delivery ? webhookView(delivery) : null,
    };
  }

  #fault(error: unknown): void {
    this.#onFault({ code: asVoicePrintsError(error).code, error });
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new VoicePrintsError('ENGINE_CLOSED', 'the jobs were closed; open them again');
  }
}

const webhookView = ({ webhookId, status, tries, lastFailure }: Delivery): WebhookView => ({
  webhookId,
  status,
  tries,
  lastFailure: lastFailure ?? null,
});

function shownAddress(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}

async function* bytesOf(source: RecordingSource): AsyncGenerator<Uint8Array> {
  if (source.kind === 'bytes') yield source.bytes;
  else if (source.kind === 'stream') yield* source.stream;
  else throw new VoicePrintsError('INPUT_INVALID', 'a job takes bytes or a stream; open the file and give its stream');
}

const notFound = () =>
  new VoicePrintsError('JOB_NOT_FOUND', 'no job has this request id; check it, or its outcome has expired');
