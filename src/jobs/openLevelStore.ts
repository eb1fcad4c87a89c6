import { join } from 'node:path';
import type { AudioStore } from './audioStore.js';
import { FileAudioStore } from './fileAudioStore.js';
import type { JobQueue } from './jobQueue.js';
import { LevelAudioUse } from './levelAudioUse.js';
import { type JobQueueLimits, LevelJobQueue } from './levelJobQueue.js';
import { SealedLevel } from './sealedLevel.js';
import { LevelOutbox } from './webhooks/levelOutbox.js';
import { LevelSecrets } from './webhooks/levelSecrets.js';
import type { WebhookOutbox, WebhookSecrets } from './webhooks/webhookOutbox.js';

interface OpenLevelStoreOptions {
  readonly encryptionKey: string | undefined;
  readonly limits: JobQueueLimits;
  readonly nowMs: () => number;
}

/** The ports of jobs and webhooks over one folder, for one process at a time. */
export interface LevelStore extends AsyncDisposable {
  readonly queue: JobQueue;
  readonly outbox: WebhookOutbox;
  readonly secrets: WebhookSecrets;
  readonly audio: AudioStore;
}

/** Opens a folder, creating it if necessary. Throws the errors of SealedLevel.open. */
export async function openLevelStore(
  folder: string,
  { encryptionKey, limits, nowMs }: OpenLevelStoreOptions,
): Promise<LevelStore> {
  const level = await SealedLevel.open(join(folder, 'queue'), encryptionKey);
  try {
    const outbox = await LevelOutbox.open(level, nowMs);
    const queue = await LevelJobQueue.open({ level, outbox, audioUse: await LevelAudioUse.open(level), limits, nowMs });
    const audio = await FileAudioStore.open(join(folder, 'audio'), level.key);
    return {
      queue,
      outbox,
      audio,
      secrets: new LevelSecrets(level),
      [Symbol.asyncDispose]: async () => {
        await queue[Symbol.asyncDispose]();
        await level[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await level[Symbol.asyncDispose]();
    throw error;
  }
}
