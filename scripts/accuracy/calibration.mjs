// What calibrated scores and presets promise, and what they keep, by length of the probe and number of people enrolled:
//   node scripts/accuracy/calibration.mjs [--model ID|FILE] [--seconds 1,2,3,5,10] [--galleries 5,20,50] [--leave-out A,B]
//     [--cache FOLDER] [MANIFEST[,MANIFEST] …]
// Open-set naming as `eval identify` does it, ten splits; development speakers only, whom no calibration was fitted to.
// Embeddings are kept in --cache for the next report. Manifests with a comma between are one set of people.
// --leave-out drops people, e.g. one of two names that are one person. Tables in Markdown.
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openSetOf } from '../../dist/src/lab/evaluateIdentification.js';
import { DEFAULT_CACHE, openPeople } from './embeddedPeople.mjs';
import { corpusFolder, openCompute } from './speakerModel.mjs';

const { values, positionals } = parseArgs({
  options: {
    model: { type: 'string' },
    seconds: { type: 'string', default: '1,2,3,5,10' },
    galleries: { type: 'string', default: '5,20,50' },
    'leave-out': { type: 'string', default: '' },
    cache: { type: 'string', default: DEFAULT_CACHE },
  },
  allowPositionals: true,
});
const numbers = (text) => text.split(',').map(Number);
const manifests =
  positionals.length > 0
    ? positionals
    : ['dev-learner', 'dev-telephone'].map((set) => join(corpusFolder, `${set}.jsonl`));
const leftOut = new Set(values['leave-out'].split(','));
const compute = await openCompute(values.model);
const scores = compute.model.calibration ? compute.model.calibration.source : 'not calibrated';
console.log(`model ${compute.model.id}, scores: ${scores}`);

const line = (cells) => console.log(`| ${cells.join(' | ')} |`);

async function report(manifest) {
  const set = await openPeople(manifest, { compute, leftOut, cache: values.cache });
  console.log(`\n${set.name}: ${set.people.length} people\n`);
  const head = ['probe', 'enrolled', 'strangers named % at .1 / 1 / 5', 'people named rightly % at .1 / 1 / 5'];
  head.push('FNIR % at FPIR 1 / 5 %', 'best is right %', 'Cllr', 'min Cllr');
  line(head);
  line(head.map(() => '---'));
  for (const seconds of [undefined, ...numbers(values.seconds)]) {
    const people = await set.probesOf(seconds);
    for (const gallery of numbers(values.galleries)) row(people, gallery, seconds);
  }
}

function row(people, gallery, seconds) {
  const length = seconds === undefined ? 'utterance' : `${seconds} s`;
  if (gallery >= people.length) return; // no strangers would be left; the tables say how many people there are
  let result;
  try {
    result = openSetOf(people, { gallery, compute });
  } catch (error) {
    if (error.code !== 'INPUT_INVALID') throw error;
    return line([length, gallery, 'too few people with enough speech', '', '', '', '', '']);
  }
  const presets = (rates) => ['0.1', '1', '5'].map((preset) => rates[preset].toFixed(1)).join(' / ');
  line([
    length,
    gallery,
    presets(result.falseAcceptAtPreset),
    presets(result.namedAtPreset),
    `${result.fnirAtFpir1Percent.toFixed(1)} / ${result.fnirAtFpir5Percent.toFixed(1)}`,
    result.rank1Percent.toFixed(1),
    result.cllr?.toFixed(3) ?? '–',
    result.minCllr.toFixed(3),
  ]);
}

try {
  for (const manifest of manifests) await report(manifest);
} finally {
  await compute[Symbol.asyncDispose]();
}
