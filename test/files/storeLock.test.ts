import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import { StoreLock } from '../../src/files/storeLock.js';

const folder = mkdtempSync(join(tmpdir(), 'voice-prints-lock-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

test('an owner that renews its lock is waited for longer than one that does not', async () => {
  const path = join(folder, 'renewed.lock');
  let isDone = false;
  let beats = 0;
  const working = new StoreLock(path, 100).holding(async (stillMine) => {
    for (let renewals = 0; renewals < 60; renewals += 1) {
      await delay(10);
      await stillMine();
    }
    isDone = true;
  });
  await delay(20);
  const waiting = new StoreLock(path, 250, () => {
    beats += 1;
  });
  expect(await waiting.holding(async () => isDone)).toBe(true);
  expect(beats).toBeGreaterThan(0);
  await working;
});

test('an owner that does not renew its lock is not waited for any longer', async () => {
  const path = join(folder, 'held.lock');
  let end = (): void => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const holding = new StoreLock(path, 100).holding(() => ended);
  await delay(20);
  await expect(new StoreLock(path, 100).holding(async () => undefined)).rejects.toMatchObject({
    code: 'REGISTRY_LOCKED',
  });
  end();
  await holding;
});
