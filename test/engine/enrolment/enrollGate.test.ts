import { expect, test } from 'vitest';
import { finished } from '../../../src/core/steps.js';
import type { AnalysedSample } from '../../../src/engine/enrolment/analyseSample.js';
import { type GateContext, judgeSamples as judgeInSteps } from '../../../src/engine/enrolment/enrollGate.js';
import type { KnownVoice } from '../../../src/engine/enrolment/knownVoice.js';
import { listedOthers } from '../../../src/engine/enrolment/otherPeople.js';
import { analysedSample, PLAIN_CALIBRATION, voice } from './analysedSamples.js';

const LIMITS = { leastSnrDb: 8, mostClippedShare: 0.02, disagreesLlr: -1.5 };
const known = (speakerId: string, person: number): KnownVoice => ({
  speakerId,
  mean: voice(person),
  speechMs: 20_000,
  isNarrowBand: false,
});
const context = (different: Partial<GateContext> = {}): GateContext => ({
  earlier: undefined,
  earlierSamples: [],
  others: listedOthers([]),
  calibration: PLAIN_CALIBRATION,
  limits: LIMITS,
  ...different,
});

const judgeSamples = (samples: readonly AnalysedSample[], among: GateContext) => finished(judgeInSteps(samples, among));

test('a good sample passes without a word', () => {
  expect(judgeSamples([analysedSample()], context())).toEqual([
    { sample: analysedSample(), isAccepted: true, reasons: [] },
  ]);
});

test.each([
  {
    name: 'hardly any speech',
    sample: analysedSample({ speechMs: 1_940 }),
    code: 'TOO_LITTLE_SPEECH',
    says: ['1.9 s of speech', 'at least 2 s', 'record a longer sample'],
  },
  {
    name: 'noise',
    sample: analysedSample({ snrDb: 4.2 }),
    code: 'TOO_NOISY',
    says: ['4 dB above the noise', 'at least 8 dB', 'closer to the microphone'],
  },
  {
    name: 'speech too quiet to be found',
    sample: analysedSample({ speechMs: 0, peakDb: -57.8 }),
    code: 'TOO_QUIET',
    says: ['-58 dBFS', 'turn the microphone up'],
  },
  {
    name: 'speech that is as quiet as the noise',
    sample: analysedSample({ snrDb: 0, peakDb: -48 }),
    code: 'TOO_QUIET',
    says: ['-48 dBFS'],
  },
  {
    name: 'overload',
    sample: analysedSample({ clippedShare: 0.034 }),
    code: 'CLIPPED',
    says: ['3.4 %', 'at most 2.0 %', 'turn the microphone down'],
  },
  {
    name: 'two people',
    sample: analysedSample({
      secondVoice: {
        speechMs: 3_210,
        spans: [
          { start: 4, end: 7.2 },
          { start: 9.1, end: 10 },
        ],
      },
    }),
    code: 'SECOND_VOICE',
    says: ['3.2 s', 'at 4.0 to 7.2 s and 9.1 to 10.0 s', 'one voice only', 'record it again'],
  },
])('refused for $name, with numbers and a remedy', ({ sample, code, says }) => {
  const [judged] = judgeSamples([sample], context());
  expect(judged).toMatchObject({ isAccepted: false, reasons: [{ code, refuses: true }] });
  for (const words of says) expect(judged!.reasons[0]!.message).toContain(words);
});

test('a constant offset is a remark of its own, and quiet speech that was found passes', () => {
  const [offset, quiet] = judgeSamples(
    [analysedSample({ dcOffset: -0.4 }), analysedSample({ peakDb: -50, embedding: voice(0, 0.2) })],
    context(),
  );
  expect(offset).toMatchObject({ isAccepted: true, reasons: [{ code: 'DC_OFFSET', refuses: false }] });
  expect(offset!.reasons[0]!.message).toMatch(/-40 %.*check the sound card/);
  expect(quiet).toMatchObject({ isAccepted: true, reasons: [] });
});

test('everything that is wrong is said at once', () => {
  const sample = analysedSample({
    snrDb: 1,
    clippedShare: 0.5,
    secondVoice: { speechMs: 2_000, spans: [] },
  });
  const [judged] = judgeSamples([sample], context());
  expect(judged!.reasons.map(({ code }) => code)).toEqual(['TOO_NOISY', 'CLIPPED', 'SECOND_VOICE']);
});

test('telephone audio is a remark, not a refusal', () => {
  const [judged] = judgeSamples([analysedSample({ bandwidthHz: 3_500, isNarrowBand: true })], context());
  expect(judged).toMatchObject({ isAccepted: true, reasons: [{ code: 'NARROW_BAND', refuses: false }] });
  expect(judged!.reasons[0]!.message).toContain('3.5 kHz');
});

test('another person’s sample disagrees with the earlier ones', () => {
  const [judged] = judgeSamples([analysedSample({ embedding: voice(1) })], context({ earlier: known('anna', 0) }));
  expect(judged).toMatchObject({ isAccepted: false, reasons: [{ code: 'DISAGREES_WITH_EARLIER', refuses: true }] });
});

test.each([0, 1, 2])('one stray among three samples is found, also as number %i', (stray) => {
  const samples = [0, 1, 2].map((i) =>
    analysedSample({ file: `${i}`, speechMs: 8_000 + 500 * i, embedding: voice(i === stray ? 1 : 0, i * 0.25) }),
  );
  const judged = judgeSamples(samples, context());
  expect(judged.map(({ isAccepted }) => isAccepted)).toEqual([0, 1, 2].map((i) => i !== stray));
  expect(judged[stray]!.reasons).toMatchObject([{ code: 'DISAGREES_WITH_EARLIER' }]);
});

test('a refused sample does not speak for or against the others', () => {
  const noisy = analysedSample({ file: 'noisy', snrDb: 0, embedding: voice(1) });
  const judged = judgeSamples([noisy, analysedSample({ file: 'good' })], context());
  expect(judged.map(({ isAccepted }) => isAccepted)).toEqual([false, true]);
  expect(judged[0]!.reasons.map(({ code }) => code)).toEqual(['TOO_NOISY']);
});

test('a person enrolled already is found, and reported by id', () => {
  const [judged] = judgeSamples(
    [analysedSample()],
    context({ others: listedOthers([known('ben', 1), known('anna_2', 0)]) }),
  );
  expect(judged).toMatchObject({ isAccepted: false, reasons: [{ code: 'COLLIDES_WITH_OTHER', refuses: true }] });
  expect(judged!.reasons[0]!.message).toContain('anna_2');
});

test('two telephone samples are compared as such, one of them alone is not', () => {
  const calibration = { ...PLAIN_CALIBRATION, narrowBandBoth: -20 };
  const codes = (isTelephone: boolean, isOtherTelephone: boolean) => {
    const others = listedOthers([{ ...known('other', 0), isNarrowBand: isOtherTelephone }]);
    const [judged] = judgeSamples([analysedSample({ isNarrowBand: isTelephone })], context({ others, calibration }));
    return judged!.reasons.filter(({ refuses }) => refuses).map(({ code }) => code);
  };
  expect(codes(true, true)).toEqual([]);
  expect(codes(true, false)).toEqual(['COLLIDES_WITH_OTHER']);
  expect(codes(false, true)).toEqual(['COLLIDES_WITH_OTHER']);
});

test('people alike do not collide where the sample is more like its own', () => {
  const others = listedOthers([{ ...known('twin', 0), mean: voice(0, 0.4) }]);
  expect(judgeSamples([analysedSample()], context({ others }))[0]!.isAccepted).toBe(false);
  const earlier = known('anna', 0);
  expect(judgeSamples([analysedSample()], context({ others, earlier }))[0]!.isAccepted).toBe(true);
});

test('a sample too short to be split is not taken for two people', () => {
  const [judged] = judgeSamples([analysedSample({ speechMs: 2_500, secondVoice: undefined })], context());
  expect(judged!.isAccepted).toBe(true);
});
