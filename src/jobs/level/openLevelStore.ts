import { join } from 'node:path';
import type { AudioStore } from '../audioStore.js';
import { FileAudioStore } from '../fileAudioStore.js';
import type { JobQueue } from '../jobQueue.js';
import type { JobQueueLimits } from '../jobQueueLimits.js';
import type { WebhookOutbox, WebhookSecrets } from '../webhooks/webhookOutbox.js';
import { LevelAudioUse } from './levelAudioUse.js';
import { LevelJobQueue } from './levelJobQueue.js';
import { LevelOutbox } from './levelOutbox.js';
import { LevelSecrets } from './levelSecrets.js';
import { SealedLevel } from './sealedLevel.js';

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
