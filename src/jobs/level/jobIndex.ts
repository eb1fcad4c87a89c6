import type { Job, JobOutcome, JobProgress, JobStatus } from '../job.js';
import type { EndedLimits } from '../jobQueueLimits.js';
import { EndedJobs } from './endedJobs.js';

/** The in-memory part of a job. */
export interface Entry {
  /** Key of its row; sorts by age. */
  readonly key: string;
  readonly tenantId: string;
  readonly requestId: string;
  /** Undefined: submitted without an API key. */
  readonly ownerId: string | undefined;
  readonly createdAtMs: number;
  readonly audioId: string | undefined;
  readonly audioBytes: number;
  status: JobStatus;
  notBeforeMs: number;
  endedAtMs: number | undefined;
  outcomeBytes: number;
  /** It was running when a process ended. */
  isSuspect: boolean;
  /** Not on disk yet: it must not be claimed. */
  isAdding: boolean;
  progress: JobProgress | undefined;
  /** Token of the claim on it, while it runs. */
  token: string | undefined;
}

export const isLive = ({ status }: Pick<Entry, 'status'>): boolean => status === 'queued' || status === 'running';

/** Newline cannot occur in a tenant's id, so keys of two tenants never collide. */
export const jobKeyOf = (tenantId: string, requestId: string): string => `${tenantId}\n${requestId}`;

/** Index entry of a stored row; a job that was running lost its process, and is tried again at `againAtMs`. */
export function entryOf(key: string, job: Job, againAtMs: number): Entry {
  const { tenantId, requestId, ownerId, createdAtMs, endedAtMs, audio } = job;
  const wasRunning = job.status === 'running';
  return {
    key,
    tenantId,
    requestId,
    ownerId,
    createdAtMs,
    endedAtMs,
    outcomeBytes: bytesOf(job.outcome),
    audioId: audio.kind === 'stored' ? audio.audioId : undefined,
    audioBytes: audio.kind === 'stored' ? audio.bytes : 0,
    status: wasRunning ? 'queued' : job.status,
    notBeforeMs: wasRunning ? againAtMs : 0,
    isSuspect: wasRunning,
    isAdding: false,
    progress: undefined,
    token: undefined,
  };
}

/** Approximate size of an outcome as it is stored. */
export const bytesOf = (outcome: JobOutcome | undefined): number =>
  outcome === undefined ? 0 : JSON.stringify(outcome).length;

/** Number of recent ends of jobs from which the time until there is room is estimated. */
const ENDS_KEPT = 20;
const LONGEST_RETRY_SECONDS = 300;

interface PageOfIndex {
  readonly limit: number;
  readonly beforeKey: string | undefined;
  /** Undefined: of all owners. */
  readonly ownerId: string | undefined;
}

/** All jobs of a queue, in memory: which is next, how many each tenant has. Does no I/O. */
export class JobIndex {
  /** In order of age, except those put back. */
  readonly #live = new Map<string, Entry>();
  readonly #all = new Map<string, Entry>();
  readonly #ended = new EndedJobs<Entry>();
  readonly #ends: number[] = [];
  #lastNumber = 0;

  /** A key after all others. */
  newKey(prefix: string): string {
    this.#lastNumber += 1;
    return `${prefix}${String(this.#lastNumber).padStart(15, '0')}`;
  }

  add(entry: Entry): void {
    this.#lastNumber = Math.max(this.#lastNumber, Number(entry.key.slice(entry.key.indexOf('!') + 1)));
    this.#all.set(jobKeyOf(entry.tenantId, entry.requestId), entry);
    if (isLive(entry)) this.#live.set(entry.key, entry);
    else this.#ended.add(entry);
  }

  find(tenantId: string, requestId: string): Entry | undefined {
    return this.#all.get(jobKeyOf(tenantId, requestId));
  }

  /** Suspects first, each alone; then the oldest job of the tenant with the fewest running jobs. Held tenants are skipped. */
  next(nowMs: number, isHeld: (tenantId: string) => boolean): Entry | undefined {
    const running = new Map<string, number>();
    let waiting: Entry[] = [];
    for (const entry of this.#live.values()) {
      if (entry.status === 'running') {
        if (entry.isSuspect) return undefined;
        running.set(entry.tenantId, (running.get(entry.tenantId) ?? 0) + 1);
      } else if (!entry.isAdding && entry.notBeforeMs <= nowMs && !isHeld(entry.tenantId)) waiting.push(entry);
    }
    const suspects = waiting.filter(({ isSuspect }) => isSuspect);
    if (suspects.length > 0) return running.size === 0 ? suspects[0] : undefined;
    const least = Math.min(...waiting.map(({ tenantId }) => running.get(tenantId) ?? 0));
    waiting = waiting.filter(({ tenantId }) => (running.get(tenantId) ?? 0) === least);
    return waiting[0];
  }

  overdue(beforeMs: number): Entry | undefined {
    for (const entry of this.#live.values()) {
      if (entry.status === 'queued' && !entry.isAdding && entry.createdAtMs < beforeMs) return entry;
    }
    return undefined;
  }

  nextDueMs(afterMs: number, isHeld: (tenantId: string) => boolean): number | undefined {
    let next: number | undefined;
    for (const { status, notBeforeMs, tenantId } of this.#live.values()) {
      if (status !== 'queued' || notBeforeMs <= afterMs || isHeld(tenantId)) continue;
      if (next === undefined || notBeforeMs < next) next = notBeforeMs;
    }
    return next;
  }

  /** Returns a function that reverts it, for the case that the try cannot be written. */
  begin(entry: Entry): () => void {
    const before = { ...entry };
    Object.assign(entry, { status: 'running', progress: undefined });
    return () => Object.assign(entry, before);
  }

  /** Puts a job at the end of the queue. */
  requeue(entry: Entry, notBeforeMs: number): void {
    Object.assign(entry, { status: 'queued', notBeforeMs, progress: undefined, token: undefined, isSuspect: false });
    this.#live.delete(entry.key);
    this.#live.set(entry.key, entry);
  }

  /** Returns a function that reverts it, for the case that the end cannot be written. */
  end(entry: Entry, status: 'done' | 'failed' | 'cancelled', endedAtMs: number, outcome?: JobOutcome): () => void {
    const before = { ...entry };
    Object.assign(entry, { status, endedAtMs, outcomeBytes: bytesOf(outcome), progress: undefined });
    this.#live.delete(entry.key);
    this.#ended.add(entry);
    this.#ends.push(endedAtMs);
    if (this.#ends.length > ENDS_KEPT) this.#ends.shift();
    return () => {
      this.#ended.remove(entry);
      Object.assign(entry, before);
      this.#live.set(entry.key, entry);
    };
  }

  remove(entry: Entry): void {
    this.#live.delete(entry.key);
    this.#ended.remove(entry);
    this.#all.delete(jobKeyOf(entry.tenantId, entry.requestId));
  }

  endedBefore(endedBeforeMs: number): readonly Entry[] {
    return [...this.#ended.all()].filter(({ endedAtMs = 0 }) => endedAtMs < endedBeforeMs);
  }

  /** The oldest jobs of a tenant beyond the limits, except those that `isNeeded`. */
  surplus(tenantId: string, limits: EndedLimits, isNeeded: (entry: Entry) => boolean): readonly Entry[] {
    return this.#ended.surplus(tenantId, limits, isNeeded);
  }

  ofTenant(tenantId: string): readonly Entry[] {
    return [...this.#all.values()].filter((entry) => entry.tenantId === tenantId);
  }

  /** Newest first, older than `beforeKey`. */
  page(tenantId: string, { limit, beforeKey, ownerId }: PageOfIndex) {
    const mine = this.ofTenant(tenantId).filter(
      (entry) =>
        !entry.isAdding &&
        (beforeKey === undefined || entry.key < beforeKey) &&
        (ownerId === undefined || entry.ownerId === ownerId),
    );
    mine.sort((a, b) => (a.key < b.key ? 1 : -1));
    return { entries: mine.slice(0, limit), hasMore: mine.length > limit };
  }

  audioIds(): ReadonlySet<string> {
    return new Set([...this.#live.values()].flatMap(({ audioId }) => audioId ?? []));
  }

  load(tenantId: string): { readonly jobs: number; readonly ofTenant: number; readonly audioBytes: number } {
    let ofTenant = 0;
    let audioBytes = 0;
    for (const entry of this.#live.values()) {
      if (entry.tenantId === tenantId) ofTenant += 1;
      audioBytes += entry.audioBytes;
    }
    return { jobs: this.#live.size, ofTenant, audioBytes };
  }

  /** Estimated time until the next job ends. */
  secondsToRoom(): number {
    if (this.#ends.length < 2) return 10;
    const apartMs = (this.#ends.at(-1)! - this.#ends[0]!) / (this.#ends.length - 1);
    return Math.min(LONGEST_RETRY_SECONDS, Math.max(1, Math.ceil(apartMs / 1000)));
  }
}
