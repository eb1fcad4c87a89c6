// Open-set naming with scores normalised against a cohort (AS-norm), beside the calibrated scores of the product:
//   node scripts/accuracy/cohort.mjs [--model ID|FILE] [--cohort 300] [--top 50] [--seconds 1,2,3,5,10] [--galleries 5,20,50]
//     [--leave-out A,B] [--cache FOLDER] [MANIFEST …]
// FNIR at FPIR 1 and 5 % of the same trials as `eval identify`, ten splits. The cohort are training speakers, one
// embedding each; AS-norm: mean of (cosine - mean) / deviation over the `--top` likest of the cohort, from both sides
// (Matejka et al., Interspeech 2017). Tables in Markdown.
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { centroid, dot } from '../../dist/src/core/vector.js';
import { seededRandom } from '../../dist/src/evaluation/damage.js';
import { openSetResult } from '../../dist/src/evaluation/openSet.js';
import { drawSplit } from '../../dist/src/evaluation/openSetPlan.js';
import { compare } from '../../dist/src/identity/matchVoices.js';
import { voiceOf } from '../../dist/src/lab/openSetTrials.js';
import { DEFAULT_CACHE, openCohort, openPeople } from './embeddedPeople.mjs';
import { corpusFolder, openCompute } from './speakerModel.mjs';

const { values, positionals } = parseArgs({
  options: {
    model: { type: 'string' },
    cohort: { type: 'string', default: '300' },
    top: { type: 'string', default: '50' },
    seconds: { type: 'string', default: '1,2,3,5,10' },
    galleries: { type: 'string', default: '5,20,50' },
    'leave-out': { type: 'string', default: '' },
    cache: { type: 'string', default: DEFAULT_CACHE },
  },
  allowPositionals: true,
});
const COHORT_SECONDS = 10;
/** The splits of `eval identify`. */
const SPLITS = 10;
const SEED = 1;
const numbers = (text) => text.split(',').map(Number);
const manifests =
  positionals.length > 0
    ? positionals
    : ['dev-learner', 'dev-telephone'].map((set) => join(corpusFolder, `${set}.jsonl`));
const compute = await openCompute(values.model);
const { calibration } = compute.model;
const { cache } = values;

/** Mean and deviation of the likest of the cohort. */
function cohortStatistics(embedding, cohort, top) {
  const cosines = Float64Array.from(cohort, (other) => dot(embedding, other))
    .sort()
    .slice(-top);
  const mean = cosines.reduce((sum, value) => sum + value, 0) / cosines.length;
  const variance = cosines.reduce((sum, value) => sum + (value - mean) ** 2, 0) / cosines.length;
  return { mean, deviation: Math.sqrt(variance) + 1e-6 };
}

/** Scores of one split by each way of scoring: [{ isEnrolled, score, isBestRight }] a way. */
function scored(people, { enrolled, probes }, statistics, ways) {
  const voices = enrolled.map(({ speaker, samples }) =>
    voiceOf(
      String(speaker),
      samples.map((index) => people[speaker].samples[index]),
    ),
  );
  for (const { speaker, probe, isEnrolled } of probes) {
    const { embedding, speechSeconds, isNarrowBand } = people[speaker].probes[probe];
    const own = statistics(embedding);
    const scores = compare({ centroid: embedding, speechSeconds }, voices, { calibration, isNarrowBand }).map((one) => {
      const other = statistics(one.voice.mean);
      const normalised = ((one.cosine - own.mean) / own.deviation + (one.cosine - other.mean) / other.deviation) / 2;
      return { id: one.voice.id, llr: one.llr, cosine: one.cosine, normalised };
    });
    for (const [way, trials] of ways) {
      const best = scores.reduce((a, b) => (b[way] > a[way] ? b : a));
      trials.push({ isEnrolled, score: best[way], isBestRight: best.id === String(speaker), isNamed: {} });
    }
  }
}

function rowOf(people, gallery, cohort) {
  const random = seededRandom(SEED);
  const known = new Map();
  const statistics = (embedding) => {
    if (!known.has(embedding)) known.set(embedding, cohortStatistics(embedding, cohort, Number(values.top)));
    return known.get(embedding);
  };
  const ways = new Map(['llr', 'cosine', 'normalised'].map((way) => [way, []]));
  for (let split = 0; split < SPLITS; split += 1) scored(people, drawSplit(people, gallery, random), statistics, ways);
  return [...ways.values()].map((trials) => {
    const { fnirAtFpir1Percent, fnirAtFpir5Percent } = openSetResult(trials);
    return `${fnirAtFpir1Percent.toFixed(1)} / ${fnirAtFpir5Percent.toFixed(1)}`;
  });
}

const line = (cells) => console.log(`| ${cells.join(' | ')} |`);
try {
  if (!calibration) throw new Error('the model has no calibration to compare with; fit one first');
  const people = await openCohort(join(corpusFolder, 'train.jsonl'), {
    compute,
    count: Number(values.cohort),
    seconds: COHORT_SECONDS,
    cache,
  });
  const cohort = people.map(({ probes }) => centroid(probes.map(({ embedding }) => embedding)));
  console.log(`model ${compute.model.id}, cohort of ${cohort.length}, the likest ${values.top} of it`);
  for (const manifest of manifests) {
    const leftOut = new Set(values['leave-out'].split(','));
    const set = await openPeople(manifest, { compute, leftOut, cache });
    console.log(`\n${set.name}: ${set.people.length} people; FNIR % at FPIR 1 / 5 %\n`);
    line(['probe', 'enrolled', 'calibrated', 'cosine', 'AS-norm']);
    line(['---', '---', '---', '---', '---']);
    for (const seconds of [undefined, ...numbers(values.seconds)]) {
      const probed = await set.probesOf(seconds);
      for (const gallery of numbers(values.galleries)) {
        if (gallery >= probed.length) continue;
        line([seconds === undefined ? 'utterance' : `${seconds} s`, gallery, ...rowOf(probed, gallery, cohort)]);
      }
    }
  }
} finally {
  await compute[Symbol.asyncDispose]();
}
