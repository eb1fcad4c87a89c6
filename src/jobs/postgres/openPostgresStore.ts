import { randomUUID } from 'node:crypto';
import { Database, type SharedDatabase } from '../../database/database.js';
import type { SealingKey } from '../../sealing/sealing.js';
import type { AudioStore } from '../audioStore.js';
import type { JobQueueLimits } from '../levelJobQueue.js';
import type { WebhookOutbox, WebhookSecrets } from '../webhooks/webhookOutbox.js';
import { AudioUsed } from './audioUsed.js';
import { JobErasures } from './jobErasures.js';
import { JobNotices, type JobNoticesOptions, notifyOfRevision } from './jobNotices.js';
import { PostgresJobQueue } from './postgresJobQueue.js';
import { PostgresOutbox } from './postgresOutbox.js';
import { PostgresSecrets } from './postgresSecrets.js';
import type { QueueParts } from './queueParts.js';
import { RowSealing } from './rowSealing.js';
import { sealStored } from './sealStored.js';

export interface OpenPostgresStoreOptions {
  readonly encryptionKey: string | undefined;
  readonly limits: JobQueueLimits;
  readonly nowMs: () => number;
  readonly withoutPerson: QueueParts['withoutPerson'];
  readonly openAudio: (key: SealingKey | undefined) => Promise<AudioStore>;
}

/** The ports of jobs and webhooks over one database, for any number of processes. */
export interface PostgresStore extends AsyncDisposable {
  readonly queue: PostgresJobQueue;
  readonly outbox: WebhookOutbox;
  readonly secrets: WebhookSecrets;
  readonly audio: AudioStore;
  readonly erasures: JobErasures;
  /** Tells of what other processes do, from now on until the store is closed. */
  listen(listener: Pick<JobNoticesOptions, 'onWork' | 'onRevised' | 'onFault'>): Promise<void>;
  /** Whoever sends this message begins again. */
  revised(webhookId: string): Promise<void>;
}

/** Throws the errors of Database.open, REGISTRY_KEY_MISSING, REGISTRY_KEY_WRONG. */
export async function openPostgresStore(url: string, options: OpenPostgresStoreOptions): Promise<PostgresStore> {
  const shared = await Database.share(url);
  try {
    return await storeOver(shared, options);
  } catch (error) {
    await shared[Symbol.asyncDispose]();
    throw error;
  }
}

async function storeOver(shared: SharedDatabase, options: OpenPostgresStoreOptions): Promise<PostgresStore> {
  const { encryptionKey, limits, nowMs, withoutPerson, openAudio } = options;
  const { database } = shared;
  const sealing = await RowSealing.open(database, encryptionKey, sealStored);
  const parts: QueueParts = { database, sealing, limits, nowMs, withoutPerson, holderId: randomUUID() };
  const audioUsed = new AudioUsed(database);
  await audioUsed.refresh();
  const queue = new PostgresJobQueue(parts, audioUsed);
  await queue.takeBack();
  const outbox = new PostgresOutbox(parts);
  const audio = await openAudio(sealing.key);
  let notices: JobNotices | undefined;
  return {
    queue,
    outbox,
    audio,
    secrets: new PostgresSecrets(database, sealing),
    erasures: new JobErasures(database, sealing),
    listen: async (listener) => {
      const onTick = async () => {
        await queue.takeBack();
        await audioUsed.refresh();
      };
      notices = new JobNotices({ database, onTick, ...listener });
      await notices.start();
    },
    revised: (webhookId) => notifyOfRevision(database, webhookId),
    [Symbol.asyncDispose]: async () => {
      await notices?.[Symbol.asyncDispose]();
      await outbox[Symbol.asyncDispose]();
      await queue[Symbol.asyncDispose]();
      await shared[Symbol.asyncDispose]();
    },
  };
}
