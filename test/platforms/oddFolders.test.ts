import { execFile } from 'node:child_process';
import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { speak, TEXTS } from '../support/fliteVoices.js';
import { installedWithout } from '../support/installedWithout.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

const run = promisify(execFile);

/** Spaces, letters beyond ASCII, what has a meaning in addresses, and more characters than an old Windows takes. */
const ODD = join('Zoës Ordner – 声', '100% #1 [a] & b', 'n'.repeat(120), 'm'.repeat(120));

test.each(['native', 'wasm'])('%s: enrols and names from folders with odd names', async (runtime) => {
  const folder = join(await temporaryFolder(), ODD);
  await mkdir(folder, { recursive: true });
  const program = installedWithout([], join(folder, 'node modules'));
  const voicePrints = (...args: string[]) =>
    run(process.execPath, [program, ...args, '--store', join(folder, 'Stimmen – 1')], {
      env: { ...process.env, VOICE_PRINTS_RUNTIME: runtime },
    });
  const [sample, other] = [join(folder, 'Probe ä.wav'), join(folder, 'Gespräch #2.wav')];
  const plain = await temporaryFolder();
  await copyFile(speak('slt', TEXTS[0], plain, 'sample.wav'), sample);
  await copyFile(speak('slt', TEXTS[1], plain, 'other.wav'), other);
  await voicePrints('enroll', 'ann', sample);
  const { stdout } = await voicePrints('identify', other, '--json');
  const { segments } = JSON.parse(stdout) as { segments: { speakerId: string | null }[] };
  expect(new Set(segments.map(({ speakerId }) => speakerId))).toEqual(new Set(['ann']));
});
