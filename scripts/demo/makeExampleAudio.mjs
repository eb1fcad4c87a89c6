// Makes the recordings of example 00, examples/audio: the scene of `npm start` with Debian's speech synthesizers, as Ogg Opus.
// Usage: node scripts/demo/makeExampleAudio.mjs   (needs flite and ffmpeg; run it when scene.mjs changes, and commit the files)
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeDemoAudio } from './makeAudio.mjs';

/** Two samples per person are enough for a complete voiceprint. */
const SAMPLES = 2;
const BITS_PER_SECOND = 14_000;

const folder = mkdtempSync(join(tmpdir(), 'voice-prints-example-'));
const target = resolve(fileURLToPath(import.meta.url), '../../../examples/audio');
mkdirSync(target, { recursive: true });
const { enrolment, conversation } = makeDemoAudio(folder);
const encode = (name, files) => {
  const inputs = files.flatMap((file) => ['-i', file]);
  const filter = ['-filter_complex', `concat=n=${files.length}:v=0:a=1`];
  const codec = ['-c:a', 'libopus', '-b:a', String(BITS_PER_SECOND), '-application', 'voip', '-map_metadata', '-1'];
  const exact = ['-fflags', '+bitexact', '-flags:a', '+bitexact'];
  execFileSync('ffmpeg', ['-v', 'error', '-y', ...inputs, ...filter, ...codec, ...exact, join(target, name)]);
};
for (const { id, files } of enrolment) encode(`${id}.ogg`, files.slice(0, SAMPLES));
encode('conversation.ogg', [conversation]);
rmSync(folder, { recursive: true });
