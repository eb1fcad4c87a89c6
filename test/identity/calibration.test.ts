import { expect, test } from 'vitest';
import { acceptLlr, acceptScore, llrOf, typicality, UNCALIBRATED } from '../../src/identity/calibration.js';
import { decide } from '../../src/identity/decide.js';
import type { EnrolledVoice } from '../../src/identity/voices.js';

const parameters = {
  ...UNCALIBRATED,
  offset: -5,
  cosine: 10,
  logSeconds: 0.5,
  cosineLogSeconds: 2,
  narrowBand: -1,
  narrowBandBoth: -2,
  meanVoice: [1, 0],
  probeTypicality: -3,
  voiceTypicality: 2,
};

test.each([
  {
    name: 'the formula',
    comparison: { cosine: 0.5, speechSeconds: Math.E, isNarrowBand: false },
    llr: -5 + 5 + 0.5 + 1,
  },
  { name: 'telephone', comparison: { cosine: 0.5, speechSeconds: Math.E, isNarrowBand: true }, llr: 0.5 },
  {
    name: 'telephone on both sides',
    comparison: { cosine: 0.5, speechSeconds: Math.E, isNarrowBand: true, isNarrowBandBoth: true },
    llr: -1.5,
  },
  {
    name: 'over 30 s is 30 s',
    comparison: { cosine: 0, speechSeconds: 900, isNarrowBand: false },
    llr: -5 + 0.5 * Math.log(30),
  },
  {
    name: 'typicality of both sides',
    comparison: { cosine: 0.5, speechSeconds: 1, isNarrowBand: false, probeTypicality: 0.2, voiceTypicality: 0.1 },
    llr: -0.4,
  },
])('llr: $name', ({ comparison, llr }) => {
  expect(Math.abs(llrOf(comparison, parameters) - llr)).toBeLessThan(1e-12);
});

test('typicality is the dot product with the mean voice, 0 where there is none', () => {
  expect(typicality(Float32Array.of(0.6, 0.8), parameters)).toBeCloseTo(0.6, 6);
  expect(typicality(Float32Array.of(0.6, 0.8), UNCALIBRATED)).toBe(0);
});

test('a larger gallery asks for more', () => {
  const ten = acceptLlr(UNCALIBRATED, 1, 10);
  expect(ten).toBe(UNCALIBRATED.falseAcceptLlr['1']);
  expect(Math.abs(acceptLlr(UNCALIBRATED, 1, 100) - ten - Math.log(10))).toBeLessThan(1e-12);
});

test.each([1, 10, 500])('the score from which a voice is named is one for every gallery: %i people', (gallery) => {
  const llr = acceptLlr(UNCALIBRATED, 1, gallery);
  const voices = Array.from({ length: gallery }, (_, at) => ({ id: `${at}` }) as EnrolledVoice);
  // Nobody but the first is near.
  const comparisons = voices.map((voice, at) => ({ voice, cosine: 0, llr: at === 0 ? llr : -50 }));
  const { score } = decide(comparisons, comparisons[0], { calibration: UNCALIBRATED, falseAcceptPercent: 1 });
  expect(score).toBeCloseTo(acceptScore(UNCALIBRATED, 1), 6);
});
