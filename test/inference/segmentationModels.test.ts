import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach, expect, test } from 'vitest';
import { addModel, removeModel, useModel, useNoSegmentation } from '../../src/engine/models/manageModels.js';
import { ModelStore } from '../../src/inference/modelStore.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { type HandMadeModel, onnxFile } from './protobuf.js';

const tones = fileURLToPath(new URL('../fixtures/segmentation/toneSegmentation.onnx', import.meta.url));
const { signal } = new AbortController();
let storeDirectory: string;
beforeEach(async () => {
  storeDirectory = await temporaryFolder();
});

/** The one in the package. */
const builtIn = (await (await ModelStore.open()).resolveSegmentation())!;

const add = (path: string, id: string) => addModel({ storeDirectory, source: { kind: 'file', path }, id, signal });
const open = () => ModelStore.openFor(storeDirectory);

test('a segmentation model is used once it is added, until another is chosen, none, or it is removed', async () => {
  expect((await open()).segmentationId).toBe(builtIn.id);
  const before = (await open()).defaultId;
  const added = await add(tones, 'tones');
  expect(added).toMatchObject({ kind: 'segmentation', storedAs: 'tones', windowSamples: 160_000, author: 'test' });

  const store = await open();
  expect(store.segmentationId).toBe('tones');
  expect((await store.resolveSegmentation())?.id).toBe(added.id);
  expect(store.defaultId).toBe(before); // the speaker model is another matter
  expect((await store.list()).map(({ id }) => id)).not.toContain(added.id);
  await expect(store.resolve('tones')).rejects.toMatchObject({ code: 'MODEL_INVALID' });
  await expect(store.resolve(tones)).rejects.toMatchObject({ code: 'MODEL_INVALID' });
  await expect(store.resolveSegmentation(before)).rejects.toMatchObject({ code: 'MODEL_INVALID' });

  await useNoSegmentation(storeDirectory);
  expect((await open()).segmentationId).toBeUndefined();
  expect((await useModel(storeDirectory, 'tones')).id).toBe(added.id);
  expect((await open()).segmentationId).toBe('tones');
  await removeModel(storeDirectory, 'tones');
  expect((await (await open()).resolveSegmentation())?.id).toBe(builtIn.id);
  await expect((await open()).resolveSegmentation('tones')).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
});

test('the one in the package is used where none was chosen, can be left aside and chosen again, and stays', async () => {
  expect(builtIn).toMatchObject({
    kind: 'segmentation',
    isBuiltIn: true,
    licence: 'Apache-2.0',
    windowSamples: 160_000,
  });
  expect(await (await open()).listSegmentation()).toEqual([builtIn]);
  await add(tones, 'tones');
  expect(await useModel(storeDirectory, builtIn.id)).toEqual(builtIn);
  expect((await open()).segmentationId).toBe(builtIn.id); // chosen, although another was added later
  await useNoSegmentation(storeDirectory);
  expect((await open()).segmentationId).toBeUndefined();
  await useModel(storeDirectory, builtIn.id);
  expect((await open()).segmentationId).toBe(builtIn.id);
  const store = await open();
  expect(await store.resolveEither(builtIn.id)).toEqual(builtIn);
  await expect(store.resolve(builtIn.id)).rejects.toMatchObject({ code: 'MODEL_INVALID' });
  await expect(removeModel(storeDirectory, builtIn.id)).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  await expect(add(tones, builtIn.id)).rejects.toMatchObject({ code: 'INPUT_INVALID' });
});

test('a package without one has none, and one that is damaged is refused', async () => {
  const folder = dirname(fileURLToPath(new URL('../../models/manifest.json', import.meta.url)));
  const { segmentation, ...rest } = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8'));
  const manifest = join(storeDirectory, 'manifest.json');
  await writeFile(manifest, JSON.stringify(rest));
  const without = await ModelStore.open(manifest);
  expect(await without.resolveSegmentation()).toBeUndefined();
  expect(await without.listSegmentation()).toEqual([]);
  await writeFile(manifest, JSON.stringify({ ...rest, segmentation: { ...segmentation, file: 'other.onnx' } }));
  await copyFile(tones, join(storeDirectory, 'other.onnx'));
  await expect((await ModelStore.open(manifest)).resolveSegmentation()).rejects.toMatchObject({
    code: 'MODEL_INVALID',
    message: expect.stringMatching(/damaged/),
  });
  await writeFile(manifest, JSON.stringify({ ...rest, segmentation: { ...segmentation, id: rest.default } }));
  await expect(ModelStore.open(manifest)).rejects.toMatchObject({ code: 'MODEL_INVALID' });
});

test('off is no id', async () => {
  await expect(add(tones, 'off')).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  expect(await (await open()).resolveSegmentation('off')).toBeUndefined();
});

test('a list of added models of the first version is read, and written as of this one', async () => {
  const folder = join(storeDirectory, 'models');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'index.json'), JSON.stringify({ version: 1, inUse: null, models: [] }));
  await add(tones, 'tones');
  const index = JSON.parse(await readFile(join(folder, 'index.json'), 'utf8'));
  expect(index).toMatchObject({ version: 2, segmentation: null, models: [{ id: 'tones', kind: 'segmentation' }] });
});

const PROPERTIES = {
  num_speakers: '3',
  powerset_max_classes: '2',
  num_classes: '7',
  sample_rate: '16000',
  window_size: '160000',
  receptive_field_size: '991',
  receptive_field_shift: '270',
};
const SHAPES: HandMadeModel = { input: [0, 1, 0], output: [0, 0, 7] };

test.each<{ name: string; model: HandMadeModel; about: RegExp }>([
  { name: 'another powerset', model: { properties: { ...PROPERTIES, num_speakers: '4' } }, about: /num_speakers is 4/ },
  { name: 'another rate', model: { properties: { ...PROPERTIES, sample_rate: '8000' } }, about: /16 kHz/ },
  { name: 'no window', model: { properties: { ...PROPERTIES, window_size: '' } }, about: /window_size/ },
  { name: 'a minute a window', model: { properties: { ...PROPERTIES, window_size: '960000' } }, about: /60 s/ },
  {
    name: 'features as input',
    model: { properties: PROPERTIES, input: [0, 0, 80] },
    about: /one window of one channel/,
  },
  { name: 'other classes', model: { properties: PROPERTIES, output: [0, 0, 5] }, about: /7 classes/ },
  { name: 'weights elsewhere', model: { properties: PROPERTIES, isExternal: true }, about: /another file/ },
  { name: 'nothing in it', model: { properties: PROPERTIES }, about: /runtime cannot load|fails/ },
])('a segmentation model is refused: $name', async ({ model, about }) => {
  const path = join(storeDirectory, 'given.onnx');
  await writeFile(path, onnxFile({ ...SHAPES, ...model }));
  await expect(add(path, 'given')).rejects.toMatchObject({
    code: 'MODEL_INVALID',
    message: expect.stringMatching(about),
  });
  expect(await (await open()).listSegmentation()).toEqual([builtIn]);
});

test('whoever named a segmentation model of a former release gets that of this one', async () => {
  await mkdir(join(storeDirectory, 'models'), { recursive: true });
  const index = { version: 2, inUse: null, segmentation: 'voice-prints-segmentation-1', models: [] };
  await writeFile(join(storeDirectory, 'models', 'index.json'), JSON.stringify(index));
  const store = await open();
  expect(store.segmentationId).toBe(builtIn.id);
  expect((await store.resolveSegmentation())?.id).toBe(builtIn.id);
  expect((await store.resolveSegmentation('voice-prints-segmentation-2'))?.id).toBe(builtIn.id);
  expect((await useModel(storeDirectory, 'voice-prints-segmentation-2')).id).toBe(builtIn.id);
  await expect(store.resolveSegmentation('voice-prints-segmentation-9')).rejects.toMatchObject({
    code: 'MODEL_NOT_FOUND',
  });
});
