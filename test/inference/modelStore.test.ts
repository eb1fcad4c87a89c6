import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ModelStore } from '../../src/inference/modelStore.js';
import { onnxFile } from './protobuf.js';

let directory: string;
const good = onnxFile({ properties: { framework: 'wespeaker', language: 'English', output_dim: '192' } });
const sha256 = createHash('sha256').update(good).digest('hex');

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'voice-prints-models-'));
  await writeFile(join(directory, 'good.onnx'), good);
  await writeFile(join(directory, 'vad.onnx'), onnxFile({ input: [0, 576] }));
  await writeFile(
    join(directory, 'anonymous.onnx'),
    onnxFile({ output: [0, 0], properties: { framework: 'wespeaker' } }),
  );
  await writeFile(join(directory, 'letter.onnx'), 'Dear Sir or Madam');
});
afterAll(() => rm(directory, { recursive: true }));

async function storeOf(entry: object, name = 'manifest.json', standard = 'mine'): Promise<ModelStore> {
  const path = join(directory, name);
  const model = { id: 'mine', file: 'good.onnx', sha256, licence: 'MIT', ...entry };
  await writeFile(path, JSON.stringify({ default: standard, models: [model] }));
  return ModelStore.open(path);
}

describe('models in the package', () => {
  test('every one is whole, describes itself and is found by its id', async () => {
    const store = await ModelStore.open();
    const models = await store.list();
    expect(models.map(({ id }) => id)).toContain(store.defaultId);
    for (const model of models) {
      expect(model).toMatchObject({ isBuiltIn: true, sampleRateHz: 16_000 });
      expect(await store.resolve(model.id)).toEqual(model);
    }
    expect((await store.resolve()).id).toBe(store.defaultId);
  });

  test('the first model runs on the front end it was trained on', async () => {
    const { frontEnd, dimensions } = await (await ModelStore.open()).resolve('voice-prints-1');
    expect(dimensions).toBe(192);
    expect(frontEnd).toEqual({
      sampleRateHz: 16_000,
      melBands: 80,
      windowType: 'povey',
      lowFrequencyHz: 20,
      highFrequencyHz: 8000,
      isSnippingEdges: true,
      amplitudeScale: 32_768,
      isMeanSubtracted: true,
    });
  });
});

describe('models by path', () => {
  test('any speaker model is accepted; its id distinguishes two files of one name', async () => {
    const store = await ModelStore.open();
    const model = await store.resolve(join(directory, 'good.onnx'));
    expect(model).toMatchObject({
      isBuiltIn: false,
      framework: 'wespeaker',
      language: 'English',
      dimensions: 192,
      sha256,
    });
    expect(model.id).toBe(`good@${sha256.slice(0, 12)}`);
  });

  test.each([
    { name: 'an id nobody has', model: 'nonesuch', code: 'MODEL_NOT_FOUND' },
    { name: 'a path with nothing there', model: './nowhere/model.onnx', code: 'MODEL_NOT_FOUND' },
    { name: 'a text file', model: 'letter.onnx', code: 'MODEL_INVALID' },
    { name: 'a network of another kind', model: 'vad.onnx', code: 'MODEL_INVALID' },
    { name: 'a model that does not say its size', model: 'anonymous.onnx', code: 'MODEL_INVALID' },
    { name: 'a folder', model: '.', code: 'FILE_UNREADABLE' },
  ])('$name is $code', async ({ name, model, code }) => {
    const store = await ModelStore.open();
    const isInFolder = code !== 'MODEL_NOT_FOUND';
    const path = isInFolder ? join(directory, model) : model;
    await expect(store.resolve(path), name).rejects.toMatchObject({ code });
  });
});

describe('the manifest', () => {
  test('carries calibration and front end to the model', async () => {
    const calibration = {
      offset: -3,
      cosine: 12,
      logSeconds: 0.1,
      cosineLogSeconds: 1,
      narrowBand: -1,
      falseAcceptLlr: { '0.1': 5, '1': 3, '5': 1 },
      source: 'a test',
    };
    const store = await storeOf({ calibration, frontEnd: { windowType: 'povey', highFrequencyHz: 7600 } });
    const model = await store.resolve('mine');
    expect(model.calibration).toEqual(calibration);
    expect(model.frontEnd).toMatchObject({ windowType: 'povey', highFrequencyHz: 7600, isSnippingEdges: true });
  });

  test('a file that is not the manifest’s is refused', async () => {
    const store = await storeOf({ sha256: 'f'.repeat(64) }, 'changed.json');
    await expect(store.resolve('mine')).rejects.toMatchObject({ code: 'MODEL_INVALID' });
  });

  test.each([
    { name: 'a default that is none of its models', entry: {}, standard: 'other' },
    { name: 'a file outside its folder', entry: { file: '../../good.onnx' }, standard: 'mine' },
    { name: 'an unknown key', entry: { checksum: 'x' }, standard: 'mine' },
  ])('$name is MODEL_INVALID', async ({ entry, standard }) => {
    await expect(storeOf(entry, 'wrong.json', standard)).rejects.toMatchObject({ code: 'MODEL_INVALID' });
  });

  test('a missing manifest is MODEL_INVALID', async () => {
    await expect(ModelStore.open(join(directory, 'none.json'))).rejects.toMatchObject({ code: 'MODEL_INVALID' });
  });
});
