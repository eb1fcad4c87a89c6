import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { story } from '../speech.js';
import { typed } from '../terminal.js';

const folder = mkdtempSync(join(tmpdir(), 'voice-prints-segmentation-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const env = { VOICE_PRINTS_HOME: join(folder, 'store') };
/** Hears three tones and no speech. */
const tones = fileURLToPath(new URL('../../fixtures/segmentation/toneSegmentation.onnx', import.meta.url));

async function answer(...argv: string[]) {
  const { exitCode, stdout, stderr } = await typed([...argv, '--json', '--quiet'], env);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  return JSON.parse(stdout);
}

/** Two frames of the segmentation's grid and a step of the voice activity, whose thresholds are others with a segmentation model. */
const ROUNDING_SECONDS = 0.08;

test('a segmentation model is added, recognised by its kind, used and switched off; one without any speech changes no turn', async () => {
  const recording = story(folder, 'slt', 0);
  const inUse = async () =>
    (await answer('models', 'list'))
      .filter((one: { inUse: boolean }) => one.inUse)
      .map(({ id, kind, builtIn }: { id: string; kind: string; builtIn: boolean }) => ({ id, kind, builtIn }));
  const [speaker, own] = await inUse();
  expect(own).toMatchObject({ kind: 'segmentation', builtIn: true }); // that of the package, until told otherwise
  expect(await answer('models', 'use', 'off')).toEqual({ segmentation: null });
  expect(await inUse()).toEqual([speaker]);
  const before = await answer('identify', recording);
  expect(before.segments.length).toBeGreaterThan(0);

  const added = await answer('models', 'add', tones);
  expect(added).toMatchObject({ id: 'tonesegmentation', kind: 'segmentation', windowSeconds: 10, inUse: false });
  expect(await answer('models', 'use', 'tonesegmentation')).toMatchObject({ kind: 'segmentation', inUse: true });
  const after = await answer('identify', recording);
  expect(after.segments.length).toBe(before.segments.length);
  expect(after.durationSeconds).toBe(before.durationSeconds);
  after.segments.forEach((segment: { start: number; end: number }, i: number) => {
    const { start, end, ...rest } = before.segments[i];
    expect(segment).toMatchObject(rest);
    expect(Math.abs(segment.start - start)).toBeLessThanOrEqual(ROUNDING_SECONDS + 1e-9);
    expect(Math.abs(segment.end - end)).toBeLessThanOrEqual(ROUNDING_SECONDS + 1e-9);
    expect(segment.end).toBeLessThanOrEqual(after.durationSeconds);
  });

  expect(await inUse()).toEqual([speaker, { id: 'tonesegmentation', kind: 'segmentation', builtIn: false }]);
  expect(await answer('models', 'show', 'tonesegmentation')).toMatchObject({ author: 'test', windowSeconds: 10 });
  expect(await answer('models', 'remove', 'tonesegmentation')).toEqual({ id: 'tonesegmentation', removed: true });
  expect(await inUse()).toEqual([speaker, own]);
  expect(await answer('models', 'show', own.id)).toMatchObject({ builtIn: true, windowSeconds: 10, inUse: true });

  const { segments } = await answer('identify', recording, '--segmentation', 'off');
  expect(segments).toEqual(before.segments);
  expect(await typed(['identify', recording, '--segmentation', 'nonesuch'], env)).toMatchObject({
    exitCode: 1,
    stderr: expect.stringMatching(/^MODEL_NOT_FOUND: .*voice-prints-segmentation-3, off/),
  });
});

test('models show prints the calibration in use for a model', async () => {
  const [{ id }] = await answer('models', 'list');
  const { calibration } = await answer('models', 'show', id);
  expect(calibration).toEqual({ from: 'built-in', source: expect.any(String) });
});
