import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { openLevelStore } from '../../src/jobs/level/openLevelStore.js';
import { CONTRACT_LIMITS } from '../contract/jobQueue.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

const script = fileURLToPath(new URL('fullDisk.mjs', import.meta.url));

test('a full disk loses no accepted job: what cannot be kept is refused, and what hung goes on when there is room', async () => {
  const folder = await temporaryFolder();
  const text = await new Promise<string>((resolve) => {
    execFile(process.execPath, [script, folder], (_killed, stdout, stderr) => resolve(stdout || stderr));
  });
  const { accepted, refused, timesPerformed } = JSON.parse(text) as {
    readonly accepted: readonly string[];
    readonly refused: readonly string[];
    readonly timesPerformed: number;
  };
  expect(refused.length).toBeGreaterThan(0);
  expect(new Set(refused)).toEqual(new Set(['REGISTRY_UNAVAILABLE']));
  expect(accepted.filter((id) => id.startsWith('after'))).toHaveLength(20);
  expect(timesPerformed).toBe(1); // its outcome was kept until it could be written
  await using next = await openLevelStore(folder, {
    encryptionKey: undefined,
    limits: CONTRACT_LIMITS,
    nowMs: Date.now,
  });
  const { jobs } = await next.queue.list('t', { limit: 1_000 });
  expect(jobs.map(({ requestId }) => requestId).sort()).toEqual([...accepted].sort());
  expect(await next.queue.get('t', 'in-work')).toMatchObject({ status: 'done' });
});
