import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { LowdbRegistry } from '../../src/registry/lowdbRegistry.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { randomVoiceprint } from './randomVoiceprint.js';

const PEOPLE = 4_000;

test('of the documents that are read nothing stays in the heap', async () => {
  const folder = await temporaryFolder();
  const registry = await LowdbRegistry.open(folder);
  const everybody = Array.from({ length: PEOPLE }, (_, n) => randomVoiceprint({ id: `p${n}`, exemplars: 3 }));
  await registry.putAll('local', everybody, { replace: false });
  await registry[Symbol.asyncDispose]();

  const script = fileURLToPath(new URL('heapOfReading.mjs', import.meta.url));
  const options = ['--expose-gc', '--max-semi-space-size=16', script, folder];
  const { stdout } = await promisify(execFile)(process.execPath, options);

  const { people, most, afterwards } = JSON.parse(stdout);
  expect(people).toBe(PEOPLE);
  // 1.7 times; where all documents stay until everything is collected, 4 times.
  expect(most / afterwards).toBeLessThan(2.6);
});
