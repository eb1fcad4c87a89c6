import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { speak, TEXTS } from '../support/fliteVoices.js';
import { installedWithout } from '../support/installedWithout.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

/** Node.js for musl, which `npm test` has where it can; else this very Node.js. */
const node = process.env.VOICE_PRINTS_MUSL_NODE || process.execPath;

test('without onnxruntime-node the command line enrols people and names them', async () => {
  const folder = await temporaryFolder();
  const program = installedWithout(['onnxruntime-node'], join(folder, 'package'));
  const { VOICE_PRINTS_RUNTIME: _any, LD_PRELOAD: _glibc, VOICE_PRINTS_KEY: _key, ...env } = process.env;
  const run = promisify(execFile);
  const voicePrints = async (...args: string[]) => {
    const { stdout } = await run(node, [program, ...args, '--json'], {
      // What node-gyp-build reads where it is not on Alpine itself.
      env: { ...env, ...(node === process.execPath ? {} : { LIBC: 'musl' }), VOICE_PRINTS_HOME: join(folder, 'store') },
    });
    return JSON.parse(stdout);
  };
  for (const voice of ['slt', 'rms'] as const) {
    const samples = [0, 1].map((i) => speak(voice, TEXTS[i]!, folder, `${voice}-${i}.wav`));
    expect(await voicePrints('enroll', voice, ...samples, '--consent', 'synthetic')).toMatchObject({
      status: 'complete',
    });
  }
  const { segments } = await voicePrints('identify', speak('rms', TEXTS[2], folder, 'rms-2.wav'));
  expect(new Set(segments.map(({ speakerId }: { speakerId: string }) => speakerId))).toEqual(new Set(['rms']));
});
