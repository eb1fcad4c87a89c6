import * as fs from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { replaceFile } from '../../src/files/atomicFile.js';
import { StoreLock } from '../../src/files/storeLock.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

/** Errors that the next calls answer with, as Windows does for a file another process has open. */
const failures = vi.hoisted(() => ({ rename: [] as string[], open: [] as string[], rm: [] as string[] }));

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof fs>();
  const failing =
    <A extends unknown[], R>(name: keyof typeof failures, work: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      const code = failures[name].shift();
      if (code !== undefined) throw Object.assign(new Error(`${name} ${code}`), { code });
      return work(...args);
    };
  return {
    ...real,
    rename: failing('rename', real.rename),
    open: failing('open', real.open as (...args: unknown[]) => Promise<fs.FileHandle>),
    rm: failing('rm', real.rm),
  };
});

const { platform } = process;
const pretend = (name: NodeJS.Platform) => Object.defineProperty(process, 'platform', { value: name });

beforeEach(() => {
  pretend('win32');
});
afterEach(() => {
  pretend(platform);
  for (const list of Object.values(failures)) list.length = 0;
});

test('a file that somebody reads is replaced when it is free again', async () => {
  const path = join(await temporaryFolder(), 'speakers.json');
  await replaceFile(path, 'old');
  failures.rename.push('EPERM', 'EBUSY', 'EACCES');
  await replaceFile(path, 'new');
  expect(await fs.readFile(path, 'utf8')).toBe('new');
});

test('elsewhere these errors mean what they say', async () => {
  pretend('linux');
  const path = join(await temporaryFolder(), 'speakers.json');
  failures.rename.push('EPERM');
  await expect(replaceFile(path, 'new')).rejects.toThrow(expect.objectContaining({ code: 'EPERM' }));
});

test('a lock that is just being removed is waited for, and one that cannot be removed at once is removed later', async () => {
  const lock = new StoreLock(join(await temporaryFolder(), 'speakers.lock'), 5_000);
  failures.open.push('EPERM', 'EBUSY');
  failures.rm.push('EBUSY');
  expect(await lock.holding(async () => 'done')).toBe('done');
  expect(await lock.holding(async () => 'again')).toBe('again');
});
