import { join } from 'node:path';
import { asVoicePrintsError } from '../../core/errors.js';
import type { JobQueue } from '../../jobs/jobQueue.js';
import { openLevelStore } from '../../jobs/openLevelStore.js';
import type { WebhookOutbox } from '../../jobs/webhooks/webhookOutbox.js';
import { JOB_DEFAULTS } from './jobSettings.js';
import { type PendingErasure, pendingErasures, removeNote, untilDone } from './pendingErasures.js';
import { withoutPerson } from './withoutPerson.js';

/** How long another process has for it: it looks every second. */
const WAIT_MS = 10_000;

/** Takes everything that was noted out of the jobs of a queue. Returns the ids of the jobs that were changed. */
export async function eraseNoted(
  storeDirectory: string,
  { queue, outbox }: { readonly queue: JobQueue; readonly outbox: WebhookOutbox },
): Promise<readonly { readonly tenantId: string; readonly requestId: string }[]> {
  const changed = [];
  for (const erasure of await pendingErasures(storeDirectory)) {
    const { tenantId, speakerId } = erasure;
    await outbox.dropOld(tenantId, (payload) => payload.includes(JSON.stringify(speakerId)));
    changed.push(...(await queue.revise(tenantId, (job) => withoutPerson(job, speakerId))));
    await removeNote(erasure);
  }
  return changed;
}

/**
 * Removes an erased person from jobs that this engine has not opened: itself if no process has, else through the process that
 * has. Throws JOBS_LOCKED where that one does not answer, and what openLevelStore throws.
 */
export async function eraseFromClosedJobs(
  storeDirectory: string,
  encryptionKey: string | undefined,
  erasure: PendingErasure,
): Promise<void> {
  try {
    await using store = await openLevelStore(join(storeDirectory, 'jobs'), {
      encryptionKey,
      limits: JOB_DEFAULTS,
      nowMs: Date.now,
    });
    await eraseNoted(storeDirectory, store);
  } catch (error) {
    if (asVoicePrintsError(error).code !== 'JOBS_LOCKED') throw error;
    await untilDone(erasure, WAIT_MS);
  }
}
