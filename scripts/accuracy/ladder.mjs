// The robustness ladder: equal error rates as speech is damaged more and more, one column per model, as a table in Markdown:
//   node scripts/accuracy/ladder.mjs [--models ID|FILE,…] [--utterances 4] [--manifest FILE.jsonl] [--resemblyzer PYTHON]
//     [--steps 1-8]
// Every person's utterances of 2 s or more, `--utterances` of them spread evenly, all pairs of the same step; whole
// utterances and their middle 2 s. Needs ffmpeg and the corpus. --resemblyzer names a Python that has that package
// (see resemblyzer.py); with --models none it is the only column.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { verify } from '../../dist/src/evaluation/verification.js';
import { LADDER } from './damagedSpeech.mjs';
import { decode, joined, RATE_HZ } from './enrollSamples.mjs';
import { corpusFolder, openCompute } from './speakerModel.mjs';

const { values } = parseArgs({
  options: {
    models: { type: 'string', default: '' },
    utterances: { type: 'string', default: '4' },
    manifest: { type: 'string', default: join(corpusFolder, 'dev-learner.jsonl') },
    resemblyzer: { type: 'string' },
    steps: { type: 'string', default: '1-8' },
  },
});
const MIDDLE_SECONDS = 2;
const [firstStep, lastStep] = values.steps.split('-').map(Number);
const signal = new AbortController().signal;

/** Rows of the manifest with their sound. */
async function chosenUtterances() {
  const rows = readFileSync(values.manifest, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const chosen = [];
  const files = new Map();
  for (const speaker of new Set(rows.map((row) => row.speaker))) {
    const own = rows.filter((row) => row.speaker === speaker && row.end - row.start >= MIDDLE_SECONDS);
    const count = Math.min(own.length, Number(values.utterances));
    chosen.push(...Array.from({ length: count }, (_, i) => own[Math.floor((i * own.length) / count)]));
  }
  for (const row of chosen) {
    const path = resolve(dirname(values.manifest), row.file);
    if (!files.has(path)) files.set(path, await decode(path));
    row.samples = files.get(path).slice(Math.round(row.start * RATE_HZ), Math.round(row.end * RATE_HZ));
  }
  return chosen;
}

/** A column: a name, and embeddings of sounds. */
async function productColumn(model) {
  const compute = await openCompute(model || undefined);
  return {
    name: compute.model.isBuiltIn ? compute.model.id : basename(compute.model.path, '.onnx'),
    embed: (sounds) =>
      compute.embed(
        sounds.map((sound) => ({ samples: sound.slice(), windows: [{ startSample: 0, endSample: sound.length }] })),
        signal,
      ),
    close: () => compute[Symbol.asyncDispose](),
  };
}

function resemblyzerColumn(python) {
  const folder = mkdtempSync(join(tmpdir(), 'voice-prints-resemblyzer-'));
  const [sounds, lengths, vectors] = ['sounds.f32', 'lengths.json', 'vectors.f32'].map((name) => join(folder, name));
  const program = fileURLToPath(new URL('./resemblyzer.py', import.meta.url));
  return {
    name: 'resemblyzer',
    embed: async (pieces) => {
      writeFileSync(sounds, new Uint8Array(joined(pieces).buffer));
      writeFileSync(lengths, JSON.stringify(pieces.map(({ length }) => length)));
      execFileSync(python, [program, sounds, lengths, vectors], { stdio: ['ignore', 'inherit', 'inherit'] });
      const bytes = readFileSync(vectors);
      const all = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
      const size = all.length / pieces.length;
      return pieces.map((_, i) => all.slice(i * size, (i + 1) * size));
    },
    close: async () => rmSync(folder, { recursive: true, force: true }),
  };
}

const middle = (samples) => {
  const from = (samples.length - MIDDLE_SECONDS * RATE_HZ) >> 1;
  return samples.slice(from, from + MIDDLE_SECONDS * RATE_HZ);
};

function errorsOf(rows, sounds, embeddings) {
  const utterances = rows.map(({ speaker, session }, i) => ({
    speaker,
    session: session === undefined ? undefined : String(session),
    embedding: embeddings[i],
    speechSeconds: sounds[i].length / RATE_HZ,
  }));
  return verify(utterances, undefined);
}

const rows = await chosenUtterances();
const models = values.models === 'none' ? [] : values.models.split(',');
const columns = await Promise.all(models.map(productColumn));
if (values.resemblyzer) columns.push(resemblyzerColumn(values.resemblyzer));
const startedAt = performance.now();
const line = (cells) => console.log(`| ${cells.join(' | ')} |`);
line(['EER %, whole / middle 2 s', ...columns.map(({ name }) => name)]);
line(['---', ...columns.map(() => '---')]);
let counts = '';
try {
  for (const [name, damage] of LADDER.slice(firstStep - 1, lastStep)) {
    const sounds = await damage(rows.map(({ samples }) => samples));
    const middles = sounds.map(middle);
    const cells = [];
    for (const column of columns) {
      const embeddings = await column.embed([...sounds, ...middles]);
      const whole = errorsOf(rows, sounds, embeddings);
      const short = errorsOf(rows, middles, embeddings.slice(rows.length));
      counts = `${whole.utterances} utterances of ${whole.speakers} people, ${whole.targets} pairs of one person, ${whole.nontargets} of two`;
      cells.push(`${whole.eerPercent.toFixed(1)} / ${short.eerPercent.toFixed(1)}`);
    }
    line([name, ...cells]);
  }
} finally {
  for (const column of columns) await column.close();
}
console.error(`${basename(values.manifest)}: ${counts}; ${((performance.now() - startedAt) / 1000).toFixed(0)} s`);
