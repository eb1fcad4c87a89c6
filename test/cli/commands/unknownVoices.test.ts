import { expect, test } from 'vitest';
import { unit } from '../../../src/core/vector.js';
import { ModelStore } from '../../../src/index.js';
import { LowdbUnknownVoices } from '../../../src/registry/lowdbUnknownVoices.js';
import { temporaryFolder } from '../../support/temporaryFolder.js';
import { typed } from '../terminal.js';

const nowMs = Date.now;

/** A store as a live session leaves it: voices of one direction each, heard for 3 s at a time. */
async function storeWithUnknowns(voices: number): Promise<Record<string, string>> {
  const folder = await temporaryFolder();
  const { id: modelId, dimensions } = await (await ModelStore.open()).resolve();
  await using unknown = await LowdbUnknownVoices.open(folder, { keepMs: 86_400_000, mostVoices: 9, nowMs });
  for (let person = 0; person < voices; person += 1) {
    const exemplars = Array.from({ length: 5 }, (_, i) => {
      const values = new Float32Array(dimensions);
      values[person] = 1;
      values[100 + i] = 0.3;
      return { embedding: { modelId, values: unit(values) }, speechMs: 3_000, snrDb: 25, bandwidthHz: 7_000 };
    });
    const times = { firstHeardMs: nowMs() - 60_000, lastHeardMs: nowMs() - 1_000 * (voices - person) };
    const id = await unknown.newId('local');
    await unknown.put('local', { id, exemplars, speechMs: 15_000, modelId, ...times });
  }
  return { VOICE_PRINTS_HOME: folder };
}

const json = async (argv: readonly string[], env: Record<string, string>) =>
  JSON.parse((await typed([...argv, '--json'], env)).stdout);

test('unknown voices are listed, enrolled and forgotten', async () => {
  const env = await storeWithUnknowns(4);
  const listed = await json(['speakers', 'unknowns'], env);
  expect(listed.map((voice: { unknownId: string }) => voice.unknownId)).toEqual([
    'unknown-1',
    'unknown-2',
    'unknown-3',
    'unknown-4',
  ]);
  expect(listed[0]).toMatchObject({ speechSeconds: 15, isStale: false });
  expect(JSON.stringify(listed)).not.toContain('embedding');
  const person = ['alice', '--name', 'Alice', '--consent', 'asked at the door'];
  expect(await json(['speakers', 'enroll', 'unknown-2', ...person], env)).toMatchObject({
    status: 'complete',
    speechSeconds: 15,
  });
  expect(await json(['speakers', 'show', 'alice'], env)).toMatchObject({
    name: 'Alice',
    isComplete: true,
    consent: { text: 'asked at the door' },
  });
  expect(await json(['speakers', 'forget', 'unknown-3'], env)).toEqual({ unknownId: 'unknown-3', deleted: true });
  expect(await json(['speakers', 'forget', '--all'], env)).toEqual({
    unknownIds: ['unknown-1', 'unknown-4'],
    deleted: true,
  });
  expect((await typed(['speakers', 'unknowns'], env)).stdout).toMatch(/^No unknown voice is kept/);
});

test('missing and ambiguous arguments are reported', async () => {
  const env = await storeWithUnknowns(1);
  const missing = { exitCode: 1, stderr: expect.stringMatching(/^CLUSTER_NOT_FOUND: /) };
  expect(await typed(['speakers', 'forget', 'unknown-7'], env)).toMatchObject(missing);
  expect(await typed(['speakers', 'enroll', 'unknown-7', 'alice'], env)).toMatchObject(missing);
  expect((await typed(['speakers', 'forget'], env)).exitCode).toBe(2);
  expect((await typed(['speakers', 'forget', 'unknown-1', '--all'], env)).exitCode).toBe(2);
  expect(await json(['speakers', 'unknowns'], env)).toHaveLength(1);
});
