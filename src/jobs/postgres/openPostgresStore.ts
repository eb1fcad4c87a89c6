import { randomUUID } from 'node:crypto';
import { Database, type SharedDatabase } from '../../database/database.js';
import type { SealingKey } from '../../sealing/sealing.js';
import type { JobQueueLimits } from '../jobQueueLimits.js';
import type { WebhookOutbox, WebhookSecrets } from '../webhooks/webhookOutbox.js';
import { AudioUsed } from './audioUsed.js';
import { JobErasures } from './jobErasures.js';
import { JobNotices, type JobNoticesOptions, notifyOfRevision } from './jobNotices.js';
import { forgetWorkers } from './jobWorkers.js';
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
}

/** The ports of jobs and webhooks over one database, for any number of processes. */
export interface PostgresStore extends AsyncDisposable {
  readonly queue: PostgresJobQueue;
  readonly outbox: WebhookOutbox;
  readonly secrets: WebhookSecrets;
  /** Audio is sealed with it. */
  readonly key: SealingKey | undefined;
  readonly erasures: JobErasures;
  /** Tells of what other processes do, from now on until the store is closed. */
  listen(
    listener: Pick<JobNoticesOptions, 'onWork' | 'onMessages' | 'onRevised' | 'onSettled' | 'onFault'>,
  ): Promise<void>;
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
  const { encryptionKey, limits, nowMs, withoutPerson } = options;
  const { database } = shared;
  const sealing = await RowSealing.open(database, encryptionKey, sealStored);
  const parts: QueueParts = { database, sealing, limits, nowMs, withoutPerson, holderId: randomUUID() };
  const audioUsed = new AudioUsed(database);
  await audioUsed.refresh();
  const queue = new PostgresJobQueue(parts, audioUsed);
  await queue.takeBack();
  await forgetWorkers(database);
  const outbox = new PostgresOutbox(parts);
  let notices: JobNotices | undefined;
  return {
    queue,
    outbox,
    key: sealing.key,
    secrets: new PostgresSecrets(database, sealing),
    erasures: new JobErasures(database, sealing),
    listen: async (listener) => {
      const onTick = async () => {
        const isWork = await queue.isWork();
        await audioUsed.refresh();
        return { isWork, hasMessages: await outbox.hasLapsed() };
      };
      notices = new JobNotices({ database, holderId: parts.holderId, onTick, ...listener });
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
