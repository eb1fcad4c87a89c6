import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { dot } from '../../src/core/vector.js';
import { ModelStore } from '../../src/inference/modelStore.js';
import { SpeakerEmbedder } from '../../src/inference/speakerEmbedder.js';

/** Vectors of other people's programs; made by makeEmbedding.py beside it. */
const golden: { readonly length: number; readonly models: Readonly<Record<string, readonly number[]>> } = JSON.parse(
  readFileSync(new URL('../fixtures/embedding/golden.json', import.meta.url), 'utf8'),
);

/** The signal of makeEmbedding.py. */
function goldenSignal(length: number): Float32Array {
  const samples = new Float32Array(length);
  let state = 1;
  for (let i = 0; i < length; i += 1) {
    state = (Math.imul(1664525, state) + 1013904223) >>> 0;
    const t = i / 16_000;
    const phase = 2 * Math.PI * (140 * t + 3 * Math.sin(2 * Math.PI * 1.5 * t));
    let buzz = 0;
    for (let k = 1; k <= 20; k += 1) buzz += Math.sin(k * phase) / k;
    samples[i] = 0.1 * (1 + Math.sin(2 * Math.PI * 3 * t)) * buzz + 0.001 * (state / 2 ** 31 - 1);
  }
  return samples;
}

/** Cosine to the reference; twenty utterances of real speech gave .9999999 or more. */
const LEAST_COSINE = 0.9999;

test.each(Object.entries(golden.models))('%s gives the vector that Python gives', async (id, expected) => {
  const store = await ModelStore.open();
  const embedder = await SpeakerEmbedder.open(await store.resolve(id));
  const samples = goldenSignal(golden.length);
  const [vector] = await embedder.embed([{ samples, windows: [{ startSample: 0, endSample: samples.length }] }]);
  expect(vector!.length).toBe(expected.length);
  expect(Math.abs(dot(vector!, vector!) - 1)).toBeLessThan(1e-5);
  expect(dot(vector!, Float32Array.from(expected))).toBeGreaterThan(LEAST_COSINE);
});

test('a window inside speech gives the vector of the same audio alone', async () => {
  const store = await ModelStore.open();
  const embedder = await SpeakerEmbedder.open(await store.resolve('voice-prints-1'));
  const samples = goldenSignal(golden.length);
  const window = { startSample: 8000, endSample: 32_000 }; // on the 10-ms grid, where nothing is rounded
  const short = { startSample: 4000, endSample: 20_000 };
  const [inside, other] = await embedder.embed([{ samples, windows: [window, short] }]);
  const alone = samples.slice(window.startSample, window.endSample);
  const [expected] = await embedder.embed([{ samples: alone, windows: [{ startSample: 0, endSample: alone.length }] }]);
  expect(dot(inside!, expected!)).toBeGreaterThan(LEAST_COSINE);
  expect(dot(inside!, other!)).toBeLessThan(LEAST_COSINE);
});

test('batches do not mix windows up: many lengths and stretches come out in order', async () => {
  const store = await ModelStore.open();
  const embedder = await SpeakerEmbedder.open(await store.resolve('voice-prints-1'));
  const samples = goldenSignal(golden.length);
  const windows = Array.from({ length: 20 }, (_, i) => {
    const startSample = 1600 * (i % 8);
    return { startSample, endSample: startSample + (i % 3 === 0 ? 16_000 : 24_000) };
  });
  const together = await embedder.embed([
    { samples, windows },
    { samples, windows: windows.slice(0, 3) },
  ]);
  expect(together.length).toBe(23);
  for (const [i, window] of [...windows, ...windows.slice(0, 3)].entries()) {
    const [single] = await embedder.embed([{ samples, windows: [window] }]);
    expect(dot(together[i]!, single!)).toBeGreaterThan(0.99999);
  }
});
