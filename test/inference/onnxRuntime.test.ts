import { createRequire } from 'node:module';
import { afterEach, expect, test, vi } from 'vitest';
import { dot } from '../../src/core/vector.js';
import { ModelStore } from '../../src/inference/modelStore.js';
import { openRuntime, RUNTIME_KINDS, type RuntimeKind } from '../../src/inference/onnxRuntime.js';
import { SpeakerEmbedder } from '../../src/inference/speakerEmbedder.js';
import { SegmentationNet } from '../../src/speech/segmentationNet.js';
import { SileroVad } from '../../src/speech/sileroVad.js';

const LEAST_COSINE = 0.9999;
/** Of an activity of 0..255: what rounding the last digit of a probability may change. */
const MOST_ACTIVITY_APART = 1;
const MOST_PROBABILITY_APART = 1e-3;

afterEach(() => vi.unstubAllEnvs());

const store = await ModelStore.open();

/** A voice-like sound whose pitch moves, with noise. */
function sound(length: number): Float32Array<ArrayBuffer> {
  let state = 1;
  return Float32Array.from({ length }, (_, i) => {
    state = (Math.imul(1664525, state) + 1013904223) >>> 0;
    const phase = 2 * Math.PI * (140 * (i / 16_000) + 3 * Math.sin((2 * Math.PI * 1.5 * i) / 16_000));
    return 0.1 * (Math.sin(phase) + Math.sin(7 * phase) / 3) + 0.01 * (state / 2 ** 31 - 1);
  });
}

/** What `work` gives on each runtime. */
async function onBoth<T>(work: () => Promise<T>): Promise<Record<RuntimeKind, T>> {
  const results: Partial<Record<RuntimeKind, T>> = {};
  for (const kind of RUNTIME_KINDS) {
    vi.stubEnv('VOICE_PRINTS_RUNTIME', kind);
    expect((await openRuntime()).kind).toBe(kind);
    results[kind] = await work();
  }
  return results as Record<RuntimeKind, T>;
}

const mostApart = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);

test.each(['voice-prints-1', 'voice-prints-2'])('%s gives the same vectors on both runtimes', async (id) => {
  const model = await store.resolve(id);
  const windows = [24_000, 16_000, 32_000].map((length, i) => ({
    startSample: 4_000 * i,
    endSample: 4_000 * i + length,
  }));
  const { native, wasm } = await onBoth(async () => {
    const embedder = await SpeakerEmbedder.open(model);
    return embedder.embed([{ samples: sound(64_000), windows }]);
  });
  native.forEach((vector, i) => {
    expect(dot(vector, wasm[i]!)).toBeGreaterThan(LEAST_COSINE);
  });
});

test('the segmentation model gives the same activity on both runtimes', async () => {
  const model = (await store.resolveSegmentation())!;
  const { native, wasm } = await onBoth(async () => (await SegmentationNet.open(model)).activity(sound(160_000)));
  expect(mostApart(native, wasm)).toBeLessThanOrEqual(MOST_ACTIVITY_APART);
});

test('voice activity is the same on both runtimes', async () => {
  const path = createRequire(import.meta.url).resolve('#silero-vad');
  const { native, wasm } = await onBoth(async () => (await SileroVad.open(path)).detect(sound(160_000), undefined));
  expect(mostApart(native.probabilities, wasm.probabilities)).toBeLessThan(MOST_PROBABILITY_APART);
});

test('without a wish it is the native one, where it can be loaded', async () => {
  vi.stubEnv('VOICE_PRINTS_RUNTIME', '');
  expect(await openRuntime()).toMatchObject({ kind: 'native' });
});

test('another value is CONFIG_INVALID', async () => {
  vi.stubEnv('VOICE_PRINTS_RUNTIME', 'cuda');
  await expect(openRuntime()).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
});
