// How alike two enrolment samples are that are one recording, and two that are not:
// node scripts/accuracy/sameRecording.mjs [--speakers N] [--seed N]
// One recording: saved again as MP3, Opus and AAC, at 44.1 kHz, quieter, cut by a second, and over the telephone. Two
// recordings: other utterances of the person cut to the same length, the same words said once more at the same pace, and one
// synthetic voice that reads two texts. Printed: quantiles of the cosine and of the difference in speech, and how many the enrolment gate takes for one recording.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { analyseSample } from '../../dist/src/engine/enrolment/analyseSample.js';
import { isSameRecording } from '../../dist/src/engine/enrolment/sameRecording.js';
import { corpusRows, decode, RATE_HZ, randomNumbers, soloSample } from './enrollSamples.mjs';
import { corpusFolder, openCompute } from './speakerModel.mjs';

const { values } = parseArgs({
  options: { speakers: { type: 'string', default: '40' }, seed: { type: 'string', default: '11' } },
});
const random = randomNumbers(Number(values.seed));
const compute = await openCompute();
const signal = new AbortController().signal;

function hear(samples, sampleRateHz) {
  const recording = {
    format: { container: 'raw', codec: undefined, sampleRateHz, channels: 1, durationMs: undefined },
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

const RAW = ['-f', 'f32le', '-ar', '16000', '-ac', '1'];
const decoded = ({ buffer, byteOffset, byteLength }) =>
  new Float32Array(buffer.slice(byteOffset, byteOffset + (byteLength & ~3)));

/** Through ffmpeg twice: encoded as `format` says, and decoded again. */
function savedAgain(samples, ...format) {
  const run = (input, args) =>
    spawnSync('ffmpeg', ['-v', 'error', ...args, 'pipe:1'], { input, maxBuffer: 2 ** 28 }).stdout;
  const encoded = run(Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength), [
    ...RAW,
    '-i',
    'pipe:0',
    ...format,
  ]);
  return decoded(run(encoded, ['-i', 'pipe:0', ...RAW]));
}

const COPIES = {
  'the same bytes': (samples) => samples,
  'MP3, 64 kbit/s': (samples) => savedAgain(samples, '-c:a', 'libmp3lame', '-b:a', '64k', '-f', 'mp3'),
  'Opus, 24 kbit/s': (samples) => savedAgain(samples, '-c:a', 'libopus', '-b:a', '24k', '-f', 'ogg'),
  'AAC, 64 kbit/s': (samples) => savedAgain(samples, '-c:a', 'aac', '-b:a', '64k', '-f', 'adts'),
  '44.1 kHz': (samples) => savedAgain(samples, '-ar', '44100', '-f', 'wav'),
  '12 dB quieter': (samples) => samples.map((value) => value / 4),
  'the first second cut off': (samples) => samples.slice(RATE_HZ),
  telephone: (samples) => savedAgain(samples, '-ar', '8000', '-c:a', 'pcm_mulaw', '-f', 'wav'),
};

const folder = mkdtempSync(join(tmpdir(), 'voice-prints-same-'));
const found = new Map();
function note(kind, one, other) {
  if (!one.embedding || !other.embedding) return;
  const cosine = one.embedding.reduce((sum, value, i) => sum + value * other.embedding[i], 0);
  const list = found.get(kind) ?? [];
  list.push({ cosine, gapMs: Math.abs(one.speechMs - other.speechMs), isSame: isSameRecording(one, other) });
  found.set(kind, list);
}

for (const set of ['speechocean762', 'librispeech', 'wuw2', 'emodb']) {
  const rows = [...corpusRows(set, 'train'), ...corpusRows(set, 'dev')]
    .sort(() => random() - 0.5)
    .slice(0, Number(values.speakers));
  for (const row of rows) {
    const audio = await decode(`${corpusFolder}/${row.file}`);
    const half = Math.ceil(row.utterances.length / 2);
    const sample = (utterances, seconds) => soloSample({ ...row, utterances }, audio, { seconds, first: 0, random });
    const original = sample(row.utterances.slice(0, half), 8 + 8 * random());
    const heard = await hear(original);
    for (const [kind, copy] of Object.entries(COPIES)) note(kind, heard, await hear(copy(original)));
    if (half === row.utterances.length) continue;
    // Other utterances, and as much of them, so that the length tells nothing.
    const other = sample(row.utterances.slice(half), original.length / RATE_HZ);
    note('another recording of the person', heard, await hear(other));
  }
}

// Long ones are more alike: the chance of each window averages out.
for (const set of ['gcompris', 'arabic_sc', 'speechocean762', 'emodb']) {
  const rows = corpusRows(set, 'train')
    .sort(() => random() - 0.5)
    .slice(0, Number(values.speakers));
  for (const row of rows) {
    const audio = await decode(`${corpusFolder}/${row.file}`);
    const half = Math.ceil(row.utterances.length / 2);
    const sample = (utterances) => soloSample({ ...row, utterances }, audio, { seconds: 45, first: 0, random });
    const heard = await hear(sample(row.utterances.slice(0, half)));
    note('another recording of the person, 45 s', heard, await hear(sample(row.utterances.slice(half))));
  }
}

// The same ten words, one every 1.2 s or with .3 s between: what two takes of a guided enrolment have in common at most.
const TAKES_OF_A_WORD = { arabic_sc: 4, fsdd: 15 };
for (const [set, takes] of Object.entries(TAKES_OF_A_WORD)) {
  for (const row of corpusRows(set, 'train').slice(0, Number(values.speakers))) {
    const audio = await decode(`${corpusFolder}/${row.file}`);
    for (const pace of ['one every 1.2 s', '.3 s between']) {
      const heard = [];
      for (const take of [0, 1]) heard.push(await hear(pacedWords(row, audio, { takes, take, pace })));
      note(`the same words once more, ${pace}`, ...heard);
    }
  }
}

function pacedWords({ utterances }, audio, { takes, take, pace }) {
  const words = utterances.filter((_, i) => i % takes === take).slice(0, 10);
  const out = Float32Array.from({ length: 20 * RATE_HZ }, () => (random() - 0.5) * 1e-3);
  let at = RATE_HZ / 2;
  for (const [i, [from, to]] of words.entries()) {
    if (pace === 'one every 1.2 s') at = RATE_HZ / 2 + i * 1.2 * RATE_HZ;
    for (let j = from; j < to && at + j - from < out.length; j += 1) out[at + j - from] += audio[j];
    at += to - from + 0.3 * RATE_HZ;
  }
  return out.slice(0, at);
}

const TEXTS = [
  'The quick brown fox jumps over the lazy dog, and then it goes home to sleep in the warm afternoon sun of the valley.',
  'Give every man thy ear, but few thy voice; take each man his censure, but reserve thy judgement, and be well dressed.',
  'Ships that pass in the night, and speak each other in passing, only a signal shown, and a distant voice in the dark.',
  'It was a bright cold day in April, and the clocks were striking, while the wind carried dust along the empty streets.',
];
for (const voice of ['slt', 'rms', 'awb', 'kal16']) {
  const read = TEXTS.map((text) => {
    const path = join(folder, 'read.wav');
    spawnSync('flite', ['-voice', voice, '-t', text, '-o', path]);
    return decoded(spawnSync('ffmpeg', ['-v', 'error', '-i', path, ...RAW, 'pipe:1'], { maxBuffer: 2 ** 26 }).stdout);
  });
  const shortest = Math.min(...read.map(({ length }) => length));
  const heard = [];
  for (const samples of read) heard.push(await hear(samples.slice(0, shortest)));
  for (let a = 0; a < heard.length; a += 1) {
    for (let b = a + 1; b < heard.length; b += 1) note('a synthetic voice, another text', heard[a], heard[b]);
  }
}

const quantiles = (numbers, digits) => {
  const sorted = [...numbers].sort((a, b) => a - b);
  return [0, 0.01, 0.05, 0.5, 0.95, 0.99, 1]
    .map((q) => sorted[Math.round(q * (sorted.length - 1))].toFixed(digits))
    .join(' ');
};
for (const [kind, pairs] of found) {
  const same = pairs.filter(({ isSame }) => isSame).length;
  console.log(`${kind}: ${same} of ${pairs.length} taken for one recording`);
  console.log(
    `  cosine ${quantiles(
      pairs.map(({ cosine }) => cosine),
      4,
    )}; speech differs by ${quantiles(
      pairs.map(({ gapMs }) => gapMs),
      0,
    )} ms`,
  );
}
rmSync(folder, { recursive: true });
await compute[Symbol.asyncDispose]();
