import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { asVoicePrintsError, VoicePrintsError } from '../../core/errors.js';
import type { StorePlace } from '../../core/storePlace.js';
import type { ErasureNotes, NotedErasure } from '../../jobs/erasureNotes.js';
import type { Job } from '../../jobs/job.js';
import { ErasureFiles } from './erasureFiles.js';
import { JOB_DEFAULTS } from './jobSettings.js';
import { openStoredJobs, type StoredJobs } from './jobStores.js';
import { withoutPerson } from './withoutPerson.js';

/** How long another process has for it: it looks every second. */
const WAIT_MS = 10_000;
const POLL_MS = 50;

/** The erasure of one person from the jobs of a store, whichever process has them. */
export interface JobErasure {
  /** The person was not erased after all. */
  cancel(): Promise<void>;
  /** The person is erased: what names them is pending from now on. */
  confirm(): Promise<void>;
  /**
   * Does what is still pending: itself, or, where another process has the jobs of a folder, through that one. Throws JOBS_LOCKED where
   * it does not answer, and what opening the jobs throws.
   */
  finish(): Promise<void>;
}

/** Takes everything that was noted out of the jobs. Returns the jobs that were changed. */
export async function eraseNoted(stores: StoredJobs): Promise<readonly Pick<Job, 'tenantId' | 'requestId'>[]> {
  const { queue, outbox, erasures } = stores;
  const changed = [];
  for (const erasure of await erasures.pending()) {
    const { tenantId, speakerId } = erasure;
    await outbox.dropOld(tenantId, (payload) => payload.includes(JSON.stringify(speakerId)));
    for (const { requestId } of await queue.revise(tenantId, (job) => withoutPerson(job, speakerId))) {
      const message = await outbox.ofJob(tenantId, requestId);
      if (message?.status === 'waiting') await stores.revised(message.webhookId);
      changed.push({ tenantId, requestId });
    }
    await erasures.done(erasure);
  }
  return changed;
}

/** Notes that a person is about to be erased. Undefined where there are no jobs. */
export async function noteErasure(
  place: StorePlace,
  encryptionKey: string | undefined,
  person: { readonly tenantId: string; readonly speakerId: string },
): Promise<JobErasure | undefined> {
  const { storeDirectory, databaseUrl } = place;
  if (databaseUrl !== undefined) return noteInDatabase(place, encryptionKey, person);
  if (!existsSync(join(storeDirectory, 'jobs', 'queue', 'CURRENT'))) return undefined;
  const erasures = new ErasureFiles(storeDirectory);
  const noted = await erasures.note(person.tenantId, person.speakerId);
  return {
    cancel: () => erasures.remove(noted),
    confirm: () => erasures.confirm(noted),
    finish: async () => {
      if (await erasures.isPending(noted)) await eraseFromClosedJobs(place, encryptionKey, { erasures, noted });
    },
  };
}

async function noteInDatabase(
  place: StorePlace,
  encryptionKey: string | undefined,
  { tenantId, speakerId }: { readonly tenantId: string; readonly speakerId: string },
): Promise<JobErasure> {
  const withJobs = async <T>(work: (stores: StoredJobs) => Promise<T>): Promise<T> => {
    await using stores = await openStoredJobs(place, optionsOf(encryptionKey));
    return await work(stores);
  };
  const noted = await withJobs(({ erasures }) => erasures.note(tenantId, speakerId));
  return {
    cancel: () => withJobs(({ erasures }) => erasures.remove(noted)),
    confirm: () => withJobs(({ erasures }) => erasures.confirm(noted)),
    finish: () =>
      withJobs(async (stores) => {
        if (await stores.erasures.isPending(noted)) await eraseNoted(stores);
      }),
  };
}

async function eraseFromClosedJobs(
  place: StorePlace,
  encryptionKey: string | undefined,
  { erasures, noted }: { readonly erasures: ErasureNotes; readonly noted: NotedErasure },
): Promise<void> {
  try {
    await using stores = await openStoredJobs(place, optionsOf(encryptionKey));
    await eraseNoted(stores);
  } catch (error) {
    if (asVoicePrintsError(error).code !== 'JOBS_LOCKED') throw error;
    await untilDone(erasures, noted);
  }
}

/** Waits for the process that has the jobs. Throws JOBS_LOCKED where it does nothing in time. */
async function untilDone(erasures: ErasureNotes, noted: NotedErasure): Promise<void> {
  for (const until = Date.now() + WAIT_MS; Date.now() < until; await delay(POLL_MS)) {
    if (!(await erasures.isPending(noted))) return;
  }
  throw new VoicePrintsError(
    'JOBS_LOCKED',
    'the person is erased, but not yet from the outcomes of jobs: the process that runs them does not answer; it will do so at its next check or start',
  );
}

const optionsOf = (encryptionKey: string | undefined) => ({ encryptionKey, limits: JOB_DEFAULTS, nowMs: Date.now });
