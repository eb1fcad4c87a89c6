import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import { StoreLock } from '../../src/files/storeLock.js';

const folder = mkdtempSync(join(tmpdir(), 'voice-prints-lock-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

/** How long a lock is waited for that nobody renews: many times as long as a busy machine needs to renew one. */
const PATIENCE_MS = 2_000;

/** A moment that something else waits for. */
function begun() {
  let begin = (): void => undefined;
  const hasBegun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  return { begin: () => begin(), hasBegun };
}

test('an owner that renews its lock is waited for longer than one that does not', async () => {
  const path = join(folder, 'renewed.lock');
  let isDone = false;
  let beats = 0;
  const started = begun();
  const working = new StoreLock(path, 100).holding(async (stillMine) => {
    started.begin();
    for (const endMs = performance.now() + 1.3 * PATIENCE_MS; performance.now() < endMs; await delay(10)) {
      await stillMine();
    }
    isDone = true;
  });
  await started.hasBegun;
  const waiting = new StoreLock(path, PATIENCE_MS, () => {
    beats += 1;
  });
  expect(await waiting.holding(async () => isDone)).toBe(true);
  expect(beats).toBeGreaterThan(0);
  await working;
});

test('an owner that does not renew its lock is not waited for any longer', async () => {
  const path = join(folder, 'held.lock');
  const started = begun();
  const over = begun();
  const holding = new StoreLock(path, 100).holding(() => {
    started.begin();
    return over.hasBegun;
  });
  await started.hasBegun;
  await expect(new StoreLock(path, 100).holding(async () => undefined)).rejects.toMatchObject({
    code: 'REGISTRY_LOCKED',
  });
  over.begin();
  await holding;
});
