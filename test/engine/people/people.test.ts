import { mkdtempSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { createEngine } from '../../../src/engine/createEngine.js';
import type { Engine } from '../../../src/engine/engine.js';
import { ran } from '../../cli/program.js';
import { type FliteVoice, speak, TEXTS } from '../../support/fliteVoices.js';

const root = mkdtempSync(join(tmpdir(), 'voice-prints-people-'));
afterAll(() => rm(root, { recursive: true, force: true }));

const path = (voice: FliteVoice, text: number) => speak(voice, TEXTS[text]!, root, `${voice}-${text}.wav`);
const enrol = (engine: Engine, speakerId: string, ...paths: readonly string[]) =>
  engine.enroll({ speakerId, samples: paths.map((file) => ({ kind: 'file', path: file })), consentText: 'yes' });

test('two entries of one person become one, with all that was enrolled', async () => {
  await using engine = await createEngine({ storeDirectory: join(root, 'merge'), workerThreads: 1 });
  const erased: string[] = [];
  engine.onErased(async (_, speakerId) => void erased.push(speakerId));
  await enrol(engine, 'sally', path('slt', 0));
  await enrol(engine, 'sal2', path('slt', 1)).then(({ status }) => expect(status).toBe('rejected')); // it collides
  await enrol(engine, 'ron', path('rms', 0));
  await expect(engine.speakers().merge('sally', 'ron')).rejects.toMatchObject({ code: 'ENROLL_REFUSED' });
  await expect(engine.speakers().merge('sally', 'sally')).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  await expect(engine.speakers().merge('sally', 'none')).rejects.toMatchObject({ code: 'SPEAKER_NOT_FOUND' });
  await expect(engine.speakers().merge('none', 'sally')).rejects.toMatchObject({ code: 'SPEAKER_NOT_FOUND' });
  const before = await engine.speakers().list();
  const merged = await engine.speakers().merge('sally', 'ron', { isSure: true });
  expect(merged).toMatchObject({ speakerId: 'sally', samples: 2 });
  expect(merged.speechSeconds).toBeCloseTo(
    before.reduce((sum, one) => sum + one.speechSeconds, 0),
    2,
  );
  expect((await engine.speakers().list()).map(({ speakerId }) => speakerId)).toEqual(['sally']);
  expect(erased).toEqual(['ron']);

  // The stray is seen, and split off again, with its own consent.
  const samples = await engine.speakers().samples('sally');
  expect(samples).toHaveLength(2);
  expect(samples[0]!.likeness).toBeLessThan(0.4);
  const split = { sampleIds: [samples[1]!.sampleId], speakerId: 'ron', name: 'Ron', consentText: 'asked again' };
  expect(await engine.speakers().split('sally', split)).toMatchObject({ samples: 1, consent: { text: 'asked again' } });
  expect(await engine.speakers().get('sally')).toMatchObject({ samples: 1 });
  await expect(engine.speakers().split('sally', split)).rejects.toMatchObject({ code: 'SAMPLE_NOT_FOUND' });
  const { segments } = await engine.identify({ source: { kind: 'file', path: path('rms', 1) } });
  expect(new Set(segments.map(({ name }) => name))).toEqual(new Set(['Ron']));
});

test('two who merge the same people in both directions, in one process or in two, lose nobody', async () => {
  const storeDirectory = join(root, 'both directions');
  await using engine = await createEngine({ storeDirectory, workerThreads: 1 });
  await using other = await createEngine({ storeDirectory, workerThreads: 1 });
  await enrol(engine, 'sally', path('slt', 0));
  await enrol(engine, 'ron', path('rms', 0));
  const isSure = { isSure: true };
  const outcomes = await Promise.allSettled([
    engine.speakers().merge('sally', 'ron', isSure),
    engine.speakers().merge('ron', 'sally', isSure),
    other.speakers().merge('ron', 'sally', isSure),
    other.speakers().merge('sally', 'ron', isSure),
  ]);
  const refusals = outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []));
  for (const code of refusals) expect(['SPEAKER_NOT_FOUND', 'REGISTRY_LOCKED']).toContain(code);
  const left = await engine.speakers().list();
  expect(left.reduce((sum, { samples }) => sum + samples, 0)).toBeGreaterThanOrEqual(2);
  expect(Math.max(...left.map(({ samples }) => samples)), 'nothing is in a voiceprint twice').toBeLessThanOrEqual(2);
});

test('a sample is removed with its kept audio; the last one stays, and a taken id is refused', async () => {
  const storeDirectory = join(root, 'samples');
  await using engine = await createEngine({ storeDirectory, workerThreads: 1, keepAudio: true });
  await enrol(engine, 'sally', path('slt', 0), path('slt', 1));
  await enrol(engine, 'ron', path('rms', 0));
  const kept = async () => (await readdir(join(storeDirectory, 'speech'), { recursive: true })).length;
  const before = await kept();
  const [first, second] = await engine.speakers().samples('sally');
  expect(first).toMatchObject({ origin: 'enrolment', hasAudio: true, quality: expect.any(String) });
  const taken = { sampleIds: [first!.sampleId], speakerId: 'ron' };
  await expect(engine.speakers().split('sally', taken)).rejects.toMatchObject({ code: 'SPEAKER_EXISTS' });
  const all = { sampleIds: [first!.sampleId, second!.sampleId], speakerId: 'new' };
  await expect(engine.speakers().split('sally', all)).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  await expect(
    engine.speakers().split('sally', { ...all, sampleIds: [first!.sampleId], name: 'Ne\0w' }),
  ).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  expect(await engine.speakers().split('sally', { ...all, sampleIds: [first!.sampleId] })).toMatchObject({
    samplesWithAudio: 1,
  });
  expect(await kept(), 'the audio goes with the sample').toBe(before);
  await expect(engine.speakers().removeSample('sally', second!.sampleId)).rejects.toMatchObject({
    code: 'INPUT_INVALID',
  });
  await expect(engine.speakers().removeSample('sally', first!.sampleId)).rejects.toMatchObject({
    code: 'SAMPLE_NOT_FOUND',
  });
  await engine.speakers().delete('new'); // of the same voice, in truth
  await enrol(engine, 'sally', path('slt', 2));
  const grown = await kept();
  expect(await engine.speakers().removeSample('sally', second!.sampleId)).toMatchObject({ samples: 1 });
  expect(await kept()).toBe(grown - 1);
});

test('the command line lists samples, merges and splits', async () => {
  const storeDirectory = join(root, 'cli');
  {
    await using engine = await createEngine({ storeDirectory, workerThreads: 1 });
    await enrol(engine, 'sally', path('slt', 0));
    await enrol(engine, 'ron', path('rms', 0));
  }
  const run = (...args: string[]) => ran([...args, '--store', storeDirectory, '--json']);
  expect((await run('speakers', 'merge', 'sally', 'ron')).stderr).toContain('do not sound like one person');
  const merged = await run('speakers', 'merge', 'sally', 'ron', '--sure');
  expect(JSON.parse(merged.stdout)).toMatchObject({ speakerId: 'sally', samples: 2 });
  const [, second] = JSON.parse((await run('speakers', 'samples', 'sally')).stdout) as { sampleId: string }[];
  const split = await run('speakers', 'split', 'sally', 'ron', '--samples', second!.sampleId, '--name', 'Ron');
  expect(JSON.parse(split.stdout)).toMatchObject({ speakerId: 'ron', name: 'Ron', samples: 1 });
  expect((await run('speakers', 'split', 'sally', 'x')).exitCode).not.toBe(0);
});
