// Samples for measuring the enrolment gate, made of the corpus: one person, two people, noise, overload. All in memory.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { corpusFolder, openFile } from './speakerModel.mjs';

export const RATE_HZ = 16_000;
/** Room noise in the pauses between utterances, some 60 dB below speech: an edit's digital silence is no recording. */
const PAUSE_AMPLITUDE = 1e-3;

/** Numbers in [0, 1) that are the same in every run (a linear congruence, Numerical Recipes' constants). */
export function randomNumbers(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

export function corpusRows(set, split) {
  const lines = readFileSync(join(corpusFolder, 'manifest.jsonl'), 'utf8').trim().split('\n');
  return lines.map((line) => JSON.parse(line)).filter((row) => row.set === set && row.split === split && row.speaker);
}

/** People of some sets, an utterance a row, as a manifest for calibrateModel. */
export const peopleOf = (sets, split) =>
  sets
    .flatMap((set) => corpusRows(set, split))
    .flatMap(({ file, speaker, utterances }) =>
      utterances.map(([from, to, session]) => ({
        speaker,
        file: join(corpusFolder, file),
        start: from / RATE_HZ,
        end: to / RATE_HZ,
        ...(session === undefined ? {} : { session: String(session) }),
      })),
    );

export const writeManifest = (path, rows) =>
  writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));

export async function decode(path) {
  const recording = await openFile(path);
  try {
    const frames = [];
    for await (const { samples } of recording.frames()) frames.push(samples.slice());
    return joined(frames);
  } finally {
    await recording[Symbol.asyncDispose]();
  }
}

/** Steady noises: one that comes and goes leaves the speech between clean. */
const STEADY = ['background', 'esc10/rain', 'esc10/sea-waves', 'esc10/helicopter', 'esc10/chainsaw'];

export async function noises(count) {
  const files = STEADY.flatMap((name) => {
    const folder = join(corpusFolder, 'noise', name);
    return readdirSync(folder, { recursive: true })
      .filter((file) => file.endsWith('.opus'))
      .sort()
      .map((file) => join(folder, file));
  });
  const step = Math.max(1, Math.floor(files.length / count));
  return Promise.all(Array.from({ length: count }, (_, i) => decode(files[(i * step) % files.length])));
}

export function joined(pieces) {
  const out = new Float32Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}

/** Utterances of one occasion from number `first` on, with pauses of .2 to .8 s between, cut to `seconds`. */
export function soloSample(row, audio, { seconds, first, random }) {
  const session = row.utterances[first][2];
  const own = row.utterances.filter((utterance) => utterance[2] === session);
  const from = own.indexOf(row.utterances[first]);
  const pieces = [];
  let length = 0;
  for (let i = 0; i < own.length && length < seconds * RATE_HZ; i += 1) {
    const [start, end] = own[(from + i) % own.length];
    const pause = Float32Array.from(
      { length: Math.round((0.2 + 0.6 * random()) * RATE_HZ) },
      () => (random() - 0.5) * PAUSE_AMPLITUDE,
    );
    pieces.push(audio.subarray(start, end), pause);
    length += end - start + pause.length;
  }
  return joined(pieces).slice(0, seconds * RATE_HZ);
}

export function withNoise(samples, noise, snrDb) {
  const power = (x) => x.reduce((sum, value) => sum + value * value, 0) / x.length;
  const cut = Float32Array.from(samples, (_, i) => noise[i % noise.length]);
  const gain = Math.sqrt(power(samples) / Math.max(power(cut), 1e-12) / 10 ** (snrDb / 10));
  return samples.map((value, i) => value + gain * cut[i]);
}

/** Overload: amplified until `share` of the samples lie beyond full scale, and cut off there. */
export function overloaded(samples, share) {
  const sorted = samples.map(Math.abs).sort();
  const gain = 1 / Math.max(sorted[Math.floor((1 - share) * (sorted.length - 1))], 1e-6);
  return samples.map((value) => Math.max(-1, Math.min(1, gain * value)));
}
