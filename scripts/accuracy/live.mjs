// Names in conversations heard live, with the built engine:
//   node scripts/accuracy/live.mjs [--seeds 3,5,7] [--count 4] [--model ID|FILE] [--out FOLDER] [--offline] [--real-time] [--verbose] [learner telephone]
// Conversations and voiceprints as in dialogues.mjs. Audio is given in frames of 32 ms as fast as it is taken; what was known
// when is told by the stream's clock plus the time that the engine took for it. --real-time gives a frame every 32 ms and
// goes by the wall clock. --offline identifies the same recordings whole, with the same voiceprints. With several seeds each is
// a set of conversations of its own, and tables of mean and standard deviation over the seeds, for BENCHMARKS.md, come last. Ten seeds
// take some twelve processor minutes with --offline, both sets and the making of the conversations included.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createEngine } from '../../dist/src/engine/createEngine.js';
import { wholeRecording } from '../../dist/src/engine/recording/wholeRecording.js';
import { diarizationErrorOf, diarizationPercent } from '../../dist/src/evaluation/diarizationError.js';
import { parseRttm } from '../../dist/src/evaluation/rttm.js';
import { corpusFolder, openFile } from './speakerModel.mjs';

const { values, positionals } = parseArgs({
  options: {
    model: { type: 'string' },
    seeds: { type: 'string', default: '3' },
    count: { type: 'string', default: '4' },
    only: { type: 'string' },
    out: { type: 'string', default: join(tmpdir(), 'voice-prints-accuracy') },
    python: { type: 'string', default: 'python3' },
    offline: { type: 'boolean', default: false },
    'real-time': { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});
const RATE = 16_000;
const FRAME = 512;
/** Pauses up to this long belong to a person's turn, when the time to the name is taken. */
const TURN_PAUSE_SECONDS = 0.7;

/** Lengths of speech, in seconds, and scores of the reliability table. */
const LENGTHS = [0.5, 1, 1.5, 3, Number.POSITIVE_INFINITY];
const SCORES = [0, 0.5, 0.8, 0.95, 1.001];
/** Of each seed; see reliability. */
const allReliability = [];

const seeds = values.seeds.split(',');
const sets = positionals.length > 0 ? positionals : ['learner', 'telephone'];
const storeDirectory = mkdtempSync(join(tmpdir(), 'voice-prints-store-'));
/** One for all conversations, each a tenant with people of its own. */
const engine = await createEngine({
  storeDirectory,
  workerThreads: 1,
  ...(values.model ? { model: values.model } : {}),
});
try {
  const figures = new Map();
  const reliabilities = new Map();
  for (const set of sets) {
    allReliability.length = 0;
    const measured = [];
    for (const seed of seeds) measured.push(await measure(set, seed));
    figures.set(set, measured);
    reliabilities.set(set, pooledReliability());
  }
  if (seeds.length > 1) printSummary(figures);
  for (const [set, cells] of reliabilities) printReliability(set, cells);
} finally {
  await engine[Symbol.asyncDispose]();
  rmSync(storeDirectory, { recursive: true, force: true });
}
const { user: allUser, system: allSystem } = process.cpuUsage();
console.log(
  `\n${((allUser + allSystem) / 6e7).toFixed(1)} processor minutes, without those of the making of the conversations`,
);

/** All conversations of one seed; prints and returns their figures. */
async function measure(set, seed) {
  const folder = conversations(set, seed);
  const heard = [];
  for (const name of readdirSync(folder)
    .filter((file) => /^\d+\.json$/.test(file))
    .map((file) => file.replace('.json', ''))
    .sort()) {
    if (values.only && values.only !== name) continue;
    heard.push(await hearConversation(folder, name, `${set}-${seed}-${name}`));
  }
  return report(`${set}, seed ${seed}`, heard);
}

/** Mean and standard deviation of every figure over the seeds, a column for each set. */
function printSummary(figures) {
  const shown = [...figures.keys()];
  console.log(
    `\nSeeds ${values.seeds}, ${values.count} conversations each, mean ± standard deviation (least to most):\n`,
  );
  console.log(`| | ${shown.join(' | ')} |\n|---|${'---|'.repeat(shown.length)}`);
  for (const name of Object.keys(figures.get(shown[0])[0])) {
    const columns = shown.map((set) => spreadOf(figures.get(set).map((one) => one[name])));
    console.log(`| ${name} | ${columns.join(' | ')} |`);
  }
}

function spreadOf(all) {
  const mean = all.reduce((sum, value) => sum + value, 0) / all.length;
  const deviation = Math.sqrt(all.reduce((sum, value) => sum + (value - mean) ** 2, 0) / all.length);
  const digits = mean < 0.1 ? 4 : 2;
  const [middle, spread, least, most] = [mean, deviation, Math.min(...all), Math.max(...all)].map((value) =>
    value.toFixed(digits),
  );
  return `${middle} ± ${spread} (${least} to ${most})`;
}

function conversations(set, seed) {
  const folder = join(values.out, `${set}-${seed}-${values.count}`);
  if (!existsSync(join(folder, `${String(values.count - 1).padStart(2, '0')}.json`))) {
    mkdirSync(folder, { recursive: true });
    const program = join(corpusFolder, '../tools/dialogues.py');
    const manifest = join(corpusFolder, set === 'train' ? 'train.jsonl' : `dev-${set}.jsonl`);
    const options = ['--count', values.count, '--seed', seed];
    execFileSync(values.python, [program, manifest, folder, ...options], { stdio: 'inherit' });
  }
  return folder;
}

async function hearConversation(folder, name, tenantId) {
  const { enrolled } = JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8'));
  const speakerOf = new Map();
  for (const [speaker, files] of Object.entries(enrolled)) {
    const speakerId = speaker.replaceAll(/\W/g, '_');
    speakerOf.set(speakerId, speaker);
    const samples = files.map((file) => ({ kind: 'file', path: join(folder, file) }));
    await engine.enroll({ tenantId, speakerId, samples });
  }
  const path = join(folder, `${name}.wav`);
  const truth = parseRttm(readFileSync(join(folder, `${name}.rttm`), 'utf8'));
  const labelOf = ({ speakerId, cluster }) =>
    speakerId ? (speakerOf.get(speakerId) ?? speakerId) : (cluster ?? 'nobody');
  const offline = values.offline ? await identified(path, tenantId, labelOf) : undefined;
  const samples = await wholeRecording(await openFile(path));
  const before = process.cpuUsage();
  const events = await live(samples, tenantId);
  const { user, system } = process.cpuUsage(before);
  const seconds = samples.length / RATE;
  const cpuSeconds = (user + system) / 1e6;
  return { name, truth, enrolled: Object.keys(enrolled), events, labelOf, offline, seconds, cpuSeconds };
}

async function identified(path, tenantId, labelOf) {
  const { segments } = await engine.identify({ tenantId, source: { kind: 'file', path } });
  return segments.map((segment) => ({
    start: segment.start,
    end: segment.end,
    label: labelOf(segment),
    voice: segment.speakerId ?? segment.cluster,
  }));
}

/** Events with the second of the stream at which they were known. */
async function live(samples, tenantId) {
  const clock = { givenSeconds: 0, givenAtMs: 0, startedAtMs: performance.now() };
  const session = engine.watch({ tenantId, audio: source(samples, clock) });
  const events = [];
  for await (const event of session.events()) {
    const takenSeconds = (performance.now() - clock.givenAtMs) / 1000;
    const knownAt = values['real-time']
      ? (performance.now() - clock.startedAtMs) / 1000
      : clock.givenSeconds + takenSeconds;
    events.push({ ...event, knownAt });
  }
  return events;
}

async function* source(samples, clock) {
  for (let startSample = 0; startSample < samples.length; startSample += FRAME) {
    const frame = { samples: samples.slice(startSample, startSample + FRAME), sampleRateHz: RATE, startSample };
    clock.givenSeconds = (startSample + frame.samples.length) / RATE;
    // The first frame waits for the networks to be loaded; the clock begins with it.
    if (startSample === 0) clock.startedAtMs = performance.now();
    if (values['real-time']) await sleep(clock.startedAtMs + 1000 * clock.givenSeconds - performance.now());
    clock.givenAtMs = performance.now();
    yield { type: 'audio', frame };
  }
}

/** The final turns as they were told, and as they stood at the end, after every correction. */
function timelines({ events, labelOf }) {
  const told = [];
  const corrected = new Map();
  for (const event of events) {
    if (event.type === 'turn' && event.turn.isFinal) {
      const { turnId, start, end, speakerId, cluster, decision, score, speechSeconds } = event.turn;
      const sureness = { isSure: decision === 'identified', score, speechSeconds };
      const turn = { start, end, label: labelOf(event.turn), voice: speakerId ?? cluster ?? 'nobody', ...sureness };
      told.push(turn);
      corrected.set(turnId, { ...turn });
    }
    for (const turnId of event.type === 'relabel' ? event.turnIds : []) {
      const turn = corrected.get(turnId);
      if (turn) Object.assign(turn, { label: labelOf(event), voice: event.speakerId ?? event.cluster });
    }
  }
  return { told, corrected: [...corrected.values()] };
}

/** Names that each turn was told with, in order; null for none. */
function namesShown(events) {
  const shown = new Map();
  const show = (turnId, name) => shown.set(turnId, [...(shown.get(turnId) ?? []), name]);
  for (const event of events) {
    if (event.type === 'turn') show(event.turn.turnId, event.turn.speakerId);
    for (const turnId of event.type === 'relabel' ? event.turnIds : []) show(turnId, event.speakerId);
  }
  return [...shown.values()];
}

/** What each person says until somebody else speaks or a pause. */
function truthTurns(truth) {
  const turns = [];
  for (const segment of [...truth].sort((a, b) => a.start - b.start)) {
    const last = turns.findLast(({ label }) => label === segment.label);
    const isInterrupted = last && turns.some(({ start }) => start > last.start && start < segment.start);
    if (last && !isInterrupted && segment.start - last.end < TURN_PAUSE_SECONDS)
      last.end = Math.max(last.end, segment.end);
    else turns.push({ ...segment });
  }
  return turns;
}

/** Seconds from the first sample of each turn of an enrolled person to the first right name; Infinity for never. */
function secondsToName({ truth, enrolled, events, labelOf }) {
  return truthTurns(truth)
    .filter(({ label }) => enrolled.includes(label))
    .map(({ label, start, end }) => {
      const first = events.find(
        ({ type, turn, knownAt }) =>
          type === 'turn' &&
          turn.speakerId &&
          labelOf(turn) === label &&
          turn.start < end &&
          turn.end > start &&
          knownAt > start,
      );
      return first ? first.knownAt - start : Number.POSITIVE_INFINITY;
    });
}

/** Final turns with a name: by length and score, how many there are, and how many of them are somebody else's. */
function reliability(lines) {
  const cells = LENGTHS.slice(1).map(() => SCORES.slice(1).map(() => ({ turns: 0, wrong: 0 })));
  for (const { truth, told, enrolled } of lines) {
    for (const turn of told) {
      const spoken = (label) =>
        truth
          .filter((one) => one.label === label)
          .reduce((sum, { start, end }) => sum + Math.max(0, Math.min(end, turn.end) - Math.max(start, turn.start)), 0);
      const [speaker] = [...new Set(truth.map(({ label }) => label))].sort((a, b) => spoken(b) - spoken(a));
      const row = LENGTHS.findIndex((least, i) => turn.speechSeconds >= least && turn.speechSeconds < LENGTHS[i + 1]);
      const column = SCORES.findIndex((least, i) => turn.score >= least && turn.score < SCORES[i + 1]);
      if (!enrolled.includes(turn.label) || row < 0 || column < 0 || spoken(speaker) === 0) continue;
      cells[row][column].turns += 1;
      if (turn.label !== speaker) cells[row][column].wrong += 1;
    }
  }
  return cells;
}

/** The cells of all seeds together. */
function pooledReliability() {
  const sum = (row, column, key) => allReliability.reduce((total, cells) => total + cells[row][column][key], 0);
  return LENGTHS.slice(1).map((_, row) =>
    SCORES.slice(1).map((_, column) => ({ turns: sum(row, column, 'turns'), wrong: sum(row, column, 'wrong') })),
  );
}

function printReliability(set, cells) {
  console.log(`\nFinal turns with a name that are another person's, by speech and score:\n`);
  console.log(`| ${set} | score below .5 | .5 to .8 | .8 to .95 | .95 and more |\n|---|---|---|---|---|`);
  for (const [row, columns] of cells.entries()) {
    const shown = columns.map(({ turns, wrong }) => (turns === 0 ? '-' : `${wrong} of ${turns}`));
    const until = Number.isFinite(LENGTHS[row + 1]) ? `to ${LENGTHS[row + 1]} s` : 's and more';
    console.log(`| ${LENGTHS[row]} ${until} | ${shown.join(' | ')} |`);
  }
}

/** Share of all speech that is told under the name of an enrolled person who does not speak then. */
function wrongNamePercent(lines, timeline, isCounted = () => true) {
  let [wrong, all] = [0, 0];
  for (const { truth, enrolled, ...timelines } of lines) {
    for (const { start, end, label } of truth) {
      all += end - start;
      for (const turn of timelines[timeline].filter(isCounted)) {
        if (turn.label === label || !enrolled.includes(turn.label)) continue;
        const [from, to] = [Math.max(start, turn.start), Math.min(end, turn.end)];
        const isSpeakingToo = truth.some((one) => one.label === turn.label && one.start < to && one.end > from);
        if (!isSpeakingToo) wrong += Math.max(0, to - from);
      }
    }
  }
  return (100 * wrong) / all;
}

function quantile(items, share) {
  const sorted = [...items].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

function report(set, heard) {
  const lines = heard.map((one) => ({ ...one, ...timelines(one) }));
  const error = (timeline, options, label = 'label', of = lines) =>
    diarizationPercent(
      of.map((one) =>
        diarizationErrorOf(
          one.truth,
          one[timeline].map((turn) => ({ ...turn, label: turn[label] })),
          { enrolled: one.enrolled, unscored: [], ...options },
        ),
      ),
    );
  const percent = (value) => value.toFixed(1);
  const figures = {};
  for (const collarMs of [250, 0]) {
    for (const timeline of ['told', 'corrected', ...(values.offline ? ['offline'] : [])]) {
      const named = error(timeline, { collarMs, isNamed: true });
      const der = error(timeline, { collarMs }, 'voice');
      const parts = [der.missedPercent, der.falseAlarmPercent, der.confusionPercent].map(percent).join(' / ');
      figures[`named error, collar ${collarMs / 1000} s, ${timeline}, %`] = named.derPercent;
      figures[`DER, collar ${collarMs / 1000} s, ${timeline}, %`] = der.derPercent;
      console.log(
        `${set}, collar ${collarMs / 1000} s, ${timeline}: named error ${percent(named.derPercent)} %, DER ${percent(der.derPercent)} % (missed / false alarm / confusion ${parts})`,
      );
    }
  }
  for (const one of values.verbose ? lines : []) {
    const named = error('told', { collarMs: 250, isNamed: true }, 'label', [one]);
    console.log(`  ${one.name}: named error ${percent(named.derPercent)} %`);
  }
  const toName = heard.flatMap(secondsToName);
  const finals = heard.flatMap(({ events }) => events.filter(({ turn }) => turn?.isFinal));
  const delays = finals.map(({ knownAt, turn }) => knownAt - turn.end);
  const shown = heard.flatMap(({ events }) => namesShown(events));
  const wrong = shown.filter((names) =>
    names.some((name, i) => name !== null && names.slice(i + 1).some((next) => next !== name)),
  );
  const switches = shown.reduce(
    (sum, names) => sum + names.filter((name, i) => i > 0 && name !== names[i - 1]).length,
    0,
  );
  const seconds = heard.reduce((sum, one) => sum + one.seconds, 0);
  const cpu = heard.reduce((sum, one) => sum + one.cpuSeconds, 0) / seconds;
  console.log(
    `${set}: first right name after ${quantile(toName, 0.5).toFixed(2)} s (median), ${quantile(toName, 0.9).toFixed(2)} s (p90); ` +
      `${toName.filter(Number.isFinite).length} of ${toName.length} turns of enrolled people named; ` +
      `final after the turn's end ${quantile(delays, 0.5).toFixed(2)} s (median), ${quantile(delays, 0.9).toFixed(2)} s (p90), ${quantile(delays, 0.99).toFixed(2)} s (p99)`,
  );
  console.log(
    `${set}: ${shown.length} turns, ${percent((100 * wrong.length) / shown.length)} % with a name shown and then corrected, ${switches} changes of label; ` +
      `${heard.length} conversations, ${seconds.toFixed(0)} s, CPU ${cpu.toFixed(4)} of real time`,
  );
  allReliability.push(reliability(lines));
  return {
    ...figures,
    'wrong name, % of speech': wrongNamePercent(lines, 'told'),
    'wrong name said to be sure, % of speech': wrongNamePercent(lines, 'told', ({ isSure }) => isSure),
    ...(values.offline ? { 'wrong name offline, % of speech': wrongNamePercent(lines, 'offline') } : {}),
    'first right name, median s': quantile(toName, 0.5),
    'turns of enrolled people named, %': (100 * toName.filter(Number.isFinite).length) / toName.length,
    'turns with a name shown and then corrected, %': (100 * wrong.length) / shown.length,
    'CPU, part of real time': cpu,
  };
}
