import { VoicePrintsError } from '../core/errors.js';
import type { Job, JobFailure, JobOrder, JobOutcome, JobProgress } from './job.js';
import { type Entry, entryOf, isLive, JobIndex, jobKeyOf } from './jobIndex.js';
import type { JobClaim, JobPage, JobQueue } from './jobQueue.js';
import { dayOf, type LevelAudioUse } from './levelAudioUse.js';
import type { SealedLevel } from './sealedLevel.js';
import { jobOf } from './storedRows.js';
import { backoffMs } from './webhooks/backoff.js';
import type { LevelOutbox } from './webhooks/levelOutbox.js';
import type { OutgoingMessage } from './webhooks/webhookOutbox.js';

/** How much may wait or run, and when a job is tried again that was in work when a process ended. */
export interface JobQueueLimits {
  readonly maxJobs: number;
  readonly maxJobsOfTenant: number;
  /** Stored audio of all of them. */
  readonly maxAudioBytes: number;
  /** At once the first time; after the second this long, each further wait four times as long: it need not be to blame. */
  readonly retryMs: number;
}

interface Parts {
  readonly level: SealedLevel;
  readonly outbox: LevelOutbox;
  readonly audioUse: LevelAudioUse;
  readonly limits: JobQueueLimits;
  readonly nowMs: () => number;
}

const PREFIX = 'job!';
const FORGET_EVERY_MS = 600_000;

/** Jobs in LevelDB, for one process; an index without settings and outcomes is kept in memory. */
export class LevelJobQueue implements JobQueue {
  readonly #parts: Parts;
  readonly #index = new JobIndex();
  /** Jobs on their way to the disk, so that a request that comes twice at once is one job. */
  readonly #adding = new Map<string, Promise<unknown>>();

  #forgottenAtMs: number;

  private constructor(parts: Parts) {
    this.#parts = parts;
    this.#forgottenAtMs = parts.nowMs();
  }

  /** Jobs that ran when the last process ended are suspects: handed out first, one at a time. */
  static async open(parts: Parts): Promise<LevelJobQueue> {
    const queue = new LevelJobQueue(parts);
    for await (const [key, row] of parts.level.all(PREFIX)) {
      const job = jobOf(row);
      const waitMs = job.tries > 1 ? backoffMs(job.tries - 1, parts.limits.retryMs) : 0;
      queue.#index.add(entryOf(key, job, parts.nowMs() + waitMs));
    }
    return queue;
  }

  async add(order: JobOrder): Promise<{ readonly job: Job; readonly isNew: boolean }> {
    const { tenantId, requestId, digest } = order;
    const name = jobKeyOf(tenantId, requestId);
    while (this.#adding.has(name)) await this.#adding.get(name);
    // No await from here to `#adding.set`: of two at once, the second must see the first.
    const known = this.#index.find(tenantId, requestId);
    if (known) {
      const job = await this.#read(known);
      if (job.digest !== digest) throw conflict();
      return { job, isNew: false };
    }
    this.#assertRoom(tenantId, order.audio.kind === 'stored' ? order.audio.bytes : 0);
    const job: Job = { ...order, status: 'queued', tries: 0, createdAtMs: this.#parts.nowMs() };
    const entry = entryOf(this.#index.newKey(PREFIX), job, 0);
    this.#index.add(entry); // counted at once, so that the bound holds while others are written
    entry.isAdding = true;
    const written = this.#parts.level.write({ put: [[entry.key, job]] }, true);
    this.#adding.set(
      name,
      written.catch(() => undefined), // `add` tells its caller; whoever waits only looks again
    );
    try {
      await written;
      entry.isAdding = false;
    } catch (error) {
      this.#index.remove(entry);
      throw error;
    } finally {
      this.#adding.delete(name);
    }
    return { job, isNew: true };
  }

  async assertRoom(tenantId: string, requestId: string): Promise<void> {
    if (!this.#index.find(tenantId, requestId)) this.#assertRoom(tenantId, 1);
  }

  async get(tenantId: string, requestId: string): Promise<Job | undefined> {
    const entry = await this.#find(tenantId, requestId);
    return entry && this.#read(entry);
  }

  async list(tenantId: string, { limit, cursor }: JobPage): Promise<{ jobs: readonly Job[]; cursor?: string }> {
    const { entries, hasMore } = this.#index.page(tenantId, limit, cursor && `${PREFIX}${cursor}`);
    const jobs = await Promise.all(entries.map((entry) => this.#read(entry)));
    const last = entries.at(-1);
    return {
      jobs: jobs.map(({ outcome: _, ...job }) => job),
      ...(hasMore && last ? { cursor: last.key.slice(PREFIX.length) } : {}),
    };
  }

  progressOf(tenantId: string, requestId: string): JobProgress | undefined {
    return this.#index.find(tenantId, requestId)?.progress;
  }

  audioUsedMs(tenantId: string, day: string): number {
    return this.#parts.audioUse.usedMs(tenantId, day);
  }

  async take(isHeld: (tenantId: string) => boolean = () => false): Promise<JobClaim | undefined> {
    const entry = this.#index.next(this.#parts.nowMs(), isHeld);
    return entry && this.#begin(entry);
  }

  async takeOverdue(beforeMs: number): Promise<JobClaim | undefined> {
    const entry = this.#index.overdue(beforeMs);
    return entry && this.#begin(entry);
  }

  nextDueMs(): number | undefined {
    return this.#index.nextDueMs();
  }

  async heartbeat(claim: JobClaim, progress?: JobProgress): Promise<boolean> {
    const entry = this.#held(claim);
    if (entry && progress) entry.progress = progress;
    return entry !== undefined;
  }

  async settle(claim: JobClaim, outcome: JobOutcome, message?: OutgoingMessage): Promise<boolean> {
    const entry = this.#held(claim);
    if (entry === undefined) return false;
    const prepared = message && this.#parts.outbox.prepare(message);
    const status = 'failure' in outcome ? 'failed' : 'done';
    const endedAtMs = this.#parts.nowMs();
    const audioMs = furthestMs(claim.job, entry);
    const used = this.#parts.audioUse.prepare(claim.job, audioMs, endedAtMs);
    const job: Job = { ...claim.job, status, outcome, endedAtMs, audioMs };
    this.#index.end(entry, status, endedAtMs); // from here on a cancel comes too late
    try {
      await this.#parts.level.write({ put: [[entry.key, job], used.row, ...(prepared ? [prepared.row] : [])] }, true);
    } catch (error) {
      this.#index.reopen(entry);
      throw error;
    }
    used.commit();
    prepared?.commit();
    return true;
  }

  async retryLater(claim: JobClaim, notBeforeMs: number, failure: JobFailure): Promise<void> {
    await this.#requeue(claim, notBeforeMs, { ...claim.job, status: 'queued', lastFailure: failure });
  }

  async giveBack(claim: JobClaim, notBeforeMs = 0): Promise<void> {
    await this.#requeue(claim, notBeforeMs, { ...claim.job, status: 'queued', tries: claim.job.tries - 1 });
  }

  async cancel(tenantId: string, requestId: string): Promise<Job | undefined> {
    const entry = await this.#find(tenantId, requestId);
    if (entry === undefined || !isLive(entry)) return entry && this.#read(entry);
    const endedAtMs = this.#parts.nowMs();
    const { progress } = entry;
    this.#index.end(entry, 'cancelled', endedAtMs);
    const before = await this.#read(entry);
    const audioMs = furthestMs(before, { progress });
    const used = this.#parts.audioUse.prepare(before, audioMs, endedAtMs);
    const job: Job = { ...before, status: 'cancelled', endedAtMs, audioMs };
    await this.#parts.level.write({ put: [[entry.key, job], used.row] }, true);
    used.commit();
    return job;
  }

  async erase(tenantId: string, requestId: string): Promise<boolean> {
    const entry = await this.#find(tenantId, requestId);
    if (entry === undefined || isLive(entry)) return false;
    await this.#remove([entry]);
    return true;
  }

  async expire(endedBeforeMs: number): Promise<number> {
    const gone = this.#index.endedBefore(endedBeforeMs);
    if (gone.length > 0) await this.#remove(gone);
    await this.#parts.audioUse.expire(dayOf(this.#parts.nowMs()));
    await this.#forget();
    return gone.length;
  }

  async audioIds(): Promise<ReadonlySet<string>> {
    return this.#index.audioIds();
  }

  /** The store is whoever's opened it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#adding.values());
  }

  async #begin(entry: Entry): Promise<JobClaim> {
    this.#index.begin(entry); // at once: the next take must not see it
    try {
      const waiting = await this.#read(entry);
      const job: Job = { ...waiting, status: 'running', tries: waiting.tries + 1, startedAtMs: this.#parts.nowMs() };
      // Not synced: that a try was begun has to survive the process, which it may end, not a loss of power.
      await this.#parts.level.write({ put: [[entry.key, job]] }, false);
      entry.token = `${entry.key}:${job.tries}`;
      return { job, token: entry.token };
    } catch (error) {
      this.#index.requeue(entry, 0);
      throw error;
    }
  }

  async #requeue(claim: JobClaim, notBeforeMs: number, job: Job): Promise<void> {
    const entry = this.#held(claim);
    if (entry === undefined) return;
    const row = { ...job, audioMs: furthestMs(job, entry) };
    await this.#parts.level.write({ put: [[entry.key, row]] }, false);
    if (this.#held(claim)) this.#index.requeue(entry, notBeforeMs);
  }

  /** The job, once it is on disk where it is on its way there. */
  async #find(tenantId: string, requestId: string): Promise<Entry | undefined> {
    const name = jobKeyOf(tenantId, requestId);
    while (this.#adding.has(name)) await this.#adding.get(name);
    return this.#index.find(tenantId, requestId);
  }

  #held({ job, token }: JobClaim): Entry | undefined {
    const entry = this.#index.find(job.tenantId, job.requestId);
    return entry?.status === 'running' && entry.token === token ? entry : undefined;
  }

  async #remove(entries: readonly Entry[]): Promise<void> {
    for (const entry of entries) this.#index.remove(entry);
    await this.#parts.level.write({ delete: entries.map(({ key }) => key) }, true);
  }

  /** Outcomes that were erased or sent leave the files too, now and then, as all of them are written anew for that. */
  async #forget(): Promise<void> {
    const nowMs = this.#parts.nowMs();
    if (nowMs - this.#forgottenAtMs < FORGET_EVERY_MS || !this.#parts.level.hasOld) return;
    this.#forgottenAtMs = nowMs;
    await this.#parts.level.forget();
  }

  async #read({ key }: Entry): Promise<Job> {
    return jobOf(await this.#parts.level.get(key));
  }

  #assertRoom(tenantId: string, moreBytes: number): void {
    const { maxJobs, maxJobsOfTenant, maxAudioBytes } = this.#parts.limits;
    const { jobs, ofTenant, audioBytes } = this.#index.load(tenantId);
    if (jobs < maxJobs && ofTenant < maxJobsOfTenant && audioBytes + moreBytes <= maxAudioBytes) return;
    throw new VoicePrintsError('JOBS_FULL', 'too many jobs are waiting; send this one again later', {
      details: { retryAfterSeconds: this.#index.secondsToRoom() },
    });
  }
}

/** Audio worked on in this try or an earlier one, whichever came further. */
const furthestMs = ({ audioMs = 0 }: Job, { progress }: Pick<Entry, 'progress'>): number =>
  Math.max(audioMs, progress?.doneMs ?? 0);

const conflict = () =>
  new VoicePrintsError(
    'JOB_CONFLICT',
    'another request was already made under this request id; choose another id, or repeat the request as it was',
  );
