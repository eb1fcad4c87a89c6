import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { LOCAL_VOICES } from '../../src/core/localVoices.js';
import { ModelStore } from '../../src/inference/modelStore.js';
import { framesOfChunk, SegmentationNet } from '../../src/speech/segmentationNet.js';

/** What Python says of the package's model; made by makeGolden.py beside it. */
const golden: { readonly model: string; readonly every: number; readonly activity: readonly (readonly number[])[] } =
  JSON.parse(readFileSync(new URL('../fixtures/segmentation/golden.json', import.meta.url), 'utf8'));

const RATE_HZ = 16_000;
const VOICES = [
  { hertz: 120, from: 0.5, to: 5 },
  { hertz: 210, from: 4, to: 8.5 },
];

/** The signal of makeGolden.py. */
function goldenSignal(length: number): Float32Array {
  const samples = new Float32Array(length);
  let state = 1;
  for (let i = 0; i < length; i += 1) {
    state = (Math.imul(1664525, state) + 1013904223) >>> 0;
    const t = i / RATE_HZ;
    let value = 0.001 * (state / 2 ** 31 - 1);
    for (const { hertz, from, to } of VOICES) {
      if (t < from || t >= to) continue;
      const phase = 2 * Math.PI * (hertz * t + 3 * Math.sin(2 * Math.PI * 1.5 * t));
      let buzz = 0;
      for (let k = 1; k <= 20; k += 1) buzz += Math.sin(k * phase) / k;
      value += 0.1 * (1 + Math.sin(2 * Math.PI * 3 * t)) * buzz;
    }
    samples[i] = value;
  }
  return samples;
}

/** Of a probability: activity is told in steps of 1/255, and the runtimes differ in their last digits. */
const TOLERANCE = 0.01;

test('the segmentation model of the package says what it says in Python, whatever the level', async () => {
  const model = (await (await ModelStore.open()).resolveSegmentation())!;
  expect(model).toMatchObject({ id: golden.model, isBuiltIn: true, frameShiftSamples: 320 });
  const net = await SegmentationNet.open(model);
  const samples = goldenSignal(model.windowSamples);
  for (const gain of [1, 0.03]) {
    const activity = await net.activity(samples.map((sample) => sample * gain));
    expect(activity.length).toBe(framesOfChunk(model) * LOCAL_VOICES);
    expect(golden.activity.length).toBe(framesOfChunk(model) / golden.every);
    golden.activity.forEach((voices, i) => {
      voices.forEach((expected, voice) => {
        const found = activity[i * golden.every * LOCAL_VOICES + voice]! / 255;
        expect(Math.abs(found - expected)).toBeLessThan(TOLERANCE);
      });
    });
  }
});
