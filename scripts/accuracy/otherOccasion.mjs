// Names on another occasion: people are enrolled from one recording and looked for in another, as the product compares and decides:
//   node scripts/accuracy/otherOccasion.mjs [--model ID|FILE] [--seeds 1,2,3,4,5] [--galleries 1,5,20,40] [--preset 1] [--conversations]
// Development speakers, whom no calibration was fitted to: telephone calls (enrolled in one call, tried in others), learners of
// English and command words (halves of their recordings), both sides damaged apart. For each condition the share of strangers
// who are named (the preset's promise) and of people who get their name, mean and deviation over the seeds, each ten galleries.
// --conversations: real recordings instead; each person who speaks in several is enrolled from up to 20 s of one.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { writeWav } from '../../dist/src/audio/samples/wavWriter.js';
import { secondsOfSamples } from '../../dist/src/core/time.js';
import { centroid } from '../../dist/src/core/vector.js';
import { createEngine } from '../../dist/src/engine/createEngine.js';
import { seededRandom } from '../../dist/src/evaluation/damage.js';
import { parseRttm } from '../../dist/src/evaluation/rttm.js';
import { UNCALIBRATED } from '../../dist/src/identity/calibration.js';
import { decide, UNCERTAIN_LLR } from '../../dist/src/identity/decide.js';
import { rankingOf } from '../../dist/src/identity/gallery/ranking.js';
import { compare } from '../../dist/src/identity/matchVoices.js';
import { calibrationSpeakers } from '../../dist/src/lab/calibrationMaterial.js';
import { decode, joined, peopleOf, RATE_HZ, writeManifest } from './enrollSamples.mjs';
import { corpusFolder, openCompute, openFile } from './speakerModel.mjs';

const { values } = parseArgs({
  options: {
    model: { type: 'string' },
    seeds: { type: 'string', default: '1,2,3,4,5' },
    galleries: { type: 'string', default: '1,5,20,40' },
    preset: { type: 'string', default: '1' },
    conversations: { type: 'boolean', default: false },
  },
});
const numbers = (text) => text.split(',').map(Number);
const falseAcceptPercent = Number(values.preset);
const folder = mkdtempSync(join(tmpdir(), 'voice-prints-occasions-'));

/** What is measured: enrolled under the first condition, tried under the second. */
const SETS = [
  {
    name: 'telephone calls',
    set: 'wuw2',
    pairs: [
      ['as recorded', 'as recorded'],
      ['as recorded', 'room'],
    ],
  },
  {
    name: 'learners, phones in quiet rooms',
    set: 'speechocean762',
    // Two names each of what seems to be one person (BENCHMARKS.md).
    leftOut: ['speechocean762/010', 'speechocean762/055'],
    pairs: [
      ['as recorded', 'other microphone'],
      ['as recorded', 'room'],
      ['as recorded', 'telephone'],
      ['telephone', 'telephone'],
      ['room', 'room'],
    ],
  },
  {
    name: 'command words, own devices',
    set: 'commands',
    pairs: [
      ['as recorded', 'other microphone'],
      ['as recorded', 'room'],
      ['as recorded', 'telephone'],
    ],
  },
];
/** Galleries for each seed, and tries of strangers and of people enrolled at each. */
const DRAWS = 10;
const TRIES = 60;
const PROBE_SECONDS = [2, 3, 6, 12];
/** So large a part of a set is enrolled at most; the others are strangers. */
const MOST_ENROLLED = 0.75;

const line = (cells) => console.log(`| ${cells.join(' | ')} |`);
const mean = (list) => list.reduce((sum, value) => sum + value, 0) / list.length;
const deviation = (list) => Math.sqrt(mean(list.map((value) => (value - mean(list)) ** 2)));
const shown = (list) => `${mean(list).toFixed(1)} ± ${deviation(list).toFixed(1)}`;

/** The first `seconds` of an occasion as one voice. */
function heardOf({ windows, embeddings }, seconds) {
  const count = Math.max(1, windows.filter(({ endSample }) => secondsOfSamples(endSample) <= seconds + 0.001).length);
  const parts = embeddings.slice(0, count);
  return { centroid: centroid(parts), speechSeconds: secondsOfSamples(windows[count - 1].endSample) };
}

/** Percentages of one seed: strangers named, people named rightly, rightly but uncertain, and wrongly. */
function rates(people, [enrolledAs, triedAs], { gallery, seed, calibration }) {
  const random = seededRandom(seed);
  const drawn = (list) => list[Math.floor(random() * list.length)];
  const speechOf = (occasion, condition) => occasion.find((speech) => speech.condition === condition);
  const count = { strangers: 0, strangersNamed: 0, owners: 0, named: 0, uncertain: 0, wrong: 0 };
  for (let draw = 0; draw < DRAWS; draw += 1) {
    const order = people.map((person) => ({ person, at: random() })).sort((a, b) => a.at - b.at);
    const shuffled = order.map(({ person }) => person);
    const voices = shuffled.slice(0, gallery).map(({ occasions }, i) => {
      const speech = speechOf(occasions[0], enrolledAs);
      const { centroid: voice, speechSeconds } = heardOf(speech, 12);
      return { id: `${i}`, exemplars: [voice], mean: voice, speechSeconds, isNarrowBand: speech.isNarrowBand };
    });
    const verdictOf = ({ occasions }) => {
      const speech = speechOf(occasions[1], triedAs);
      const comparisons = compare(heardOf(speech, drawn(PROBE_SECONDS)), voices, {
        calibration,
        isNarrowBand: speech.isNarrowBand,
      });
      const taken = comparisons[0].llr >= UNCERTAIN_LLR ? comparisons[0] : undefined;
      return decide(rankingOf(comparisons), taken, { calibration, falseAcceptPercent });
    };
    for (let i = 0; i < TRIES; i += 1) {
      count.strangers += 1;
      const { decision } = verdictOf(drawn(shuffled.slice(gallery)));
      if (decision === 'identified') count.strangersNamed += 1;
      const owner = Math.floor(random() * gallery);
      const own = verdictOf(shuffled[owner]);
      count.owners += 1;
      if (own.decision === 'identified' && own.speakerId === `${owner}`) count.named += 1;
      if (own.decision === 'uncertain' && own.speakerId === `${owner}`) count.uncertain += 1;
      if (own.decision === 'identified' && own.speakerId !== `${owner}`) count.wrong += 1;
    }
  }
  return {
    strangers: (100 * count.strangersNamed) / count.strangers,
    named: (100 * count.named) / count.owners,
    uncertain: (100 * count.uncertain) / count.owners,
    wrong: (100 * count.wrong) / count.owners,
  };
}

async function measureSets() {
  const compute = await openCompute(values.model);
  const calibration = compute.model.calibration ?? UNCALIBRATED;
  console.log(`model ${compute.model.id}, preset ${falseAcceptPercent} %, scores: ${calibration.source}\n`);
  line(['set', 'enrolled → tried', 'enrolled', 'strangers named %', 'people named %', 'uncertain %', 'wrong name %']);
  line(Array(7).fill('---'));
  try {
    for (const { name, set, pairs, leftOut = [] } of SETS) {
      const manifestPath = join(folder, `${set}.jsonl`);
      writeManifest(
        manifestPath,
        peopleOf([set], 'dev').filter(({ speaker }) => !leftOut.includes(speaker)),
      );
      const people = await calibrationSpeakers({
        manifestPath,
        maxSpeakers: 1000,
        isShifted: false,
        damagesEach: 3,
        compute,
        openRecording: openFile,
        signal: new AbortController().signal,
      });
      for (const pair of pairs) {
        for (const gallery of numbers(values.galleries)) {
          if (gallery > MOST_ENROLLED * people.length && gallery > people.length - 8) continue;
          const all = numbers(values.seeds).map((seed) => rates(people, pair, { gallery, seed, calibration }));
          const cells = ['strangers', 'named', 'uncertain', 'wrong'].map((key) => shown(all.map((one) => one[key])));
          line([`${name} (${people.length})`, pair.join(' → '), gallery, ...cells]);
        }
      }
    }
  } finally {
    await compute[Symbol.asyncDispose]();
  }
}

const LEAST_ENROLLED_SECONDS = 6;
const MOST_ENROLLED_SECONDS = 20;
const cover = (from, to, spans) =>
  spans.reduce((sum, { start, end }) => sum + Math.max(0, Math.min(to, end) - Math.max(from, start)), 0);
const total = (spans) => spans.reduce((sum, { start, end }) => sum + end - start, 0);

/** Solo speech of one person, with pauses between that are not digital silence; undefined: too little. */
function solo(samples, own, others) {
  const random = seededRandom(1);
  const parts = [];
  let seconds = 0;
  for (const { start, end } of own) {
    if (seconds >= MOST_ENROLLED_SECONDS) break;
    if (end - start < 1 || cover(start, end, others) >= 0.05) continue;
    const pause = Float32Array.from({ length: 0.3 * RATE_HZ }, () => 2e-4 * (random() - 0.5));
    parts.push(samples.subarray(Math.round(start * RATE_HZ), Math.round(end * RATE_HZ)), pause);
    seconds += end - start;
  }
  return seconds < LEAST_ENROLLED_SECONDS ? undefined : joined(parts);
}

/** One person enrolled from one real recording and looked for in another. */
async function conversationTrial({ speaker, from, to, root }) {
  const truthOf = ({ file }) => parseRttm(readFileSync(join(root, file.replace(/\.\w+$/, '.rttm')), 'utf8'));
  const of = (spans, label, isOwn) => spans.filter((span) => (span.label === label) === isOwn);
  const truth = truthOf(from);
  const sample = solo(await decode(join(root, from.file)), of(truth, from.label, true), of(truth, from.label, false));
  if (!sample) return undefined;
  const path = join(folder, 'enrol.wav');
  writeFileSync(path, writeWav(sample, RATE_HZ));
  const storeDirectory = mkdtempSync(join(folder, 'store-'));
  const engine = await createEngine({
    storeDirectory,
    workerThreads: 1,
    ...(values.model ? { model: values.model } : {}),
  });
  try {
    const { status, reasons } = await engine.enroll({ speakerId: 'me', samples: [{ kind: 'file', path }] });
    if (status === 'rejected') return { speaker, from, to, refused: reasons.map(({ code }) => code).join(', ') };
    const { segments } = await engine.identify({
      source: { kind: 'file', path: join(root, to.file) },
      falseAcceptPercent,
    });
    const named = segments.filter(({ decision, speakerId }) => decision === 'identified' && speakerId === 'me');
    const guessed = segments.filter(({ decision }) => decision === 'uncertain');
    const other = truthOf(to);
    const [own, others] = [of(other, to.label, true), of(other, to.label, false)];
    const shareOf = (spans, found) =>
      (100 * spans.reduce((sum, { start, end }) => sum + cover(start, end, found), 0)) / Math.max(1e-9, total(spans));
    const best = Math.max(0, ...segments.flatMap(({ candidates }) => candidates.map(({ score }) => score)));
    return {
      ...{ speaker, from, to, best, seconds: total(own), otherSeconds: total(others) },
      ...{ named: shareOf(own, named), uncertain: shareOf(own, guessed), others: shareOf(others, named) },
    };
  } finally {
    await engine[Symbol.asyncDispose]();
  }
}

async function measureConversations() {
  const root = join(corpusFolder, 'conversations');
  const lines = readFileSync(join(root, 'people.jsonl'), 'utf8').trim().split('\n');
  const trials = [];
  line(['person', 'enrolled from', 'looked for in', 'named %', 'uncertain %', 'others named as them %', 'best score']);
  line(Array(7).fill('---'));
  for (const { speaker, files } of lines.map((text) => JSON.parse(text))) {
    const mono = files.map((one) => ({ ...one, file: one.file.replace('_2ch', '') }));
    const heard = mono.filter(({ file }) => existsSync(join(root, file)));
    for (const from of heard) {
      for (const to of heard.filter((one) => one !== from)) {
        const trial = await conversationTrial({ speaker, from, to, root });
        if (!trial) continue;
        if (!trial.refused) trials.push(trial);
        const figures = trial.refused
          ? [`refused: ${trial.refused}`, '', '', '']
          : [
              `${trial.named.toFixed(0)} of ${trial.seconds.toFixed(0)} s`,
              trial.uncertain.toFixed(0),
              `${trial.others.toFixed(0)} of ${trial.otherSeconds.toFixed(0)} s`,
              trial.best.toFixed(2),
            ];
        line([speaker, from.file, to.file, ...figures]);
      }
    }
  }
  const all = (key) => shown(trials.map((trial) => trial[key]));
  console.log(
    `\n${trials.length} trials, preset ${falseAcceptPercent} %: named ${all('named')} % of their speech, ` +
      `uncertain ${all('uncertain')} %, others named as them ${all('others')} %`,
  );
}

try {
  await (values.conversations ? measureConversations() : measureSets());
} finally {
  rmSync(folder, { recursive: true, force: true });
}
