import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../support/temporaryFolder.js';
import { story } from '../speech.js';
import { typed } from '../terminal.js';

test('models are tried on recordings of people, a folder each; what is no recording is left out', async () => {
  const [folder, store] = [await temporaryFolder(), await temporaryFolder()];
  for (const voice of ['slt', 'rms', 'kal16'] as const)
    for (const i of [0, 1] as const) story(join(folder, voice), voice, i);
  story(join(folder, 'awb'), 'awb', 0);
  writeFileSync(join(folder, 'awb', 'notes.txt'), 'Interviewed in spring.');
  const env = { VOICE_PRINTS_HOME: store };
  const { exitCode, stdout, stderr } = await typed(['models', 'recommend', folder, '--json'], env);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.stringMatching(/^1 files? /) });
  const answer = JSON.parse(stdout);
  expect(answer).toMatchObject({ people: 4, recordings: 8, skipped: 1, targets: 3, nontargets: 18 });
  expect(answer.models.map(({ id }: { id: string }) => id).sort()).toEqual(['voice-prints-1', 'voice-prints-2']);
  for (const one of answer.models) {
    expect(one.eerPercent).toBeLessThan(20);
    expect(one.realTimeFactor).toBeGreaterThan(0);
  }
  expect(answer.best).toBe(answer.models[0].id);
  const text = (await typed(['models', 'recommend', folder], env)).stdout;
  expect(text).toMatch(/4 people, 3 pairs of one person and 18 of two.*So few say little/);
});

test.each([
  { name: 'no folder', make: () => undefined, code: 'FILE_NOT_FOUND' },
  {
    name: 'one person',
    make: (path: string) => mkdirSync(join(path, 'anna'), { recursive: true }),
    code: 'INPUT_INVALID',
  },
])('$name is $code', async ({ make, code }) => {
  const folder = join(await temporaryFolder(), 'people');
  make(folder);
  const { exitCode, stderr } = await typed(['models', 'recommend', folder], {
    VOICE_PRINTS_HOME: await temporaryFolder(),
  });
  expect(exitCode).toBe(1);
  expect(stderr.startsWith(code)).toBe(true);
});
