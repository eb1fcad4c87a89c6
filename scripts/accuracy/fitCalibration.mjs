// Fits the calibration of a speaker model to training speakers and, with --write, puts it into models/manifest.json:
//   node scripts/accuracy/fitCalibration.mjs [--model ID|FILE] [--sets A,B,…] [--speakers 70] [--most-alike .84]
//     [--unseen] [--cache FOLDER] [--write]
// Everybody is enrolled from one occasion and looked for on another, both damaged apart. Words make voices alike, too: sets in
// which all say the same few words or sentences (EMO-DB, Arabic commands, digits) are left out, and GCompris, where a volunteer
// of several languages has several names. So is the second of two names of one set with voices
// as alike as --most-alike: it seems to be one person's. --speakers is of each set. Embeddings are kept in --cache. With --write
// what the manifest says of windows within one recording (windowCosine, recordingCosine) stays: clustering was tuned with it.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { deserialize, serialize } from 'node:v8';
import { centroid, dot } from '../../dist/src/core/vector.js';
import { calibrationOf } from '../../dist/src/lab/calibrateModel.js';
import { calibrationSpeakers } from '../../dist/src/lab/calibrationMaterial.js';
import { DEFAULT_CACHE } from './embeddedPeople.mjs';
import { peopleOf, writeManifest } from './enrollSamples.mjs';
import { openCompute, openFile } from './speakerModel.mjs';

const { values } = parseArgs({
  options: {
    model: { type: 'string' },
    sets: { type: 'string', default: 'wuw2,commands,speechocean762,librispeech' },
    speakers: { type: 'string', default: '70' },
    'most-alike': { type: 'string', default: '.84' },
    cache: { type: 'string', default: DEFAULT_CACHE },
    source: { type: 'string', default: 'training speakers of the development corpus' },
    unseen: { type: 'boolean', default: false }, // the people were never trained on: take their voices as they are
    write: { type: 'boolean', default: false },
  },
});

const compute = await openCompute(values.model);

/** The people of a set embedded, from the cache where they were before. */
async function embeddedSpeakers(set) {
  mkdirSync(values.cache, { recursive: true });
  const isUnseen = values.unseen ? '-unseen' : '';
  const path = join(
    values.cache,
    `occasions-${compute.model.sha256.slice(0, 12)}-${set}-${values.speakers}${isUnseen}.v8`,
  );
  if (existsSync(path)) return deserialize(readFileSync(path));
  const manifestPath = join(values.cache, `occasions-${set}.jsonl`);
  writeManifest(manifestPath, peopleOf([set], 'train'));
  const startedAt = performance.now();
  const speakers = await calibrationSpeakers({
    manifestPath,
    maxSpeakers: Number(values.speakers),
    isShifted: !values.unseen,
    compute,
    openRecording: openFile,
    signal: new AbortController().signal,
  });
  console.error(`${set}: ${speakers.length} people, ${((performance.now() - startedAt) / 1000).toFixed(0)} s`);
  writeFileSync(path, serialize(speakers));
  return speakers;
}

/** Without the second of two names that seem to be one person's. */
function distinct(speakers) {
  const voices = speakers.map(({ occasions }) => centroid(occasions.flatMap(([plain]) => plain.embeddings)));
  const isAgain = speakers.map((one, i) =>
    speakers.some(
      ({ group }, k) => k < i && group === one.group && dot(voices[k], voices[i]) >= Number(values['most-alike']),
    ),
  );
  console.error(`${isAgain.filter(Boolean).length} left out: as alike as one person under two names`);
  return speakers.filter((_, i) => !isAgain[i]);
}

const people = [];
for (const set of values.sets.split(',')) people.push(...(await embeddedSpeakers(set)));
const fitted = calibrationOf(distinct(people), values.source);
const rounded = JSON.parse(
  JSON.stringify(fitted, (_, value) => (typeof value === 'number' ? Number(value.toFixed(4)) : value)),
);
console.log(JSON.stringify(rounded, null, 2));
if (values.write) {
  const path = fileURLToPath(new URL('../../models/manifest.json', import.meta.url));
  const manifest = JSON.parse(readFileSync(path, 'utf8'));
  const entry = manifest.models.find(({ sha256 }) => sha256 === compute.model.sha256);
  if (!entry) throw new Error('the model is not in models/manifest.json; add its entry first');
  const { windowCosine, recordingCosine } = { ...rounded, ...entry.calibration };
  entry.calibration = { ...rounded, windowCosine, recordingCosine };
  writeFileSync(path, `${JSON.stringify(manifest, null, 2)}\n`);
}
await compute[Symbol.asyncDispose]();
