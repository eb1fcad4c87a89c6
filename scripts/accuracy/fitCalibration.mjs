// Fits the calibration of a speaker model to training speakers and, with --write, puts it into models/manifest.json:
//   node scripts/accuracy/fitCalibration.mjs [--model ID|FILE] [--manifest FILE.jsonl] [--speakers 150] [--unseen] [--write]
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { calibrateModel } from '../../dist/src/lab/calibrateModel.js';
import { corpusFolder, openCompute, openFile } from './speakerModel.mjs';

const { values } = parseArgs({
  options: {
    model: { type: 'string' },
    manifest: { type: 'string', default: join(corpusFolder, 'train.jsonl') },
    speakers: { type: 'string', default: '150' },
    source: { type: 'string', default: 'training speakers of the development corpus' },
    unseen: { type: 'boolean', default: false }, // the people were never trained on: take their voices as they are
    write: { type: 'boolean', default: false },
  },
});
const compute = await openCompute(values.model);
const startedAt = performance.now();
const fitted = await calibrateModel({
  manifestPath: values.manifest,
  maxSpeakers: Number(values.speakers),
  source: values.source,
  isShifted: !values.unseen,
  compute,
  openRecording: openFile,
  signal: new AbortController().signal,
  onProgress: (done, total) =>
    done % 25 === 0 &&
    console.error(`${done} of ${total} people, ${((performance.now() - startedAt) / 1000).toFixed(0)} s`),
});
const rounded = JSON.parse(
  JSON.stringify(fitted, (_, value) => (typeof value === 'number' ? Number(value.toFixed(4)) : value)),
);
console.log(JSON.stringify(rounded, null, 2));
if (values.write) {
  const path = fileURLToPath(new URL('../../models/manifest.json', import.meta.url));
  const manifest = JSON.parse(readFileSync(path, 'utf8'));
  const entry = manifest.models.find(({ sha256 }) => sha256 === compute.model.sha256);
  if (!entry) throw new Error('the model is not in models/manifest.json; add its entry first');
  entry.calibration = rounded;
  writeFileSync(path, `${JSON.stringify(manifest, null, 2)}\n`);
}
await compute[Symbol.asyncDispose]();
