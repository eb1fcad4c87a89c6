import { join } from 'node:path';
import type { StorePlace } from '../../core/storePlace.js';
import type { AudioStore } from '../../jobs/audioStore.js';
import type { ErasureNotes } from '../../jobs/erasureNotes.js';
import type { Job } from '../../jobs/job.js';
import type { JobQueue } from '../../jobs/jobQueue.js';
import type { JobQueueLimits } from '../../jobs/jobQueueLimits.js';
import { openLevelStore } from '../../jobs/level/openLevelStore.js';
import type { WebhookOutbox, WebhookSecrets } from '../../jobs/webhooks/webhookOutbox.js';
import { ErasureFiles } from './erasureFiles.js';
import { withoutPerson } from './withoutPerson.js';

/** What other processes do with the same jobs. */
export interface JobListener {
  /** There may be a job to look for. */
  readonly onWork: () => void;
  /** There may be a message to send. */
  readonly onMessages: () => void;
  /** The body of a message has changed, which this process may be sending. */
  readonly onRevised: (webhookId: string) => void;
  readonly onSettled: (job: Job) => void;
  readonly onFault: (error: unknown) => void;
}

/** The stored jobs of a place, without their audio. */
export interface StoredJobs extends AsyncDisposable {
  readonly queue: JobQueue;
  readonly outbox: WebhookOutbox;
  readonly secrets: WebhookSecrets;
  readonly erasures: ErasureNotes;
  /** Whether other processes may have the same jobs open. */
  readonly isShared: boolean;
  /** From now on until they are closed. */
  listen(listener: JobListener): Promise<void>;
  /** Whichever process sends this message begins again. */
  revised(webhookId: string): Promise<void>;
}

export interface JobStores extends StoredJobs {
  readonly audio: AudioStore;
}

export interface OpenStoredJobsOptions {
  readonly encryptionKey: string | undefined;
  readonly limits: JobQueueLimits;
  readonly nowMs: () => number;
}

/** Throws what openLevelStore and openPostgresStore throw. */
export async function openJobStores(place: StorePlace, options: OpenStoredJobsOptions): Promise<JobStores> {
  const { databaseUrl } = place;
  if (databaseUrl === undefined) return storesOfFolder(place, options);
  const { key, ...stored } = await openDatabase(databaseUrl, options);
  try {
    const { openAudioStore } = await import('../../jobs/openAudioStore.js');
    return { ...stored, audio: await openAudioStore(place, key) };
  } catch (error) {
    await stored[Symbol.asyncDispose]();
    throw error;
  }
}

/** Throws what openLevelStore and openPostgresStore throw. */
export function openStoredJobs(place: StorePlace, options: OpenStoredJobsOptions): Promise<StoredJobs> {
  const { databaseUrl } = place;
  return databaseUrl === undefined ? storesOfFolder(place, options) : openDatabase(databaseUrl, options);
}

async function storesOfFolder({ storeDirectory }: StorePlace, options: OpenStoredJobsOptions): Promise<JobStores> {
  return {
    ...(await openLevelStore(join(storeDirectory, 'jobs'), options)),
    erasures: new ErasureFiles(storeDirectory),
    isShared: false,
    listen: async () => undefined,
    revised: async () => undefined,
  };
}

/** Loaded with the first database. */
async function openDatabase(url: string, options: OpenStoredJobsOptions) {
  const { openPostgresStore } = await import('../../jobs/postgres/openPostgresStore.js');
  const store = await openPostgresStore(url, { ...options, withoutPerson });
  return {
    ...store,
    isShared: true,
    listen: ({ onSettled, ...listener }: JobListener) => {
      const settled = async (jobId: string) => {
        const job = await store.queue.byId(jobId).catch(listener.onFault);
        if (job) onSettled(job);
      };
      return store.listen({ ...listener, onSettled: (jobId) => void settled(jobId) });
    },
  };
}
