// How often the enrolment gate is right, on development speakers, none of whom a limit of the gate was chosen on:
//   node scripts/accuracy/enrollGate.mjs [--model ID|FILE] [--segmentation ID|FILE|off] [--sets A,B] [--split dev|train] [--half 1|2] [--people N] [--seeds 1,2,3]
// --half: every other person only, in the order of their names: what was looked at in the one half is reported of the other.
// For each seed other people, utterances, damages and partners are drawn. A row is a percentage of samples, as mean and deviation over the seeds:
// honest samples that are refused, by the reason; samples that must be refused and are, with the reason that is due. What a second
// person says is counted by the voice activity detector in their speech alone, and mixtures with less than 1.5 s of it are left out.
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { finished } from '../../dist/src/core/steps.js';
import { analyseSample } from '../../dist/src/engine/enrolment/analyseSample.js';
import { GATE_LIMITS, judgeSamples } from '../../dist/src/engine/enrolment/enrollGate.js';
import { listedOthers } from '../../dist/src/engine/enrolment/otherPeople.js';
import { speechMsOf, speechOf } from '../../dist/src/engine/recording/speechOf.js';
import { inRoom, seededRandom } from '../../dist/src/evaluation/damage.js';
import { UNCALIBRATED } from '../../dist/src/identity/calibration.js';
import { corpusRows, decode, joined, noises, overloaded, RATE_HZ, soloSample, withNoise } from './enrollSamples.mjs';
import { corpusFolder, openCompute } from './speakerModel.mjs';

const { values } = parseArgs({
  options: {
    model: { type: 'string' },
    segmentation: { type: 'string' },
    sets: { type: 'string', default: 'speechocean762,wuw2' },
    split: { type: 'string', default: 'dev' },
    half: { type: 'string' },
    people: { type: 'string', default: '20' },
    seeds: { type: 'string', default: '1,2,3' },
  },
});
const LEAST_SECOND_MS = 1_500;
const GALLERY = 20;
/** Two names each of what seems to be one person (BENCHMARKS.md). */
const LEFT_OUT = ['speechocean762/010', 'speechocean762/055'];
const signal = new AbortController().signal;
const compute = await openCompute(values.model, values.segmentation ?? null);
const calibration = compute.model.calibration ?? UNCALIBRATED;
const noiseFiles = await noises(8);
let random = seededRandom(0);
const drawn = (list) => list[Math.floor(random() * list.length)];
const shuffled = (list) =>
  list
    .map((one) => ({ one, key: random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ one }) => one);

async function* framesOf(samples) {
  for (let at = 0; at < samples.length; at += RATE_HZ)
    yield { samples: samples.slice(at, at + RATE_HZ), sampleRateHz: RATE_HZ, startSample: at };
}

/** The engine's own analysis of samples in memory. */
function analysed(samples) {
  const recording = {
    format: { container: 'raw', codec: undefined, sampleRateHz: undefined, channels: 1, durationMs: undefined },
    frames: () => framesOf(samples),
    report: () => ({ samples: samples.length, isPartial: false }),
    async [Symbol.asyncDispose]() {},
  };
  return analyseSample('sample', async () => recording, { compute, signal, onAudio: () => {} });
}

/** Reasons of one sample, refusing ones and remarks. */
const reasonsOf = (sample, { earlier, others = [] } = {}) =>
  finished(
    judgeSamples([sample], {
      earlier,
      earlierSamples: [],
      others: listedOthers(others),
      calibration,
      limits: GATE_LIMITS,
    }),
  )[0].reasons;
const refusalsOf = (...given) => reasonsOf(...given).flatMap(({ code, refuses }) => (refuses ? [code] : []));
const knownOf = (speakerId, { embedding, speechMs, isNarrowBand }) => ({
  speakerId,
  mean: embedding,
  speechMs,
  isNarrowBand,
});

const RAW = ['-f', 'f32le', '-ar', String(RATE_HZ), '-ac', '1'];
function savedAgain(samples, ...format) {
  const run = (input, args) =>
    spawnSync('ffmpeg', ['-v', 'error', ...args, 'pipe:1'], { input, maxBuffer: 2 ** 28 }).stdout;
  const bytes = Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
  const { buffer, byteOffset, byteLength } = run(run(bytes, [...RAW, '-i', 'pipe:0', ...format]), [
    '-i',
    'pipe:0',
    ...RAW,
  ]);
  return new Float32Array(buffer.slice(byteOffset, byteOffset + (byteLength & ~3)));
}

/** What happens to honest samples and to mixtures alike; half of them stay as they are. */
const DAMAGES = [
  (x) => x,
  (x) => x,
  (x) => x,
  (x) => withNoise(x, drawn(noiseFiles), 20),
  (x) => savedAgain(x, '-c:a', 'libmp3lame', '-b:a', '32k', '-f', 'mp3'),
  (x) => inRoom(x, 0.25 + 0.4 * random(), random),
];
const powerOf = (x) => x.reduce((sum, value) => sum + value * value, 0) / Math.max(1, x.length);
const cut = (x, from, to) => x.slice(Math.round(from * RATE_HZ), Math.round(to * RATE_HZ));

/** Name, and what is made of the first person's speech and the second one's. The second is `behindDb` below the first. */
const MIXTURES = [
  ['one after the other, 5 s each', -3, (a, b) => [joined([cut(a, 0, 5), cut(b, 0, 5)]), cut(b, 0, 5)]],
  ['12 s, then 4 s of the second', -3, (a, b) => [joined([cut(a, 0, 12), cut(b, 0, 4)]), cut(b, 0, 4)]],
  ['3 s of the second first, then 10 s', -3, (a, b) => [joined([cut(b, 0, 3), cut(a, 0, 10)]), cut(b, 0, 3)]],
  [
    'turns of 2.5 s',
    -3,
    (a, b) => [joined([cut(a, 0, 2.5), cut(b, 0, 2.5), cut(a, 2.5, 5), cut(b, 2.5, 5)]), cut(b, 0, 5)],
  ],
  ['the second behind, 10 dB down, throughout', -10, (a, b) => [over(cut(a, 0, 12), b, 0, 12), cut(b, 0, 12)]],
  ['the second behind, 10 dB down, for 5 s', -10, (a, b) => [over(cut(a, 0, 14), b, 4, 9), cut(b, 4, 9)]],
];

const over = (a, b, from, to) =>
  a.map((value, i) => value + (i >= from * RATE_HZ && i < to * RATE_HZ ? (b[i] ?? 0) : 0));

/** Percentages of one seed, by name. */
class Tally {
  counts = new Map();
  add(name, isHit) {
    const count = this.counts.get(name) ?? { hits: 0, tries: 0 };
    count.tries += 1;
    if (isHit) count.hits += 1;
    this.counts.set(name, count);
  }
}

function halfOf(rows) {
  if (values.half === undefined) return rows;
  const names = rows.map(({ speaker }) => speaker).sort();
  return rows.filter(({ speaker }) => names.indexOf(speaker) % 2 === Number(values.half) - 1);
}

async function measure(set, tally) {
  const drawnFrom = shuffled(
    halfOf(corpusRows(set, values.split)).filter(({ speaker }) => !LEFT_OUT.includes(speaker)),
  );
  const rows = drawnFrom.slice(0, Number(values.people));
  for (const row of rows) row.audio = await decode(`${corpusFolder}/${row.file}`);
  const solo = (row, seconds, half) => {
    const own = row.utterances;
    const utterances = half === undefined ? own : own.filter((_, i) => i < own.length / 2 === (half === 0));
    const first = Math.floor(random() * utterances.length);
    return soloSample({ ...row, utterances }, row.audio, { seconds, first, random });
  };
  const people = [];
  for (const row of rows) {
    const [first, second] = [
      await analysed(drawn(DAMAGES)(solo(row, 10 + 8 * random(), 0))),
      await analysed(drawn(DAMAGES)(solo(row, 10 + 8 * random(), 1))),
    ];
    people.push({ row, first, second });
    for (const sample of [first, second]) {
      const codes = refusalsOf(sample);
      tally.add('honest: refused for a second voice', codes.includes('SECOND_VOICE'));
      tally.add(
        'honest: refused for anything else',
        codes.some((code) => code !== 'SECOND_VOICE'),
      );
    }
    await measureMixtures(row, rows, solo, tally);
    await measureSound(solo(row, 12), tally);
  }
  measureAgreement(
    people.filter(({ first, second }) => [first, second].every((one) => refusalsOf(one).length === 0)),
    tally,
  );
  for (const row of rows) row.audio = undefined;
}

async function measureMixtures(row, rows, solo, tally) {
  const other = drawn(rows.filter(({ speaker }) => speaker !== row.speaker));
  for (const [name, decibels, mix] of MIXTURES) {
    const a = solo(row, 15);
    const b = solo(other, 15);
    const gain = Math.sqrt((powerOf(a) / Math.max(1e-12, powerOf(b))) * 10 ** (decibels / 10));
    const [mixed, alone] = mix(
      a,
      b.map((value) => gain * value),
    );
    const { speech } = await speechOf(framesOf(alone), { compute, signal });
    if (speechMsOf(speech) < LEAST_SECOND_MS) continue;
    const isFound = refusalsOf(await analysed(drawn(DAMAGES)(mixed))).includes('SECOND_VOICE');
    tally.add(`two people, ${name}`, isFound);
    tally.add('two people, all of these', isFound);
  }
}

/** Level, offset, overload and noise are told apart: the reason that is due, and no other. */
async function measureSound(clean, tally) {
  const peak = clean.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const only = (codes, code) => codes.length === 1 && codes[0] === code;
  const quiet = clean.map((value) => (value / peak) * 10 ** (-58 / 20));
  tally.add('58 dB below full scale: TOO_QUIET alone', only(refusalsOf(await analysed(quiet)), 'TOO_QUIET'));
  const shifted = clean.map((value) => 0.5 * (value / peak) + 0.4);
  const remarks = reasonsOf(await analysed(shifted));
  const isOffset = remarks.some(({ code }) => code === 'DC_OFFSET') && remarks.every(({ refuses }) => !refuses);
  tally.add('offset of .4: accepted, DC_OFFSET', isOffset);
  tally.add('10 % overloaded: CLIPPED alone', only(refusalsOf(await analysed(overloaded(clean, 0.1))), 'CLIPPED'));
  const noisy = refusalsOf(await analysed(withNoise(clean, drawn(noiseFiles), 0)));
  tally.add('noise at 0 dB: refused', noisy.length > 0);
}

/** Each person's second sample against their own first, another's, and a gallery of others with and without them. */
function measureAgreement(people, tally) {
  for (const [i, { first, second }] of people.entries()) {
    const rest = people.filter((_, j) => j !== i);
    const gallery = shuffled(rest)
      .slice(0, GALLERY)
      .map((other, n) => knownOf(`other${n}`, other.first));
    const own = refusalsOf(second, { earlier: knownOf('own', first), others: gallery });
    tally.add('honest: second sample refused as another voice', own.includes('DISAGREES_WITH_EARLIER'));
    tally.add('honest: second sample refused as colliding', own.includes('COLLIDES_WITH_OTHER'));
    const fresh = refusalsOf(second, { others: gallery });
    tally.add('honest: new person refused as colliding', fresh.includes('COLLIDES_WITH_OTHER'));
    const stray = refusalsOf(drawn(rest).second, { earlier: knownOf('own', first) });
    tally.add('somebody else’s second sample: DISAGREES_WITH_EARLIER', stray.includes('DISAGREES_WITH_EARLIER'));
    const again = refusalsOf(second, { others: [...gallery, knownOf('own', first)] });
    tally.add(
      'a person enrolled already, under another id: COLLIDES_WITH_OTHER',
      again.includes('COLLIDES_WITH_OTHER'),
    );
  }
}

const seeds = values.seeds.split(',').map(Number);
console.log(
  `${compute.model.id}, ${compute.segmentation?.id ?? 'no segmentation model'}; scores ${calibration.source}`,
);
for (const set of values.sets.split(',')) {
  const tallies = [];
  for (const seed of seeds) {
    random = seededRandom(seed);
    const tally = new Tally();
    await measure(set, tally);
    tallies.push(tally);
  }
  console.log(
    `\n${set} (${values.split}${values.half ? `, half ${values.half}` : ''}), ${values.people} people, seeds ${values.seeds}`,
  );
  console.log('| | % | samples |\n|---|---|---|');
  for (const name of tallies[0].counts.keys()) {
    const counts = tallies.flatMap(({ counts }) => counts.get(name) ?? []);
    const percents = counts.map(({ hits, tries }) => (100 * hits) / tries);
    const mean = percents.reduce((sum, one) => sum + one, 0) / percents.length;
    const spread = Math.sqrt(
      percents.reduce((sum, one) => sum + (one - mean) ** 2, 0) / Math.max(1, percents.length - 1),
    );
    const tries = counts.reduce((sum, one) => sum + one.tries, 0);
    console.log(`| ${name} | ${mean.toFixed(1)} ± ${spread.toFixed(1)} | ${tries} |`);
  }
}
await compute[Symbol.asyncDispose]();
