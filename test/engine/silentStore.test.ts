import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createEngine } from '../../src/engine/createEngine.js';
import { started } from '../cli/program.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

/** A pipe in place of a file of the store, by default of the voiceprints: whoever reads it waits, as on a network share that is gone. */
function silent(folder: string, file = 'voiceprints.json') {
  const path = join(folder, file);
  execFileSync('mkfifo', [path]);
  return async () => {
    closeSync(openSync(path, constants.O_RDWR | constants.O_NONBLOCK)); // whoever waits reads an empty file
    await rm(path);
  };
}

// Longer than a busy machine takes to open a folder that answers.
const open = (storeDirectory: string) => createEngine({ storeDirectory }, { storeTimeoutMs: 3_000 });

test('a folder that does not answer is an error that says so, is not asked again, and is found when it is back', async () => {
  const folder = await temporaryFolder();
  const mend = silent(folder);
  const unanswered = { code: 'REGISTRY_UNAVAILABLE', message: expect.stringContaining('network share') };
  await expect(open(folder)).rejects.toMatchObject(unanswered);
  for (let i = 0; i < 8; i += 1) await expect(open(folder)).rejects.toMatchObject(unanswered); // more than there are threads
  await using other = await open(await temporaryFolder());
  expect(await other.speakers().list()).toEqual([]);
  await mend();
  await expect
    .poll(async () => {
      await using engine = await open(folder);
      return engine.speakers().list();
    })
    .toEqual([]);
});

test('a folder that goes silent while it is in use ends the call, not the engine', async () => {
  const folder = await temporaryFolder();
  await using engine = await open(folder);
  expect(await engine.speakers().list()).toEqual([]);
  const mend = silent(folder);
  await expect(engine.speakers().list()).rejects.toMatchObject({ code: 'REGISTRY_UNAVAILABLE' });
  await mend();
  await expect.poll(() => engine.speakers().list()).toEqual([]);
});

test.each([
  { words: ['speakers', 'list'], file: 'voiceprints.json' },
  { words: ['keys', 'list'], file: 'api-keys.json' },
  { words: ['audit'], file: 'audit.log' },
])('the command line says it and ends: $words', async ({ words, file }) => {
  const folder = await temporaryFolder();
  const mend = silent(folder, file);
  const child = started([...words, '--store', folder]);
  let stderr = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  await new Promise((resolve) => child.once('close', resolve));
  expect(stderr).toMatch(/^REGISTRY_UNAVAILABLE: the folder of the voiceprints does not answer/);
  await mend();
});
