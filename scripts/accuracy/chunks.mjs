// Names in conversations that come in chunks, as over gRPC, with the built engine:
//   node scripts/accuracy/chunks.mjs [--seconds 5] [--model ID|FILE] [--seed 3] [--count 4] [--out FOLDER] [--python python3] [learner telephone]
// Four ways to answer: the whole recording at once; every chunk with what was heard before it in mind; every chunk by itself;
// a live session that the audio is pushed into (its final turns). Conversations as in dialogues.mjs; 16-bit samples at 16 kHz.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { diarizationErrorOf, diarizationPercent } from '../../dist/src/evaluation/diarizationError.js';
import { parseRttm } from '../../dist/src/evaluation/rttm.js';
import { createEngine } from '../../dist/src/index.js';
import { PushedAudio } from '../../dist/src/live.js';
import { corpusFolder } from './speakerModel.mjs';

const { values, positionals } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5' },
    model: { type: 'string' },
    seed: { type: 'string', default: '3' },
    count: { type: 'string', default: '4' },
    out: { type: 'string', default: join(tmpdir(), 'voice-prints-accuracy') },
    python: { type: 'string', default: 'python3' },
  },
  allowPositionals: true,
});
const rawFormat = { encoding: 's16le', sampleRateHz: 16_000, channels: 1 };
const chunkBytes = Number(values.seconds) * 32_000;

/** Segments of a recording of 16-bit samples without a header. */
const WAYS = {
  whole: async (engine, samples) =>
    (await engine.identify({ source: { kind: 'bytes', bytes: samples, rawFormat } })).segments,
  chunks: async (engine, samples) => {
    const session = engine.identifyChunks({});
    return inChunks(samples, (source) => session.identify({ source }));
  },
  'each chunk alone': (engine, samples) =>
    inChunks(samples, (source, startSeconds) => engine.identifyChunks({}).identify({ source, startSeconds })),
  'live session': async (engine, samples) => {
    const audio = new PushedAudio({ ...rawFormat, bufferMs: 3_600_000 });
    audio.push(samples);
    audio.end();
    const turns = new Map();
    for await (const event of engine.watch({ audio }).events()) {
      if (event.type === 'turn' && event.turn.isFinal) turns.set(event.turn.turnId, event.turn);
    }
    return [...turns.values()];
  },
};

async function inChunks(samples, identify) {
  const segments = [];
  for (let at = 0; at < samples.length; at += chunkBytes) {
    const source = { kind: 'bytes', bytes: samples.subarray(at, at + chunkBytes), rawFormat };
    segments.push(...(await identify(source, at / 32_000)).segments);
  }
  return segments;
}

function dialogueFolder(set) {
  const folder = join(values.out, `${set}-${values.seed}-${values.count}`);
  if (existsSync(join(folder, `${String(values.count - 1).padStart(2, '0')}.json`))) return folder;
  mkdirSync(folder, { recursive: true });
  const program = join(corpusFolder, '../tools/dialogues.py');
  const made = [
    program,
    join(corpusFolder, `dev-${set}.jsonl`),
    folder,
    '--count',
    values.count,
    '--seed',
    values.seed,
  ];
  execFileSync(values.python, made, { stdio: 'inherit' });
  return folder;
}

async function answersOf(folder, name) {
  const storeDirectory = mkdtempSync(join(tmpdir(), 'voice-prints-store-'));
  const engine = await createEngine({
    storeDirectory,
    workerThreads: 1,
    ...(values.model ? { model: values.model } : {}),
  });
  try {
    const { enrolled } = JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8'));
    const speakerOf = new Map();
    for (const [speaker, files] of Object.entries(enrolled)) {
      const speakerId = speaker.replaceAll(/\W/g, '_');
      speakerOf.set(speakerId, speaker);
      const samples = files.map((file) => ({ kind: 'file', path: join(folder, file), label: file }));
      await engine.enroll({ speakerId, samples });
    }
    const samples = readFileSync(join(folder, `${name}.wav`)).subarray(44);
    const truth = parseRttm(readFileSync(join(folder, `${name}.rttm`), 'utf8'));
    const answers = {};
    for (const [way, answer] of Object.entries(WAYS)) {
      const before = process.cpuUsage();
      const turns = (await answer(engine, samples)).map(({ start, end, speakerId, cluster, decision }) => ({
        start,
        end,
        // What gRPC answers: a name only where it is sure.
        label: decision === 'identified' ? (speakerOf.get(speakerId) ?? speakerId) : (cluster ?? 'unknown'),
      }));
      const { user, system } = process.cpuUsage(before);
      const error = (collarMs) =>
        diarizationErrorOf(truth, turns, { collarMs, isNamed: true, enrolled: Object.keys(enrolled) });
      answers[way] = {
        errors: { 0: error(0), 250: error(250) },
        cpu: (user + system) / 1e6,
        seconds: samples.length / 32_000,
      };
    }
    return answers;
  } finally {
    await engine[Symbol.asyncDispose]();
    rmSync(storeDirectory, { recursive: true, force: true });
  }
}

for (const set of positionals.length > 0 ? positionals : ['learner', 'telephone']) {
  const folder = dialogueFolder(set);
  const names = readdirSync(folder).filter((name) => /^\d+\.json$/.test(name));
  const all = [];
  for (const name of names.sort()) all.push(await answersOf(folder, name.replace('.json', '')));
  for (const way of Object.keys(WAYS)) {
    const percent = (collarMs) =>
      diarizationPercent(all.map((answers) => answers[way].errors[collarMs])).derPercent.toFixed(1);
    const sum = (of) => all.reduce((total, answers) => total + of(answers[way]), 0);
    const cpu = sum((answer) => answer.cpu) / sum((answer) => answer.seconds);
    console.log(
      `${set}, ${way}: named error ${percent(250)} % (collar .25 s), ${percent(0)} % (none), CPU ${cpu.toFixed(4)} of real time`,
    );
  }
}
