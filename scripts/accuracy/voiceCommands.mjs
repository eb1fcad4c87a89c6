// Who spoke a command of two seconds, asked as the Wyoming server asks, with the built engine:
//   node scripts/accuracy/voiceCommands.mjs [--seeds 1,2,3] [--presets 1] [--commands 8] [--enrol 12] [--live] [learner words]
// Five people are enrolled from --enrol seconds of speech; commands are two seconds of other utterances of theirs, and of everybody else
// of the set (strangers), with .3 s before and .7 s after them in which nobody speaks. `learner`: sentences into telephones in
// quiet rooms, all of one person on one occasion; `words`: one-word recordings of other occasions each, two or three joined to two
// seconds. Every seed has other people. "ms" is the time from the end of a command to the name. --live names the same commands by a
// live stream (engine.watch), for comparison.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { SpeakerOfCommand } from '../../dist/src/api/wyoming/commandSpeaker.js';
import { createEngine } from '../../dist/src/engine/createEngine.js';
import { wholeRecording } from '../../dist/src/engine/recording/wholeRecording.js';
import { PushedAudio } from '../../dist/src/live.js';
import { corpusFolder, openFile } from './speakerModel.mjs';

const { values, positionals } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1,2,3' },
    presets: { type: 'string', default: '1' },
    commands: { type: 'string', default: '8' },
    enrol: { type: 'string', default: '12' },
    live: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});
const RATE = 16_000;
const PEOPLE = 5;
const COMMAND_SAMPLES = 2 * RATE;
const STRANGER_COMMANDS = 3;
const FORMAT = { encoding: 's16le', sampleRateHz: RATE, channels: 1 };
const SETS = { learner: 'speechocean762', words: 'commands' };

const rows = readFileSync(join(corpusFolder, 'manifest.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line));

for (const set of positionals.length > 0 ? positionals : Object.keys(SETS)) {
  const people = await peopleOf(set);
  const figures = [];
  for (const seed of values.seeds.split(',').map(Number)) figures.push(...(await measure(people, seed)));
  for (const how of new Set(figures.map((one) => one.how)))
    summary(
      set,
      how,
      figures.filter((one) => one.how === how),
    );
}

/** Everybody of the development split with enough speech: samples to enrol from, and commands. */
async function peopleOf(set) {
  const people = [];
  for (const { file, speaker, utterances } of rows.filter((row) => row.set === SETS[set] && row.split === 'dev')) {
    const audio = await wholeRecording(await openFile(join(corpusFolder, file)));
    const parts = utterances.map(([start, end]) => audio.subarray(start, end));
    const enrolment = taken(parts, Number(values.enrol) * RATE);
    const commands = [];
    for (let rest = parts.slice(enrolment.length); rest.length > 0; ) {
      const own = taken(rest, COMMAND_SAMPLES);
      rest = rest.slice(own.length);
      const joined = join16(own);
      if (joined.length >= COMMAND_SAMPLES) commands.push(joined.subarray(0, COMMAND_SAMPLES));
    }
    // Of a stranger even what others would be enrolled from is a command.
    const strange = [];
    for (let rest = parts; rest.length > 0 && strange.length < STRANGER_COMMANDS; ) {
      const own = taken(rest, COMMAND_SAMPLES);
      rest = rest.slice(own.length);
      const joined = join16(own);
      if (joined.length >= COMMAND_SAMPLES) strange.push(joined.subarray(0, COMMAND_SAMPLES));
    }
    people.push({ speaker, enrolment: join16(enrolment), commands, strange });
  }
  return people;
}

/** The first parts that are together at least so long. */
function taken(parts, samples) {
  let length = 0;
  const end = parts.findIndex((part) => {
    length += part.length;
    return length >= samples;
  });
  return end < 0 ? parts : parts.slice(0, end + 1);
}

/** Figures of one seed: one for each preset, and for live streams. */
async function measure(people, seed) {
  const shuffled = shuffle(people, seed);
  const enrolled = [];
  const storeDirectory = mkdtempSync(join(tmpdir(), 'voice-prints-store-'));
  const engine = await createEngine({ storeDirectory, workerThreads: 1 });
  try {
    for (const person of shuffled) {
      if (enrolled.length === PEOPLE) break;
      if (person.commands.length < Number(values.commands)) continue;
      const speakerId = person.speaker.replaceAll(/\W/g, '_');
      const source = { kind: 'bytes', bytes: bytesOf(person.enrolment), rawFormat: FORMAT };
      const { status } = await engine.enroll({ speakerId, samples: [source] });
      if (status !== 'rejected') enrolled.push({ ...person, speakerId });
    }
    const named = new Set(enrolled.map(({ speaker }) => speaker));
    const strangers = shuffled.filter(({ speaker }) => !named.has(speaker));
    const trials = [
      ...enrolled.flatMap((one) =>
        one.commands.slice(0, Number(values.commands)).map((samples) => ({ ...one, samples })),
      ),
      ...strangers.flatMap((one) => one.strange.map((samples) => ({ speaker: one.speaker, samples }))),
    ].map((trial, at) => ({ ...trial, samples: withRoom(trial.samples, seed * 10_000 + at) }));
    const figures = [];
    await heard(trials.slice(0, 1), (samples) => told(engine, samples, 1)); // loads the networks
    for (const preset of values.presets.split(',').map(Number)) {
      figures.push({ how: `preset ${preset} %`, ...(await heard(trials, (samples) => told(engine, samples, preset))) });
    }
    if (values.live) figures.push({ how: 'live stream', ...(await heard(trials, (samples) => live(engine, samples))) });
    return figures;
  } finally {
    await engine[Symbol.asyncDispose]();
    rmSync(storeDirectory, { recursive: true, force: true });
  }
}

async function heard(trials, identify) {
  const answers = [];
  const times = [];
  for (const trial of trials) {
    const before = performance.now();
    answers.push({ ...trial, answer: await identify(trial.samples) });
    times.push(performance.now() - before);
  }
  const own = answers.filter(({ speakerId }) => speakerId !== undefined);
  const strange = answers.filter(({ speakerId }) => speakerId === undefined);
  const percent = (of, is) => (100 * of.filter(is).length) / of.length;
  times.sort((a, b) => a - b);
  return {
    'named rightly %': percent(own, ({ answer, speakerId }) => answer.speakerId === speakerId),
    'named as another %': percent(own, ({ answer, speakerId }) => answer.speakerId && answer.speakerId !== speakerId),
    'strangers named %': percent(strange, ({ answer }) => answer.speakerId),
    'no speech found %': percent(answers, ({ answer }) => answer.decision === 'none'),
    'commands of strangers': strange.length,
    'ms, median': times[Math.floor(times.length / 2)],
    'ms, 95 of 100': times[Math.floor(times.length * 0.95)],
  };
}

async function told(engine, samples, falseAcceptPercent) {
  const command = new SpeakerOfCommand({ engine, tenantId: 'local', format: FORMAT, falseAcceptPercent });
  command.push(bytesOf(samples));
  return await command.end();
}

/** Whoever is named for most of the speech. */
async function live(engine, samples) {
  const audio = new PushedAudio(FORMAT);
  const session = engine.watch({ audio });
  audio.push(bytesOf(samples));
  audio.end();
  const seconds = new Map();
  for await (const event of session.events()) {
    if (event.type !== 'turn' || !event.turn.isFinal) continue;
    const { decision, speakerId, speechSeconds } = event.turn;
    const who = decision === 'identified' ? speakerId : null;
    seconds.set(who, (seconds.get(who) ?? 0) + speechSeconds);
  }
  const [most] = [...seconds].sort(([, a], [, b]) => b - a);
  return { decision: most ? 'heard' : 'none', speakerId: most?.[0] ?? null };
}

function summary(set, how, figures) {
  console.log(`${set}, ${how}, ${figures.length} seeds, mean ± standard deviation (least to most):`);
  for (const name of Object.keys(figures[0]).filter((key) => key !== 'how')) {
    const all = figures.map((one) => one[name]);
    const deviation = Math.sqrt(mean(all.map((value) => (value - mean(all)) ** 2)));
    const shown = [mean(all), deviation, Math.min(...all), Math.max(...all)].map((value) => value.toFixed(1));
    console.log(`  ${name}: ${shown[0]} ± ${shown[1]} (${shown[2]} to ${shown[3]})`);
  }
}

function mean(all) {
  return all.reduce((sum, value) => sum + value, 0) / all.length;
}

/** .3 s before and .7 s after, at some -60 dB: what a voice satellite sends around a command. */
function withRoom(samples, seed) {
  const random = randomOf(seed);
  const out = Float32Array.from({ length: samples.length + RATE }, () => (random() - 0.5) * 0.002);
  const start = Math.round(0.3 * RATE);
  for (const [i, value] of samples.entries()) out[start + i] += value;
  return out;
}

function join16(parts) {
  const out = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

function bytesOf(samples) {
  return new Uint8Array(Int16Array.from(samples, (value) => Math.max(-1, Math.min(1, value)) * 32_767).buffer);
}

function shuffle(list, seed) {
  const random = randomOf(seed);
  return list
    .map((one) => ({ one, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ one }) => one);
}

/** mulberry32 */
function randomOf(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
