import { InTurnByKey } from '../../core/inTurn.js';
import { dayOf } from '../../core/time.js';
import type { Job, JobFailure, JobOrder, JobOutcome, JobProgress } from '../job.js';
import type { JobClaim, JobPage, JobQueue } from '../jobQueue.js';
import type { JobQueueLimits } from '../jobQueueLimits.js';
import { jobConflict, jobsFull } from '../jobRefusals.js';
import { retryWaitMs } from '../retryWait.js';
import { jobOf } from '../storedRows.js';
import { type JobEnd, prepareEnd } from './jobEnd.js';
import { type Entry, entryOf, isLive, JobIndex, jobKeyOf } from './jobIndex.js';
import { JobRevisions } from './jobRevisions.js';
import type { LevelAudioUse } from './levelAudioUse.js';
import type { LevelOutbox } from './levelOutbox.js';
import type { SealedLevel } from './sealedLevel.js';

interface Parts {
  readonly level: SealedLevel;
  readonly outbox: LevelOutbox;
  readonly audioUse: LevelAudioUse;
  readonly limits: JobQueueLimits;
  readonly nowMs: () => number;
}

const PREFIX = 'job!';
/** Compaction rewrites all files: for expired rows at this interval, for erased rows at the next opportunity. */
const FORGET_EVERY_MS = 600_000;
const REVISED_AT_ONCE = 64;

/** Jobs in LevelDB, for one process; an index without settings and outcomes is kept in memory. */
export class LevelJobQueue implements JobQueue {
  readonly #parts: Parts;
  readonly #index = new JobIndex();
  /** Jobs being written, so that a request that arrives twice at once is one job. */
  readonly #adding = new Map<string, Promise<unknown>>();
  /** The read-modify-write steps on one row, by its key. */
  readonly #steps = new InTurnByKey();
  readonly #revisions = new JobRevisions();
  #isErased = false;
  #forgottenAtMs: number;

  private constructor(parts: Parts) {
    this.#parts = parts;
    this.#forgottenAtMs = parts.nowMs();
  }

  /** Jobs that were running when the last process ended are suspects: handed out first, one at a time. */
  static async open(parts: Parts): Promise<LevelJobQueue> {
    const queue = new LevelJobQueue(parts);
    const entries: Entry[] = [];
    for await (const [key, row] of parts.level.all(PREFIX)) {
      const job = jobOf(row);
      const waitMs = job.tries > 1 ? retryWaitMs(job.tries - 1, parts.limits.retryMs) : 0;
      entries.push(entryOf(key, job, parts.nowMs() + waitMs));
    }
    entries.sort((a, b) => (a.endedAtMs ?? 0) - (b.endedAtMs ?? 0)); // jobs that have not ended keep their order of age
    for (const entry of entries) queue.#index.add(entry);
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
      if (job.digest !== digest) throw jobConflict();
      return { job, isNew: false };
    }
    this.#assertRoom(tenantId, order.audio.kind === 'stored' ? order.audio.bytes : 0);
    const job: Job = { ...order, status: 'queued', tries: 0, createdAtMs: this.#parts.nowMs() };
    const entry = entryOf(this.#index.newKey(PREFIX), job, 0);
    this.#index.add(entry); // counted at once, so that the limit holds while others are written
    entry.isAdding = true;
    const written = this.#parts.level.write({ put: [[entry.key, job]] }, true);
    this.#adding.set(
      name,
      written.catch(() => undefined), // reported to the caller of `add`; others only look again
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

  async list(
    tenantId: string,
    { limit, cursor, ownerId }: JobPage,
  ): Promise<{ jobs: readonly Job[]; cursor?: string }> {
    const beforeKey = cursor && `${PREFIX}${cursor}`;
    const { entries, hasMore } = this.#index.page(tenantId, { limit, beforeKey, ownerId });
    const jobs = await Promise.all(entries.map((entry) => this.#read(entry)));
    const last = entries.at(-1);
    return {
      jobs: jobs.map(({ outcome: _, ...job }) => job),
      ...(hasMore && last ? { cursor: last.key.slice(PREFIX.length) } : {}),
    };
  }

  async progressOf(tenantId: string, requestId: string): Promise<JobProgress | undefined> {
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

  async nextDueMs(afterMs: number, isHeld: (tenantId: string) => boolean = () => false): Promise<number | undefined> {
    return this.#index.nextDueMs(afterMs, isHeld);
  }

  async heartbeat(claim: JobClaim, progress?: JobProgress): Promise<boolean> {
    const entry = this.#held(claim);
    if (entry && progress) entry.progress = progress;
    return entry !== undefined;
  }

  async settle(claim: JobClaim, outcome: JobOutcome): Promise<boolean> {
    const entry = this.#held(claim);
    if (entry === undefined) return false;
    return this.#steps.run(entry.key, async () => {
      if (this.#held(claim) === undefined) return false;
      await this.#end(entry, 'failure' in outcome ? 'failed' : 'done', outcome);
      return true;
    });
  }

  async retryLater(claim: JobClaim, notBeforeMs: number, failure: JobFailure): Promise<void> {
    await this.#requeue(claim, notBeforeMs, (job) => ({ ...job, lastFailure: failure }));
  }

  async giveBack(claim: JobClaim, notBeforeMs = 0): Promise<void> {
    await this.#requeue(claim, notBeforeMs, (job) => ({ ...job, tries: job.tries - 1 }));
  }

  async cancel(tenantId: string, requestId: string): Promise<Job | undefined> {
    const entry = await this.#find(tenantId, requestId);
    if (entry === undefined) return undefined;
    return this.#steps.run(entry.key, async () => (isLive(entry) ? this.#end(entry, 'cancelled') : this.#read(entry)));
  }

  async erase(tenantId: string, requestId: string): Promise<boolean> {
    const entry = await this.#find(tenantId, requestId);
    if (entry === undefined) return false;
    return this.#steps.run(entry.key, async () => {
      if (isLive(entry)) return false;
      await this.#remove([entry]);
      this.#isErased = true;
      return true;
    });
  }

  async revise(tenantId: string, change: (job: Job) => Job | undefined): Promise<readonly Job[]> {
    await Promise.all(this.#adding.values());
    this.#isErased = true; // even if a step below fails
    const revised: Job[] = [];
    const entries = [...this.#index.ofTenant(tenantId)];
    const reviseOne = (entry: Entry) =>
      this.#steps.run(entry.key, async () => {
        if (this.#index.find(tenantId, entry.requestId) !== entry) return; // gone meanwhile
        if (entry.status === 'running') this.#revisions.add(entry.key, change);
        const job = change(await this.#read(entry));
        if (job === undefined) return;
        await this.#parts.level.write({ put: [[entry.key, job]] }, true);
        revised.push(job);
      });
    // Several at once: writes of one batch share one sync.
    while (entries.length > 0) await Promise.all(entries.splice(0, REVISED_AT_ONCE).map(reviseOne));
    if (revised.length > 0) await this.#forget();
    return revised;
  }

  async expire(endedBeforeMs: number): Promise<number> {
    const { outbox, audioUse, level, nowMs } = this.#parts;
    const gone = this.#index.endedBefore(endedBeforeMs).filter((entry) => !outbox.mayBeSent(entry));
    if (gone.length > 0) await this.#remove(gone);
    await audioUse.expire(dayOf(nowMs()));
    const isTime = this.#isErased || nowMs() - this.#forgottenAtMs >= FORGET_EVERY_MS;
    if (isTime && level.hasOld) await this.#forget();
    return gone.length;
  }

  async audioIds(): Promise<ReadonlySet<string>> {
    return this.#index.audioIds();
  }

  /** Does not close the database: its opener does. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#adding.values());
  }

  async #begin(entry: Entry): Promise<JobClaim> {
    const revert = this.#index.begin(entry); // before any await: the next `take` must not see it
    return this.#steps.run(entry.key, async () => {
      try {
        const waiting = await this.#read(entry);
        const job: Job = { ...waiting, status: 'running', tries: waiting.tries + 1, startedAtMs: this.#parts.nowMs() };
        // Not synced: the try must be recorded if it crashes the process, but not if power is lost.
        await this.#parts.level.write({ put: [[entry.key, job]] }, false);
        entry.token = `${entry.key}:${job.tries}`;
        return { job, token: entry.token };
      } catch (error) {
        if (entry.status === 'running') revert(); // or it was cancelled meanwhile
        throw error;
      }
    });
  }

  /** Ends a queued or running job, in one batch with all dependent rows. */
  async #end(entry: Entry, status: JobEnd['status'], outcome?: JobOutcome): Promise<Job> {
    const stored = await this.#read(entry);
    const end: JobEnd = { status, endedAtMs: this.#parts.nowMs(), audioMs: furthestMs(stored, entry) };
    const job = this.#revisions.applied(entry.key, { ...stored, ...end, outcome });
    const { change, commit, revert } = prepareEnd({ ...this.#parts, index: this.#index }, entry, job, end);
    try {
      await this.#parts.level.write(change, true);
    } catch (error) {
      revert();
      throw error;
    }
    commit();
    this.#revisions.drop(entry.key);
    return job;
  }

  /** Puts a job at the end of the queue even if that cannot be written: on disk it is then a job whose process ended. */
  async #requeue(claim: JobClaim, notBeforeMs: number, change: (job: Job) => Job): Promise<void> {
    const entry = this.#held(claim);
    if (entry === undefined) return;
    await this.#steps.run(entry.key, async () => {
      if (this.#held(claim) === undefined) return;
      try {
        const job = change({ ...(await this.#read(entry)), status: 'queued' });
        await this.#parts.level.write({ put: [[entry.key, { ...job, audioMs: furthestMs(job, entry) }]] }, false);
      } finally {
        if (this.#held(claim)) this.#index.requeue(entry, notBeforeMs);
        this.#revisions.drop(entry.key);
      }
    });
  }

  /** The job; where it is being written, once it is on disk. */
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
    const dropped = this.#parts.outbox.prepareDrop(entries);
    await this.#parts.level.write({ delete: [...entries.map(({ key }) => key), ...dropped.keys] }, true);
    for (const entry of entries) this.#index.remove(entry);
    dropped.commit();
  }

  /** Removes erased and sent rows from the files. */
  async #forget(): Promise<void> {
    this.#forgottenAtMs = this.#parts.nowMs();
    await this.#parts.level.forget();
    this.#isErased = false;
  }

  async #read({ key }: Entry): Promise<Job> {
    return jobOf(await this.#parts.level.get(key));
  }

  #assertRoom(tenantId: string, moreBytes: number): void {
    const { maxJobs, maxJobsOfTenant, maxAudioBytes } = this.#parts.limits;
    const { jobs, ofTenant, audioBytes } = this.#index.load(tenantId);
    if (jobs < maxJobs && ofTenant < maxJobsOfTenant && audioBytes + moreBytes <= maxAudioBytes) return;
    throw jobsFull(this.#index.secondsToRoom());
  }
}

/** Audio processed by this try or an earlier one, whichever got further. */
const furthestMs = ({ audioMs = 0 }: Job, { progress }: Pick<Entry, 'progress'>): number =>
  Math.max(audioMs, progress?.doneMs ?? 0);
