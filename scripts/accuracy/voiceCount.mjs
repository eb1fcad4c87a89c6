// How many people speak, estimated with nobody enrolled, against the truth:
//   node scripts/accuracy/voiceCount.mjs [--seeds 1,2,3] [--people 1,2,3,4,5,6,7,8] [--count 3] [--seconds 120] [--known]
//     [--segmentation ID|FILE|off] [--model ID|FILE] [--python PROGRAM] [--out FOLDER] [--verbose] [learner telephone train train/emodb]
// Makes --count conversations of each number of people with the corpus' own program (Python with numpy, scipy and soundfile).
// A set may be limited to one corpus of it: train/emodb. With --known the engine is given the number of people (speakerCount). Prints a table for BENCHMARKS.md.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createEngine } from '../../dist/src/engine/createEngine.js';
import { diarizationErrorOf, diarizationPercent } from '../../dist/src/evaluation/diarizationError.js';
import { parseRttm } from '../../dist/src/evaluation/rttm.js';
import { corpusFolder } from './speakerModel.mjs';

const { values, positionals } = parseArgs({
  options: {
    model: { type: 'string' },
    segmentation: { type: 'string' },
    seeds: { type: 'string', default: '1,2,3' },
    people: { type: 'string', default: '1,2,3,4,5,6,7,8' },
    count: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '120' },
    known: { type: 'boolean', default: false },
    out: { type: 'string', default: join(tmpdir(), 'voice-prints-accuracy') },
    python: { type: 'string', default: 'python3' },
    verbose: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});

const seeds = values.seeds.split(',').map(Number);
const people = values.people.split(',').map(Number);

for (const set of positionals.length > 0 ? positionals : ['learner']) {
  const counted = [];
  const before = process.cpuUsage();
  for (const seed of seeds) for (const number of people) counted.push(...(await countIn(set, seed, number)));
  const { user, system } = process.cpuUsage(before);
  report(set, counted, (user + system) / 1e6);
}

/** The conversations of so many people of one seed, each with the true and the found number. */
async function countIn(set, seed, number) {
  const folder = conversations(set, seed, number);
  const storeDirectory = mkdtempSync(join(tmpdir(), 'voice-prints-store-'));
  const engine = await createEngine({
    storeDirectory,
    workerThreads: 1,
    ...(values.segmentation ? { segmentation: values.segmentation } : {}),
    ...(values.model ? { model: values.model } : {}),
  });
  try {
    const counted = [];
    for (const name of namesOf()) {
      const truth = parseRttm(readFileSync(join(folder, `${name}.rttm`), 'utf8'));
      const spoken = voicesOf(truth);
      const { segments, durationSeconds } = await engine.identify({
        source: { kind: 'file', path: join(folder, `${name}.wav`) },
        ...(values.known ? { speakerCount: spoken } : {}),
      });
      const turns = segments.map(({ start, end, cluster }) => ({ start, end, label: cluster }));
      const found = voicesOf(turns);
      if (values.verbose) {
        const [missing, others] = [secondsByVoice(truth), secondsByVoice(turns)];
        console.log(`  ${set} ${seed} ${name}: ${found} of ${spoken} (spoken ${missing}; found ${others})`);
      }
      counted.push({ seed, spoken, found, truth, turns, durationSeconds });
    }
    return counted;
  } finally {
    await engine[Symbol.asyncDispose]();
    rmSync(storeDirectory, { recursive: true, force: true });
  }
}

function namesOf() {
  return Array.from({ length: Number(values.count) }, (_, i) => String(i).padStart(2, '0'));
}

function conversations(set, seed, number) {
  const folder = join(values.out, `count-${set.replace('/', '-')}-${seed}-${number}-${values.count}-${values.seconds}`);
  if (existsSync(join(folder, `${namesOf().at(-1)}.json`))) return folder;
  mkdirSync(folder, { recursive: true });
  const maker = fileURLToPath(new URL('peopleTalking.py', import.meta.url));
  const options = ['--count', values.count, '--seed', String(100 * seed + number), '--seconds', values.seconds];
  const program = join(corpusFolder, '../tools/dialogues.py');
  execFileSync(values.python, [maker, program, String(number), manifestOf(set, folder), folder, ...options], {
    stdio: 'inherit',
  });
  return folder;
}

/** The speakers of a set, or of one corpus of it, in a file of the folder. */
function manifestOf(set, folder) {
  const [name, corpus = ''] = set.split('/');
  const rows = readFileSync(join(corpusFolder, name === 'train' ? 'train.jsonl' : `dev-${name}.jsonl`), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
    .filter(({ speaker }) => speaker.startsWith(corpus))
    .map((row) => JSON.stringify({ ...row, file: join(corpusFolder, row.file) }));
  const path = join(folder, 'manifest.jsonl');
  writeFileSync(path, rows.join('\n'));
  return path;
}

function voicesOf(segments) {
  return new Set(segments.map(({ label }) => label)).size;
}

function secondsByVoice(segments) {
  const seconds = new Map();
  for (const { label, start, end } of segments) seconds.set(label, (seconds.get(label) ?? 0) + end - start);
  return [...seconds.values()].map((value) => value.toFixed(1)).join(' ');
}

function report(set, counted, cpuSeconds) {
  console.log(`\n| ${set}: people | conversations | exactly % | within one % | found, mean | DER %, collar .25 s |`);
  console.log('|---|---|---|---|---|---|');
  for (const number of people)
    row(
      String(number),
      counted.filter(({ spoken }) => spoken === number),
    );
  row('all', counted);
  const perSeed = seeds.map((seed) =>
    percentWithin(
      counted.filter((one) => one.seed === seed),
      1,
    ),
  );
  const mean = perSeed.reduce((sum, value) => sum + value, 0) / seeds.length;
  const deviation = Math.sqrt(perSeed.reduce((sum, value) => sum + (value - mean) ** 2, 0) / seeds.length);
  const seconds = counted.reduce((sum, { durationSeconds }) => sum + durationSeconds, 0);
  console.log(
    `\n${set}, seeds ${seeds.join(', ')}: within one ${mean.toFixed(1)} ± ${deviation.toFixed(1)} % of conversations (mean and deviation of the seeds); ` +
      `${(seconds / 60).toFixed(0)} min, CPU ${(cpuSeconds / seconds).toFixed(4)} of real time`,
  );
}

function row(label, counted) {
  if (counted.length === 0) return;
  const errors = counted.map(({ truth, turns }) => diarizationErrorOf(truth, turns, { collarMs: 250 }));
  const found = counted.reduce((sum, one) => sum + one.found, 0) / counted.length;
  const columns = [percentWithin(counted, 0), percentWithin(counted, 1)].map((value) => value.toFixed(0));
  const der = diarizationPercent(errors).derPercent.toFixed(1);
  console.log(`| ${label} | ${counted.length} | ${columns.join(' | ')} | ${found.toFixed(1)} | ${der} |`);
}

function percentWithin(counted, most) {
  return (100 * counted.filter(({ spoken, found }) => Math.abs(found - spoken) <= most).length) / counted.length;
}
