import { expect, test } from 'vitest';
import { dot } from '../../../src/core/vector.js';
import type { Voiceprint } from '../../../src/core/voiceprint.js';
import { type Growth, growVoiceprint } from '../../../src/engine/enrolment/growVoiceprint.js';
import { analysedSample, voice } from './analysedSamples.js';

const growth = (different: Partial<Growth> = {}): Growth => ({
  tenantId: 't',
  speakerId: 'anna',
  modelId: 'model-1',
  name: undefined,
  languageCode: undefined,
  consent: undefined,
  nowMs: 1_000,
  ...different,
});

test('the first sample founds a voiceprint', () => {
  const founded = growVoiceprint(
    undefined,
    [analysedSample()],
    growth({ name: 'Anna', consent: { text: 'yes', givenAtMs: 1_000 } }),
  );
  expect(founded).toMatchObject({
    id: 'anna',
    tenantId: 't',
    name: 'Anna',
    languageCode: '',
    speechMs: 8_000,
    audioMs: 10_000,
    isComplete: false,
    consent: { text: 'yes', givenAtMs: 1_000 },
    createdAtMs: 1_000,
    updatedAtMs: 1_000,
  });
  expect(founded.exemplars).toHaveLength(1);
  expect(founded.exemplars[0]!.embedding).toEqual({ modelId: 'model-1', values: voice(0) });
});

test('samples add up, and 12 s complete', () => {
  const first = growVoiceprint(
    undefined,
    [analysedSample()],
    growth({ name: 'Anna', consent: { text: 'yes', givenAtMs: 1_000 } }),
  );
  const second = growVoiceprint(first, [analysedSample({ speechMs: 4_000 })], growth({ nowMs: 2_000 }));
  expect(second).toMatchObject({ name: 'Anna', speechMs: 12_000, audioMs: 20_000, isComplete: true });
  expect(second).toMatchObject({ createdAtMs: 1_000, updatedAtMs: 2_000, consent: { givenAtMs: 1_000 } });
  expect(second.exemplars.map(({ enrolledAtMs }) => enrolledAtMs)).toEqual([1_000, 2_000]);
});

test('the mean lies between the samples, nearer to the longer one, but no sample counts for more than 20 s', () => {
  const samples = [
    analysedSample({ embedding: voice(0), speechMs: 10_000 }),
    analysedSample({ embedding: voice(1), speechMs: 200_000 }),
  ];
  const { mean } = growVoiceprint(undefined, samples, growth());
  const [toShort, toLong] = [dot(mean!.values, voice(0)), dot(mean!.values, voice(1))];
  expect(toLong / toShort).toBeCloseTo(2, 5);
  expect(dot(mean!.values, mean!.values)).toBeCloseTo(1, 5);
});

test('twenty samples are kept: of the two most alike the older goes', () => {
  // Twenty different voices and, as number 21, one like number 3.
  const samples = Array.from({ length: 20 }, (_, i) => {
    const embedding = new Float32Array(32);
    embedding[i] = 1;
    return analysedSample({ embedding, speechMs: 1_000 + i });
  });
  const again = samples[3]!.embedding!.slice();
  const grown = growVoiceprint(
    undefined,
    [...samples, analysedSample({ embedding: again, speechMs: 9_999 })],
    growth(),
  );
  const kept = grown.exemplars.map(({ speechMs }) => speechMs);
  expect(kept).toHaveLength(20);
  expect(kept).not.toContain(1_003);
  expect(kept.at(-1)).toBe(9_999);
  expect(grown.speechMs).toBe(samples.reduce((sum, { speechMs }) => sum + speechMs, 9_999));
});

test('samples of another model are replaced, with what was counted for them', () => {
  const old = growVoiceprint(undefined, [analysedSample({ speechMs: 60_000 })], growth({ name: 'Anna' }));
  const anew = growVoiceprint(old, [analysedSample({ speechMs: 7_000 })], growth({ modelId: 'model-2', nowMs: 5_000 }));
  expect(anew).toMatchObject({ name: 'Anna', speechMs: 7_000, isComplete: false, createdAtMs: 1_000 });
  expect(anew.exemplars.map(({ embedding }) => embedding.modelId)).toEqual(['model-2']);
  expect(anew.mean?.modelId).toBe('model-2');
});

test.each([
  { name: 'too little speech', samples: [analysedSample({ speechMs: 7_000 })], quality: 'poor' },
  { name: 'noise', samples: [analysedSample({ speechMs: 40_000, snrDb: 9 })], quality: 'poor' },
  { name: 'not yet complete', samples: [analysedSample({ speechMs: 10_000 })], quality: 'average' },
  { name: 'fair noise', samples: [analysedSample({ speechMs: 40_000, snrDb: 12 })], quality: 'average' },
  { name: 'one occasion', samples: [analysedSample({ speechMs: 40_000 })], quality: 'good' },
  {
    name: 'telephone only',
    samples: [1, 2].map(() => analysedSample({ speechMs: 20_000, bandwidthHz: 3_500 })),
    quality: 'good',
  },
  { name: 'nothing wrong', samples: [1, 2].map(() => analysedSample({ speechMs: 20_000 })), quality: 'high' },
] satisfies { name: string; samples: ReturnType<typeof analysedSample>[]; quality: Voiceprint['quality'] }[])(
  'quality with $name: $quality',
  ({ samples, quality }) => {
    expect(growVoiceprint(undefined, samples, growth()).quality).toBe(quality);
  },
);
