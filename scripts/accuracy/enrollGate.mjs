// How often the enrolment gate is right: node scripts/accuracy/enrollGate.mjs [--model ID|FILE] [--split dev|train] [--speakers N] [--spread]
// Clean samples of one person should pass, two people in one sample, noise and overload should not, another person's
// sample should disagree, and somebody enrolled already should be found. --spread prints the measures behind it.
import { parseArgs } from 'node:util';
import { analyseSample } from '../../dist/src/engine/enrolment/analyseSample.js';
import { GATE_LIMITS, judgeSamples, llrBetween } from '../../dist/src/engine/enrolment/enrollGate.js';
import { UNCALIBRATED } from '../../dist/src/identity/calibration.js';
import {
  corpusRows,
  decode,
  joined,
  noises,
  overloaded,
  RATE_HZ,
  randomNumbers,
  soloSample,
  withNoise,
} from './enrollSamples.mjs';
import { corpusFolder, openCompute } from './speakerModel.mjs';

const { values } = parseArgs({
  options: {
    model: { type: 'string' },
    split: { type: 'string', default: 'dev' },
    speakers: { type: 'string', default: '50' },
    spread: { type: 'boolean' },
  },
});
const SETS = values.split === 'dev' ? ['speechocean762', 'wuw2'] : ['speechocean762', 'wuw2', 'librispeech', 'emodb'];
const GALLERY = 20;
/** Each person is new beside so many galleries, drawn anew. */
const GALLERIES = 10;
const signal = new AbortController().signal;
const random = randomNumbers(11);
const compute = await openCompute(values.model);
const calibration = compute.model.calibration ?? UNCALIBRATED;
const noiseFiles = await noises(8);

/** The engine's own ears on samples in memory. */
function hear(samples) {
  const recording = {
    format: { container: 'raw', codec: undefined, sampleRateHz: undefined, channels: 1, durationMs: undefined },
    async *frames() {
      for (let at = 0; at < samples.length; at += RATE_HZ) {
        yield { samples: samples.slice(at, at + RATE_HZ), sampleRateHz: RATE_HZ, startSample: at };
      }
    },
    report: () => ({ samples: samples.length, isPartial: false }),
    async [Symbol.asyncDispose]() {},
  };
  return analyseSample('sample', async () => recording, { compute, signal, onAudio: () => {} });
}

const judge = (samples, earlier, others = []) =>
  judgeSamples(samples, { earlier, others, calibration, limits: GATE_LIMITS });
const codesOf = (judged) =>
  judged.flatMap(({ reasons }) => reasons.filter(({ refuses }) => refuses).map(({ code }) => code));
const knownOf = (speakerId, { embedding, speechMs, isNarrowBand }) => ({
  speakerId,
  mean: embedding,
  speechMs,
  isNarrowBand,
});

/** Counts of refusal codes over trials, as a line. */
function line(name, trials) {
  const counts = {};
  for (const codes of trials) for (const code of new Set(codes)) counts[code] = (counts[code] ?? 0) + 1;
  const passed = trials.filter((codes) => codes.length === 0).length;
  const percent = (n) => `${((100 * n) / Math.max(1, trials.length)).toFixed(1)} %`;
  const refusals = Object.entries(counts)
    .map(([code, n]) => `${code} ${percent(n)}`)
    .join(', ');
  console.log(`  ${name}: accepted ${percent(passed)} of ${trials.length}${refusals ? ` (${refusals})` : ''}`);
}

function spread(name, numbers) {
  const sorted = numbers.filter(Number.isFinite).sort((a, b) => a - b);
  const at = (share) => sorted[Math.round(share * (sorted.length - 1))]?.toFixed(2);
  if (values.spread)
    console.log(`    ${name}: ${[0, 0.01, 0.02, 0.05, 0.1, 0.5, 0.9, 0.95, 0.98, 1].map(at).join(' ')}`);
}

const likenessOf = ({ secondVoice }) => secondVoice?.similarity ?? Number.NaN;

async function sampleOf(row, seconds, first = Math.floor(random() * row.utterances.length)) {
  row.audio ??= await decode(`${corpusFolder}/${row.file}`);
  return soloSample(row, row.audio, { seconds, first, random });
}

const MIXTURES = [
  ['5 s + 5 s', [5, 5]],
  ['7 s + 3 s', [7, 3]],
  ['turns of 2.5 s', [2.5, 2.5, 2.5, 2.5]],
  ['12 s + 4 s', [12, 4]],
];

async function measure(set) {
  const rows = corpusRows(set, values.split)
    .sort(() => random() - 0.5)
    .slice(0, Number(values.speakers));
  console.log(`${set} (${values.split}, ${rows.length} people)`);
  const clean = [];
  for (const row of rows) {
    const middle = Math.floor(row.utterances.length / 2);
    const samples = [await sampleOf(row, 10, 0), await sampleOf(row, 10, middle)];
    clean.push({ row, audio: samples, heard: [await hear(samples[0]), await hear(samples[1])] });
  }
  const all = clean.flatMap(({ heard }) => heard);
  line(
    'one person, 10 s, clean',
    all.map((heard) => codesOf(judge([heard]))),
  );
  const spoken = all.filter(({ speechMs }) => speechMs >= 6_000);
  line(
    '  of these with 6 s of speech',
    spoken.map((heard) => codesOf(judge([heard]))),
  );
  spread(
    'speech s',
    all.map(({ speechMs }) => speechMs / 1000),
  );
  spread(
    'snr dB',
    all.map(({ snrDb }) => snrDb),
  );
  spread(
    'clipped %',
    all.map(({ clippedShare }) => 100 * clippedShare),
  );
  spread(
    'bandwidth Hz',
    all.map(({ bandwidthHz }) => bandwidthHz),
  );
  spread('similarity of parts', all.map(likenessOf));
  await measureMixtures(rows);
  await measureDamage(clean.slice(0, 16));
  measureAgreement(clean);
}

async function measureMixtures(rows) {
  for (const [name, lengths] of MIXTURES) {
    const heard = [];
    for (const [i, row] of rows.entries()) {
      const other = rows[(i + 1) % rows.length];
      const pieces = [];
      for (const [turn, seconds] of lengths.entries())
        pieces.push(await sampleOf(turn % 2 === 0 ? row : other, seconds));
      heard.push(await hear(joined(pieces)));
    }
    line(
      `two people, ${name}`,
      heard.map((one) => codesOf(judge([one]))),
    );
    spread('similarity of parts', heard.map(likenessOf));
  }
}

async function measureDamage(clean) {
  for (const snrDb of [20, 10, 5, 0]) {
    const heard = [];
    for (const [i, { audio }] of clean.entries())
      heard.push(await hear(withNoise(audio[0], noiseFiles[i % noiseFiles.length], snrDb)));
    line(
      `one person, noise at ${snrDb} dB`,
      heard.map((one) => codesOf(judge([one]))),
    );
    spread(
      'snr dB',
      heard.map((one) => one.snrDb),
    );
  }
  for (const percent of [0.5, 2, 10]) {
    const heard = [];
    for (const { audio } of clean) heard.push(await hear(overloaded(audio[0], percent / 100)));
    line(
      `one person, ${percent} % of samples overloaded`,
      heard.map((one) => codesOf(judge([one]))),
    );
    spread(
      'clipped %',
      heard.map((one) => 100 * one.clippedShare),
    );
  }
}

/** Each person's second sample against their own first, another's, and a gallery of others with and without them. */
function measureAgreement(clean) {
  const usable = clean.filter(({ heard }) => heard.every((one) => codesOf(judge([one])).length === 0));
  const trial = (i, j, others) =>
    codesOf(judge([usable[i].heard[1]], j === undefined ? undefined : knownOf('own', usable[j].heard[0]), others));
  const gallery = (i) =>
    usable
      .filter((_, j) => j !== i)
      .map((one) => ({ one, key: random() }))
      .sort((a, b) => a.key - b.key)
      .slice(0, GALLERY)
      .map(({ one }, n) => knownOf(`other${n}`, one.heard[0]));
  const count = usable.length;
  const each = Array.from({ length: count }, (_, i) => i);
  const often = Array.from({ length: GALLERIES }, () => each).flat();
  line(
    'own second sample after the first',
    each.map((i) => trial(i, i)),
  );
  line(
    'another person’s sample after the first',
    each.map((i) => trial(i, (i + 1) % count)),
  );
  line(
    `a new person beside ${GALLERY} others, ${GALLERIES} times`,
    often.map((i) => trial(i, undefined, gallery(i))),
  );
  line(
    `a new person’s second sample beside ${GALLERY} others, ${GALLERIES} times`,
    often.map((i) => trial(i, i, gallery(i))),
  );
  line(
    'somebody enrolled already, under a new id',
    each.map((i) => trial(i, undefined, [...gallery(i), knownOf('own', usable[i].heard[0])])),
  );
  const llr = (i, j) => llrBetween(usable[i].heard[1], knownOf('own', usable[j].heard[0]), calibration);
  spread(
    'llr of own samples',
    each.map((i) => llr(i, i)),
  );
  spread(
    'llr of others’ samples',
    each.map((i) => llr(i, (i + 1) % count)),
  );
}

console.log(`model ${compute.model.id}, scores ${calibration.source}`);
for (const set of SETS) await measure(set);
await compute[Symbol.asyncDispose]();
