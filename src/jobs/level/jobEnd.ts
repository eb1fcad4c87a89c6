import type { Job } from '../job.js';
import type { JobQueueLimits } from '../jobQueueLimits.js';
import type { Entry, JobIndex } from './jobIndex.js';
import type { LevelAudioUse } from './levelAudioUse.js';
import type { LevelOutbox } from './levelOutbox.js';
import type { Change } from './sealedLevel.js';

interface JobEndParts {
  readonly index: JobIndex;
  readonly outbox: LevelOutbox;
  readonly audioUse: LevelAudioUse;
  readonly limits: JobQueueLimits;
}

/** How a job ended, and when. */
export interface JobEnd {
  readonly status: 'done' | 'failed' | 'cancelled';
  readonly endedAtMs: number;
  readonly audioMs: number;
}

/**
 * Ends a job, which has its end in it, in the index, and returns what is to be written with it, in one batch: its message, its audio, and the ended jobs that
 * there is no room for any more. Call `commit` once that is written, `revert` where it was not.
 */
export function prepareEnd(
  { index, outbox, audioUse, limits }: JobEndParts,
  entry: Entry,
  job: Job,
  { status, endedAtMs, audioMs }: JobEnd,
): { readonly change: Change; readonly commit: () => void; readonly revert: () => void } {
  const { tenantId, requestId, webhookUrl: url, traceparent, outcome } = job;
  const message = outcome && url !== undefined ? outbox.prepare({ tenantId, requestId, url, traceparent }) : undefined;
  const used = audioUse.prepare(job, audioMs, endedAtMs);
  const revert = index.end(entry, status, endedAtMs, outcome); // a cancellation after this line is too late
  const isNeeded = (one: Entry) => one === entry || outbox.isWaiting(one);
  const surplus = index.surplus(tenantId, limits, isNeeded);
  const dropped = outbox.prepareDrop(surplus);
  return {
    change: {
      put: [[entry.key, job], ...used.rows, ...(message ? [message.row] : [])],
      delete: [...surplus.map(({ key }) => key), ...dropped.keys],
    },
    commit: () => {
      for (const one of surplus) index.remove(one);
      for (const { commit } of [used, dropped, ...(message ? [message] : [])]) commit();
    },
    revert,
  };
}
