import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dot } from '../../src/core/vector.js';
import { WorkerCompute } from '../../src/engine/compute/workerCompute.js';
import { ModelStore } from '../../src/inference/modelStore.js';
import { SpeakerEmbedder } from '../../src/inference/speakerEmbedder.js';

const never = new AbortController().signal;
let compute: WorkerCompute;

beforeAll(async () => {
  compute = new WorkerCompute({ model: await (await ModelStore.open()).resolve(), threads: 2 });
});
afterAll(() => compute[Symbol.asyncDispose]());

const buzz = (length: number, hz: number): Float32Array<ArrayBuffer> =>
  Float32Array.from({ length }, (_, i) => {
    const phase = (2 * Math.PI * hz * i) / 16_000;
    return 0.1 * (Math.sin(phase) + Math.sin(2 * phase) / 2 + Math.sin(5 * phase) / 3);
  });

const windowsEvery = (hop: number, length: number, count: number) =>
  Array.from({ length: count }, (_, i) => ({ startSample: i * hop, endSample: i * hop + length }));

describe('WorkerCompute: the networks in real threads', () => {
  test('speech probabilities of every whole hop, and a state that goes on', async () => {
    const first = await compute.detectSpeech(buzz(16_000, 150), undefined, never);
    expect(first.probabilities.length).toBe(31);
    expect(first.state.recurrent.length).toBe(256);
    expect(first.state.context.length).toBe(64);
    const second = await compute.detectSpeech(buzz(1024, 150), first.state, never);
    expect(second.probabilities.length).toBe(2);
    for (const p of [...first.probabilities, ...second.probabilities]) expect(p >= 0 && p <= 1).toBe(true);
  });

  test('embeddings in the requested order, over several tasks, equal to those of one thread', async () => {
    const pitches = [110, 150, 220]; // 90 windows: two tasks
    const windows = windowsEvery(800, 8000, 30);
    const spans = () => pitches.map((hz) => ({ samples: buzz(32_000, hz), windows }));
    const embeddings = await compute.embed(spans(), never);
    const direct = await (await SpeakerEmbedder.open(compute.model)).embed(spans());
    expect(embeddings.length).toBe(90);
    embeddings.forEach((embedding, i) => {
      expect(embedding.length).toBe(compute.model.dimensions);
      expect(dot(embedding, direct[i]!)).toBeGreaterThan(0.99999);
    });
  });

  test('nothing to embed is nothing', async () => {
    expect(await compute.embed([], never)).toEqual([]);
    expect(await compute.embed([{ samples: buzz(8000, 100), windows: [] }], never)).toEqual([]);
  });

  test('two spans on one buffer are both embedded', async () => {
    const samples = buzz(32_000, 180);
    const half = { startSample: 0, endSample: 16_000 };
    const [a, b] = await compute.embed(
      [
        { samples, windows: [half] },
        { samples, windows: [half] },
      ],
      never,
    );
    expect(dot(a!, b!)).toBeGreaterThan(0.99999);
  });

  test('an aborted call is ABORTED, and the next one works', async () => {
    const controller = new AbortController();
    const work = compute.embed(
      [{ samples: buzz(960_000, 120), windows: windowsEvery(4000, 24_000, 230) }],
      controller.signal,
    );
    controller.abort();
    await expect(work).rejects.toMatchObject({ code: 'ABORTED' });
    const { probabilities } = await compute.detectSpeech(buzz(512, 100), undefined, never);
    expect(probabilities.length).toBe(1);
  });

  test('a window shorter than a frame is INFERENCE_FAILED, not a crash', async () => {
    const work = compute.embed([{ samples: buzz(60, 100), windows: [{ startSample: 0, endSample: 60 }] }], never);
    await expect(work).rejects.toMatchObject({ code: 'INFERENCE_FAILED' });
  });

  test('a model file that went away is a typed error', async () => {
    const broken = new WorkerCompute({ model: { ...compute.model, path: '/nowhere/model.onnx' }, threads: 1 });
    const spans = [{ samples: buzz(16_000, 100), windows: [{ startSample: 0, endSample: 16_000 }] }];
    await expect(broken.embed(spans, never)).rejects.toMatchObject({ code: 'MODEL_INVALID' });
    await broken[Symbol.asyncDispose]();
    await expect(broken.detectSpeech(buzz(512, 100), undefined, never)).rejects.toMatchObject({
      code: 'ENGINE_CLOSED',
    });
  });
});
