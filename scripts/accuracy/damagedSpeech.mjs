// The steps of the robustness ladder: speech as a telephone, a codec, a noisy place or a room leaves it. Deterministic.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decode, joined, noises, RATE_HZ, randomNumbers, withNoise } from './enrollSamples.mjs';
import { corpusFolder } from './speakerModel.mjs';

const GAP_SAMPLES = 4_800; // .3 s of silence between utterances, so that a codec does not smear one into the next
const SEARCHED_LAG = 1_600; // .1 s: what encoder and decoder may delay
/** Measured, but neither rooms nor microphones: a telephone's filter and a reversed reverberation. */
const NO_ROOMS = ['filter-telephone.flac', 'matrix6-backwards.flac'];

const FFMPEG = ['-hide_banner', '-loglevel', 'error', '-nostdin', '-y'];
const RAW = ['-f', 'f32le', '-ar', String(RATE_HZ), '-ac', '1'];

/** Name and function of every step; a function takes utterances and returns as many, of the same lengths. */
export const LADDER = [
  ['clean', (utterances) => utterances],
  ['G.711 (mu-law, 8 kHz)', (utterances) => coded(utterances, ['-ar', '8000', '-c:a', 'pcm_mulaw'], 'wav')],
  [
    'Opus 8 kbit/s',
    (utterances) => coded(utterances, ['-c:a', 'libopus', '-b:a', '8k', '-application', 'voip'], 'ogg'),
  ],
  ['MP3 16 kbit/s', (utterances) => coded(utterances, ['-c:a', 'libmp3lame', '-b:a', '16k'], 'mp3')],
  ['noise at 20 dB', (utterances) => inNoise(utterances, 20)],
  ['noise at 10 dB', (utterances) => inNoise(utterances, 10)],
  ['noise at 5 dB', (utterances) => inNoise(utterances, 5)],
  ['measured rooms', inRooms],
];

/** All utterances through one encoder and its decoder. */
function coded(utterances, encoder, extension) {
  const folder = mkdtempSync(join(tmpdir(), 'voice-prints-ladder-'));
  try {
    const [plain, packed, back] = ['plain.f32', `packed.${extension}`, 'back.f32'].map((name) => join(folder, name));
    const gap = new Float32Array(GAP_SAMPLES);
    const all = joined(utterances.flatMap((utterance) => [gap, utterance]));
    writeFileSync(plain, new Uint8Array(all.buffer));
    execFileSync('ffmpeg', [...FFMPEG, ...RAW, '-i', plain, ...encoder, packed]);
    execFileSync('ffmpeg', [...FFMPEG, '-i', packed, ...RAW, back]);
    const bytes = readFileSync(back);
    const decoded = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
    let at = lagOf(all, decoded);
    return utterances.map(({ length }) => {
      at += GAP_SAMPLES + length;
      return padded(decoded.subarray(Math.max(0, at - length), at), length);
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** By how many samples `late` comes after `early`: where the first ten seconds fit best. */
function lagOf(early, late) {
  const length = Math.min(10 * RATE_HZ, early.length - SEARCHED_LAG, late.length - SEARCHED_LAG);
  let best = { lag: 0, fit: Number.NEGATIVE_INFINITY };
  for (let lag = -SEARCHED_LAG; lag <= SEARCHED_LAG; lag += 1) {
    let fit = 0;
    for (let i = SEARCHED_LAG; i < length; i += 1) fit += early[i] * late[i + lag];
    if (fit > best.fit) best = { lag, fit };
  }
  return best.lag;
}

const padded = (samples, length) => {
  const out = new Float32Array(length);
  out.set(samples);
  return out;
};

let steadyNoises;

/** Steady noises of the corpus, another stretch for each utterance. */
async function inNoise(utterances, snrDb) {
  steadyNoises ??= await noises(12);
  const random = randomNumbers(5);
  return utterances.map((utterance, i) => {
    const noise = steadyNoises[i % steadyNoises.length];
    return withNoise(utterance, noise.subarray(Math.floor(random() * noise.length * 0.5)), snrDb);
  });
}

/** Each utterance in one of the corpus' rooms, as loud as before. */
async function inRooms(utterances) {
  const folder = join(corpusFolder, 'rir');
  const files = readdirSync(folder, { recursive: true })
    .filter((file) => file.endsWith('.flac') && !NO_ROOMS.some((name) => file.endsWith(name)))
    .sort();
  const rooms = await Promise.all(files.map((file) => decode(join(folder, file))));
  return utterances.map((utterance, i) => inRoom(utterance, rooms[i % rooms.length]));
}

function inRoom(samples, response) {
  const direct = response.reduce((peak, value, i) => (Math.abs(value) > Math.abs(response[peak]) ? i : peak), 0);
  const size = 2 ** Math.ceil(Math.log2(samples.length + response.length));
  const [a, b] = [samples, response].map((signal) => {
    const complex = { re: new Float64Array(size), im: new Float64Array(size) };
    complex.re.set(signal);
    return transformed(complex);
  });
  // The inverse transform is the forward one of the conjugate, conjugated; its scale goes into the loudness.
  const re = a.re.map((value, i) => value * b.re[i] - a.im[i] * b.im[i]);
  const im = a.re.map((value, i) => -(value * b.im[i] + a.im[i] * b.re[i]));
  const echoed = transformed({ re, im }).re.subarray(direct, direct + samples.length);
  const power = (signal) => signal.reduce((sum, value) => sum + value * value, 0);
  const gain = Math.sqrt(power(samples) / power(echoed));
  return Float32Array.from(echoed, (value) => value * gain);
}

/** Fourier transform in place, radix 2; the length is a power of two. */
function transformed({ re, im }) {
  const size = re.length;
  for (let i = 1, j = 0; i < size; i += 1) {
    let bit = size >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) {
      [re[i], re[j]] = [re[j], re[i]];
      [im[i], im[j]] = [im[j], im[i]];
    }
  }
  for (let length = 2; length <= size; length *= 2) {
    const half = length / 2;
    const cos = Float64Array.from({ length: half }, (_, k) => Math.cos((-2 * Math.PI * k) / length));
    const sin = Float64Array.from({ length: half }, (_, k) => Math.sin((-2 * Math.PI * k) / length));
    for (let from = 0; from < size; from += length) {
      for (let k = 0; k < half; k += 1) {
        const [p, q] = [from + k, from + k + half];
        const x = re[q] * cos[k] - im[q] * sin[k];
        const y = re[q] * sin[k] + im[q] * cos[k];
        re[q] = re[p] - x;
        im[q] = im[p] - y;
        re[p] += x;
        im[p] += y;
      }
    }
  }
  return { re, im };
}
