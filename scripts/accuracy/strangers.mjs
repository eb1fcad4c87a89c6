// What a preset lets pass where a model has no calibration, and whether voices of a site without names help:
//   node scripts/accuracy/strangers.mjs [--model ID|FILE] [--sets A,B] [--split dev|train] [--people N] [--second SECONDS] [--seeds 1,2,3,4,5]
// Everybody is enrolled from 12 s of half of their utterances and tried with --second seconds (12) of the other half, as they are recorded. Printed:
// percent of strangers named at the preset of 1 %, and of enrolled people who get their name, beside galleries of 1, 5 and 20, mean and
// deviation over the seeds: by the model's calibration where it has one, by the careful default, and by the first with its threshold raised
// to what voices of the site say: ten people, whose names nobody needs, tried against each other (mean and 2.33 deviations of the best).
import { parseArgs } from 'node:util';
import { llrsBetween } from '../../dist/src/engine/enrolment/knownVoice.js';
import { pooledEmbedding, speechMsOf, speechOf } from '../../dist/src/engine/recording/speechOf.js';
import { seededRandom } from '../../dist/src/evaluation/damage.js';
import { acceptLlr, UNCALIBRATED } from '../../dist/src/identity/calibration.js';
import { corpusRows, decode, RATE_HZ, soloSample } from './enrollSamples.mjs';
import { corpusFolder, openCompute } from './speakerModel.mjs';

const { values } = parseArgs({
  options: {
    model: { type: 'string' },
    sets: { type: 'string', default: 'wuw2,speechocean762' },
    split: { type: 'string', default: 'dev' },
    people: { type: 'string', default: '50' },
    second: { type: 'string', default: '12' },
    seeds: { type: 'string', default: '1,2,3,4,5' },
  },
});
/** The second name of what seems to be one person (BENCHMARKS.md). */
const LEFT_OUT = 'speechocean762/010';
const LOCAL_VOICES = 10;
const ROUNDS = 12;
const signal = new AbortController().signal;
const compute = await openCompute(values.model);
const calibrations = { 'careful default': UNCALIBRATED };
if (compute.model.calibration) calibrations['own calibration'] = compute.model.calibration;

async function* framesOf(samples) {
  for (let at = 0; at < samples.length; at += RATE_HZ)
    yield { samples: samples.slice(at, at + RATE_HZ), sampleRateHz: RATE_HZ, startSample: at };
}

async function voiceOf(samples, isNarrowBand) {
  const speech = await speechOf(framesOf(samples), { compute, signal });
  return { speechMs: speechMsOf(speech.speech), embedding: pooledEmbedding(speech), isNarrowBand };
}

async function peopleOf(set) {
  const random = seededRandom(5);
  const rows = corpusRows(set, values.split)
    .filter(({ speaker, utterances }) => speaker !== LEFT_OUT && utterances.length >= 6)
    .slice(0, Number(values.people));
  const people = [];
  for (const row of rows) {
    const audio = await decode(`${corpusFolder}/${row.file}`);
    const half = Math.floor(row.utterances.length / 2);
    const sample = (utterances, seconds) => soloSample({ ...row, utterances }, audio, { seconds, first: 0, random });
    const enrolled = await voiceOf(sample(row.utterances.slice(0, half), 12), set === 'wuw2');
    const tried = await voiceOf(sample(row.utterances.slice(half), Number(values.second)), set === 'wuw2');
    if (enrolled.embedding && tried.embedding) people.push({ enrolled, tried });
  }
  return people;
}

const known = ({ enrolled: { embedding, speechMs, isNarrowBand } }, speakerId) => ({
  speakerId,
  mean: embedding,
  speechMs,
  isNarrowBand,
});

/** Strangers and names of one seed, counted. */
function counted(people, size, calibration, random) {
  const shuffled = (list) =>
    list
      .map((one) => ({ one, key: random() }))
      .sort((a, b) => a.key - b.key)
      .map(({ one }) => one);
  const best = ({ tried }, others) =>
    llrsBetween(
      tried,
      others.map((other, i) => known(other, `${i}`)),
      calibration,
    );
  const counts = { plain: [0, 0], site: [0, 0], tries: 0 };
  for (let round = 0; round < ROUNDS; round += 1) {
    const order = shuffled(people);
    const [local, rest] = [order.slice(0, LOCAL_VOICES), order.slice(LOCAL_VOICES)];
    const tops = local.flatMap((one) =>
      [0, 1, 2, 3].map(() => Math.max(...best(one, shuffled(local.filter((other) => other !== one)).slice(0, size)))),
    );
    const mean = tops.reduce((sum, top) => sum + top, 0) / tops.length;
    const spread = Math.sqrt(tops.reduce((sum, top) => sum + (top - mean) ** 2, 0) / tops.length);
    const plain = acceptLlr(calibration, 1, size);
    const site = Math.max(plain, mean + 2.33 * spread);
    for (const one of rest) {
      const others = shuffled(rest.filter((other) => other !== one)).slice(0, size);
      const top = Math.max(...best(one, others));
      const withOwn = best(one, [one, ...others.slice(1)]);
      const isBest = withOwn[0] === Math.max(...withOwn);
      counts.tries += 1;
      for (const [name, threshold] of Object.entries({ plain, site })) {
        if (top >= threshold) counts[name][0] += 1;
        if (isBest && withOwn[0] >= threshold) counts[name][1] += 1;
      }
    }
  }
  return counts;
}

function text(percents) {
  const mean = percents.reduce((sum, one) => sum + one, 0) / percents.length;
  const spread = Math.sqrt(
    percents.reduce((sum, one) => sum + (one - mean) ** 2, 0) / Math.max(1, percents.length - 1),
  );
  return `${mean.toFixed(1)} ± ${spread.toFixed(1)}`;
}

const seeds = values.seeds.split(',').map(Number);
for (const set of values.sets.split(',')) {
  const people = await peopleOf(set);
  console.log(`\n${compute.model.id}, ${set} (${values.split}), ${people.length} people\n`);
  console.log(
    '| scores | gallery | strangers named, % | people named, % | with voices of the site | |\n|---|---|---|---|---|---|',
  );
  for (const [name, calibration] of Object.entries(calibrations)) {
    for (const size of [1, 5, 20].filter((one) => one <= people.length - LOCAL_VOICES - 1)) {
      const all = seeds.map((seed) => counted(people, size, calibration, seededRandom(seed)));
      const column = (kind, at) => text(all.map((counts) => (100 * counts[kind][at]) / counts.tries));
      console.log(
        `| ${name} | ${size} | ${column('plain', 0)} | ${column('plain', 1)} | ${column('site', 0)} | ${column('site', 1)} |`,
      );
    }
  }
}
await compute[Symbol.asyncDispose]();
