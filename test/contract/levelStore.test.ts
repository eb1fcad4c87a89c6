import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { type LevelStore, openLevelStore } from '../../src/jobs/level/openLevelStore.js';
import { CONTRACT_LIMITS, jobQueueContract, type QueuePlace } from './jobQueue.js';

const root = mkdtempSync(join(tmpdir(), 'voice-prints-jobs-'));
let places = 0;
afterAll(() => rm(root, { recursive: true, force: true }));

const newPlace = (): QueuePlace => {
  places += 1;
  const folder = join(root, String(places));
  const clock = { nowMs: 1_800_000_000_000 };
  let opened: LevelStore | undefined;
  return {
    clock,
    open: async () => {
      opened = await openLevelStore(folder, {
        encryptionKey: undefined,
        limits: CONTRACT_LIMITS,
        nowMs: () => clock.nowMs,
      });
      return opened;
    },
    // Nothing is written on closing: what another process finds is what a killed one leaves.
    crash: async () => {
      await opened?.[Symbol.asyncDispose]();
      opened = undefined;
    },
  };
};

jobQueueContract('LevelJobQueue', newPlace);
