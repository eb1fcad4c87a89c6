import { expect, test } from 'vitest';
import type { AnalysedSample } from '../../../src/engine/enrolment/analyseSample.js';
import { enrollSamples, tryEnrolment } from '../../../src/engine/enrolment/enrollSamples.js';
import { LowdbRegistry } from '../../../src/registry/lowdbRegistry.js';
import { temporaryFolder } from '../../support/temporaryFolder.js';
import { analysedSample, PLAIN_CALIBRATION, voice } from './analysedSamples.js';

const MODEL = { id: 'model-1', calibration: PLAIN_CALIBRATION };

async function storeWithBen() {
  const registry = await LowdbRegistry.open(await temporaryFolder());
  const enrol = (speakerId: string, ...samples: AnalysedSample[]) =>
    enrollSamples(
      { tenantId: 't', speakerId },
      samples.map((analysed) => ({ file: analysed.file, kind: 'analysed', analysed })),
      { model: MODEL, registry, nowMs: () => 1 },
    );
  expect((await enrol('ben', analysedSample({ speechMs: 15_000 }))).status).toBe('complete');
  return { registry, enrol };
}

test('a sample too short is called so, also where it collides with another person', async () => {
  const { enrol } = await storeWithBen();
  const result = await enrol('anna', analysedSample({ speechMs: 3_000 }));
  expect(result.status).toBe('rejected');
  expect(result.reasons.map(({ code }) => code)).toEqual(['COLLIDES_WITH_OTHER', 'TOO_LITTLE_SPEECH']);
  expect(result.reasons[1]!.message).toContain('3.0 s of speech; at least 6 s');
});

test('a long one that collides is not called short', async () => {
  const { enrol } = await storeWithBen();
  const { reasons } = await enrol('anna', analysedSample({ speechMs: 7_000 }));
  expect(reasons.map(({ code }) => code)).toEqual(['COLLIDES_WITH_OTHER']);
});

test('speech accepted before counts', async () => {
  const { enrol } = await storeWithBen();
  await enrol('anna', analysedSample({ speechMs: 7_000, embedding: voice(3) }));
  const { reasons } = await enrol('anna', analysedSample({ speechMs: 3_000, embedding: voice(1) }));
  expect(reasons.map(({ code }) => code)).toEqual(['DISAGREES_WITH_EARLIER']);
});

test('hardly any speech is said once', async () => {
  const { enrol } = await storeWithBen();
  const { reasons } = await enrol('anna', analysedSample({ speechMs: 1_000, embedding: voice(3) }));
  expect(reasons.map(({ code }) => code)).toEqual(['TOO_LITTLE_SPEECH']);
});

test('a sample too quiet gets that reason only', async () => {
  const { enrol } = await storeWithBen();
  const { reasons } = await enrol('anna', analysedSample({ speechMs: 0, peakDb: -58, embedding: voice(3) }));
  expect(reasons.map(({ code }) => code)).toEqual(['TOO_QUIET']);
});

test('the same recording counts once, in one enrolment and in two, and leaves no half of it behind', async () => {
  const { registry, enrol } = await storeWithBen();
  const anna = analysedSample({ speechMs: 7_000, embedding: voice(3) });
  const copy = { ...anna, file: 'copy', speechMs: 7_120, embedding: voice(3, 0.05) };
  const first = await enrol('anna', anna, copy);
  expect(first).toMatchObject({ status: 'accepted', speechSeconds: 7 });
  expect(first.samples.map(({ accepted, reasons }) => [accepted, reasons.map(({ code }) => code)])).toEqual([
    [true, []],
    [false, ['SAME_RECORDING']],
  ]);
  const again = await enrol('anna', copy);
  expect(again).toMatchObject({ status: 'rejected', speechSeconds: 7, reasons: [{ code: 'SAME_RECORDING' }] });
  expect(await registry.get('t', 'anna')).toMatchObject({ isComplete: false, speechMs: 7_000, audioMs: 10_000 });
  const other = analysedSample({ speechMs: 7_000, embedding: voice(3, 0.5) });
  expect(await enrol('anna', other)).toMatchObject({ status: 'complete', speechSeconds: 14 });
});

test.each([
  { name: 'hardly less similar and a little shorter: a copy', drift: 0.1, speechMs: 7_100, status: 'rejected' },
  { name: 'less similar: another recording', drift: 0.165, speechMs: 7_100, status: 'complete' },
  { name: 'much shorter: another recording', drift: 0.1, speechMs: 6_500, status: 'complete' },
])('$name', async ({ drift, speechMs, status }) => {
  const { enrol } = await storeWithBen();
  await enrol('anna', analysedSample({ speechMs: 8_000, embedding: voice(3) }));
  expect(await enrol('anna', analysedSample({ speechMs, embedding: voice(3, drift) }))).toMatchObject({ status });
});

test('a trial answers as the enrolment would, with and without consent, and stores nothing', async () => {
  const { registry, enrol } = await storeWithBen();
  const tried = (speakerId: string, analysed: AnalysedSample) =>
    tryEnrolment({ tenantId: 't', speakerId }, [{ file: analysed.file, kind: 'analysed', analysed }], {
      model: MODEL,
      registry,
      nowMs: () => 1,
      isConsentRequired: true,
    });
  const before = await registry.list('t');
  for (const sample of [
    analysedSample({ speechMs: 15_000, embedding: voice(3) }),
    analysedSample({ speechMs: 7_000, embedding: voice(3) }),
    analysedSample({ speechMs: 15_000 }),
  ]) {
    expect(await tried('anna', sample)).toEqual({ ...(await enrol('anna', sample)), isTrial: true });
    await registry.delete('t', 'anna');
  }
  expect(await tried('anna', analysedSample({ speechMs: 15_000 }))).toMatchObject({
    status: 'rejected',
    reasons: [{ code: 'COLLIDES_WITH_OTHER', speakerId: 'ben' }],
  });
  expect(await tried('ben', analysedSample({ speechMs: 14_000, embedding: voice(0, 0.4) }))).toMatchObject({
    isTrial: true,
  });
  expect(await registry.list('t')).toEqual(before);
});
