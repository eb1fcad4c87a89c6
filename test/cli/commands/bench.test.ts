import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { ran } from '../program.js';
import { story } from '../speech.js';

const folder = mkdtempSync(join(tmpdir(), 'voice-prints-bench-'));
const env = { VOICE_PRINTS_HOME: join(folder, 'store') };
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('bench prints the cost of each stage, and that of sherpa-onnx for comparison', async () => {
  const { exitCode, stdout, stderr } = await ran(['bench', story(folder, 'slt', 0), '--rounds', '3', '--json'], env);
  expect([exitCode, stderr]).toEqual([0, '']);
  const result = JSON.parse(stdout);
  expect(result).toMatchObject({ model: 'voice-prints-2', rounds: 3 });
  expect(result.audioSeconds).toBeGreaterThan(5);
  expect(result.windows).toBeGreaterThan(5);
  expect(result.stages.map(({ stage }: { stage: string }) => stage)).toEqual([
    'decode',
    'voice activity (network)',
    'segmentation (network)',
    'features',
    'embedding (network)',
    'voices and turns',
  ]);
  const sum = result.stages.reduce(
    (all: number, { realTimeFactor }: { realTimeFactor: number }) => all + realTimeFactor,
    0,
  );
  for (const { realTimeFactor } of result.stages) expect(realTimeFactor).toBeGreaterThan(0);
  expect(result.realTimeFactor).toBeCloseTo(sum, 9);
  expect(result.cpuOfSherpaOnnx).toBeGreaterThan(0); // installed for these tests
});

test('without a recording it reports the missing operand', async () => {
  expect(await ran(['bench', join(folder, 'nothing.wav')], env)).toMatchObject({
    exitCode: 1,
    stderr: expect.stringMatching(/^FILE_NOT_FOUND: /),
  });
});
