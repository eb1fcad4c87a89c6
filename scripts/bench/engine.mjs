/**
 * Where the CPU goes: seconds of one core a second of audio, stage by stage, of this process alone.
 *
 *   npm run build && node scripts/bench/engine.mjs RECORDING.wav [--rounds 5] [--sherpa FOLDER]
 *
 * --sherpa names a folder with node_modules/sherpa-onnx-node in it (npm i --prefix FOLDER sherpa-onnx-node); its speaker
 * embedding extractor then works on the same model and windows, in turn with ours, in this process.
 * Every stage runs alone and on one thread; the least of the rounds counts, since other programs only ever add.
 */
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { openRecording } from '../../dist/src/audio/openRecording.js';
import { Fbank, frameCount } from '../../dist/src/features/fbank.js';
import { copyFrames, framesOfWindow } from '../../dist/src/features/modelInput.js';
import { UNCALIBRATED } from '../../dist/src/identity/calibration.js';
import { resolveVoices } from '../../dist/src/identity/resolveVoices.js';
import { windowsOf } from '../../dist/src/identity/windowsOf.js';
import { ModelStore } from '../../dist/src/inference/modelStore.js';
import { SpeakerEmbedder } from '../../dist/src/inference/speakerEmbedder.js';
import { SileroVad } from '../../dist/src/speech/sileroVad.js';
import { NARROW_BAND_SEGMENTER, SpeechSegmenter } from '../../dist/src/speech/speechSegmenter.js';

const { values: options, positionals } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, sherpa: { type: 'string' }, model: { type: 'string' } },
  allowPositionals: true,
});
if (positionals.length !== 1) {
  console.error('usage: node scripts/bench/engine.mjs RECORDING.wav [--rounds 5] [--sherpa FOLDER] [--model ID]');
  process.exit(2);
}
const require = createRequire(import.meta.url);
const signal = new AbortController().signal;

/** CPU seconds of this process, all threads, that `work` takes, and what it gives. */
async function timed(work) {
  const before = process.cpuUsage();
  const result = await work();
  const { user, system } = process.cpuUsage(before);
  return { seconds: (user + system) / 1e6, result };
}

async function decode(path) {
  const limits = { maxBytes: 2 ** 31, maxDurationMs: 14_400_000, maxDecodeMs: 900_000 };
  const recording = await openRecording({ kind: 'file', path }, limits, signal);
  try {
    const frames = [];
    for await (const frame of recording.frames()) frames.push(frame.samples);
    return frames;
  } finally {
    await recording[Symbol.asyncDispose]();
  }
}

function join16k(frames) {
  const samples = new Float32Array(frames.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const frame of frames) {
    samples.set(frame, at);
    at += frame.length;
  }
  return samples;
}

/** Speech and its windows as the engine cuts them. */
function stretchesOf(samples, probabilities) {
  const segmenter = new SpeechSegmenter(NARROW_BAND_SEGMENTER);
  const spans = [...segmenter.push(probabilities), ...segmenter.flush(samples.length)];
  return spans
    .map(({ startSample, endSample }) => ({
      startSample,
      samples: samples.slice(startSample, endSample),
      windows: windowsOf({ startSample: 0, endSample: endSample - startSample }),
    }))
    .filter(({ samples: speech }) => speech.length >= 8000);
}

/** The features of every window, made exactly as SpeakerEmbedder makes them, and thrown away. */
function makeFeatures(fbank, stretches) {
  const { isSnippingEdges, melBands: bands } = fbank.options;
  for (const { samples, windows } of stretches) {
    const total = frameCount(samples.length, isSnippingEdges);
    const features = fbank.compute(samples);
    for (const window of windows) {
      const { firstFrame: firstRow, endFrame } = framesOfWindow(window, total, isSnippingEdges);
      const frames = endFrame - firstRow;
      copyFrames(features, { firstRow, frames, bands }, new Float32Array(frames * bands), {
        at: 0,
        isMeanSubtracted: true,
      });
    }
  }
}

function cluster(stretches, embeddings, dimensions) {
  const joined = new Float32Array(embeddings.length * dimensions);
  embeddings.forEach((embedding, row) => {
    joined.set(embedding, row * dimensions);
  });
  return resolveVoices({
    dimensions,
    embeddings: joined,
    windows: stretches.flatMap(({ startSample, windows }) =>
      windows.map((window) => ({
        startSample: startSample + window.startSample,
        endSample: startSample + window.endSample,
      })),
    ),
    speech: stretches.map(({ startSample, samples }) => ({ startSample, endSample: startSample + samples.length })),
    voices: [],
    calibration: UNCALIBRATED,
    falseAcceptPercent: 1,
    isNarrowBand: false,
  });
}

function sherpaEmbed(extractor, stretches) {
  return stretches.flatMap(({ samples, windows }) =>
    windows.map(({ startSample, endSample }) => {
      const stream = extractor.createStream();
      stream.acceptWaveform({ samples: samples.subarray(startSample, endSample), sampleRate: 16_000 });
      return extractor.compute(stream);
    }),
  );
}

const model = await (await ModelStore.open()).resolve(options.model);
const vad = await SileroVad.open(require.resolve('#silero-vad'));
const embedder = await SpeakerEmbedder.open(model);
const fbank = new Fbank(model.frontEnd);
let extractor;
if (options.sherpa) {
  const sherpa = createRequire(join(resolve(options.sherpa), 'package.json'))('sherpa-onnx-node');
  extractor = new sherpa.SpeakerEmbeddingExtractor({ model: model.path, numThreads: 1, debug: false, provider: 'cpu' });
}

const least = new Map();
const note = (stage, seconds) => least.set(stage, Math.min(seconds, least.get(stage) ?? Number.POSITIVE_INFINITY));
let audioSeconds = 0;
let stretches = [];
for (let round = 0; round < Number(options.rounds); round += 1) {
  const decoded = await timed(() => decode(positionals[0]));
  const samples = join16k(decoded.result);
  audioSeconds = samples.length / 16_000;
  note('decode', decoded.seconds);
  const detected = await timed(() => vad.detect(samples, undefined));
  note('voice activity (network)', detected.seconds);
  stretches = stretchesOf(samples, detected.result.probabilities);
  const features = await timed(() => makeFeatures(fbank, stretches));
  note('features', features.seconds);
  const embedded = await timed(() => embedder.embed(stretches));
  note('features + embedding', embedded.seconds);
  note('embedding (network)', embedded.seconds - features.seconds);
  if (extractor)
    note('sherpa-onnx features + embedding', (await timed(() => sherpaEmbed(extractor, stretches))).seconds);
  note('voices and turns', (await timed(() => cluster(stretches, embedded.result, model.dimensions))).seconds);
}

const windows = stretches.flatMap(({ windows: all }) => all);
const windowSeconds = windows.reduce((sum, { startSample, endSample }) => sum + endSample - startSample, 0) / 16_000;
console.log(
  `${audioSeconds.toFixed(0)} s of audio, ${windows.length} windows of ${windowSeconds.toFixed(0)} s in all, ` +
    `model ${model.id}, best of ${options.rounds} rounds`,
);
console.log('stage                             CPU s   a second of audio');
for (const [stage, seconds] of least) {
  console.log(`${stage.padEnd(32)} ${seconds.toFixed(3).padStart(7)}   ${(seconds / audioSeconds).toFixed(5)}`);
}
const networks = least.get('voice activity (network)') + least.get('embedding (network)');
const rest = least.get('decode') + least.get('features') + least.get('voices and turns');
console.log(`everything but the networks: ${((100 * rest) / networks).toFixed(0)} % of them`);
if (extractor) {
  const share = least.get('features + embedding') / least.get('sherpa-onnx features + embedding');
  console.log(`features + embedding: ${share.toFixed(2)} of the CPU of sherpa-onnx`);
}
