import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runtimeRemedy } from '../../src/inference/runtimeRemedy.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

const SKIP = 'run: ONNXRUNTIME_NODE_INSTALL=skip npm install';
const RUNTIME = 'onnxruntime-node@1.30.0';

test('the remedy fits the installation: a project, a global one, a checkout', async () => {
  const folder = await temporaryFolder();
  const installed = join(folder, 'node_modules', '@voice-prints', 'node-red');
  await mkdir(installed, { recursive: true });
  // `npm install -g`: without -g a command in the folder above would remove every package there.
  expect(runtimeRemedy(installed, 'linux')).toBe(`${SKIP} -g ${RUNTIME}`);
  await writeFile(join(folder, 'package.json'), '{}');
  expect(runtimeRemedy(installed, 'linux')).toBe(`${SKIP} --prefix "${folder}" ${RUNTIME}`);
  expect(runtimeRemedy(installed, 'win32')).toBe(`run: npm install --prefix "${folder}" ${RUNTIME}`);
  expect(runtimeRemedy(folder, 'linux')).toBe(`run: npm install --prefix "${folder}" --include=dev --ignore-scripts`);
});
