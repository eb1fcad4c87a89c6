import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { removeTemporaries, replaceFile } from '../../src/files/atomicFile.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

test('replaces a file whole, for its owner only, and leaves nothing beside it', async () => {
  const folder = await temporaryFolder();
  const path = join(folder, 'keys.json');
  await writeFile(path, 'old and longer', { mode: 0o644 });
  await replaceFile(path, 'new');
  expect(await readFile(path, 'utf8')).toBe('new');
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  await replaceFile(path, 'for everybody', { mode: 0o644 });
  expect((await stat(path)).mode & 0o777).toBe(0o644);
  expect(await readdir(folder)).toEqual(['keys.json']);
});

test('what refuses at the last moment leaves the old file', async () => {
  const folder = await temporaryFolder();
  const path = join(folder, 'keys.json');
  await replaceFile(path, 'old');
  const refuse = () => Promise.reject(new Error('the lock was lost'));
  await expect(replaceFile(path, 'new', { beforeRename: refuse })).rejects.toThrow('the lock was lost');
  expect(await readFile(path, 'utf8')).toBe('old');
  expect(await readdir(folder)).toEqual(['keys.json']);
});

test('removes what killed writers left, of this file only', async () => {
  const folder = await temporaryFolder();
  await writeFile(join(folder, '.keys.json.tmp-1.abc'), 'half');
  await writeFile(join(folder, '.other.json.tmp-1.abc'), 'half');
  await removeTemporaries(join(folder, 'keys.json'));
  expect(await readdir(folder)).toEqual(['.other.json.tmp-1.abc']);
});
