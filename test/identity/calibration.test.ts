import { expect, test } from 'vitest';
import { acceptLlr, acceptScore, llrOf, UNCALIBRATED } from '../../src/identity/calibration.js';
import { decide } from '../../src/identity/decide.js';
import { rankingOf } from '../../src/identity/gallery/ranking.js';
import type { EnrolledVoice } from '../../src/identity/voices.js';

const parameters = {
  ...UNCALIBRATED,
  offset: -5,
  cosine: 10,
  logSeconds: 0.5,
  cosineLogSeconds: 2,
  voiceLogSeconds: -0.25,
  cosineVoiceLogSeconds: 1,
  alone: 3,
  cosineAlone: -4,
  narrowBand: -1,
  narrowBandBoth: -2,
};
const seconds = { speechSeconds: Math.E, voiceSeconds: Math.E };
const wide = { alone: 0, isNarrowBand: false, isNarrowBandBoth: false };

test.each([
  { name: 'the formula', comparison: { cosine: 0.5, ...seconds, ...wide }, llr: -5 + 5 + 0.5 + 1 - 0.25 + 0.5 },
  { name: 'nobody else enrolled', comparison: { cosine: 0.5, ...seconds, ...wide, alone: 1 }, llr: 1.75 + 3 - 2 },
  { name: 'telephone', comparison: { cosine: 0.5, ...seconds, ...wide, isNarrowBand: true }, llr: 0.75 },
  {
    name: 'telephone on both sides',
    comparison: { cosine: 0.5, ...seconds, ...wide, isNarrowBand: true, isNarrowBandBoth: true },
    llr: -1.25,
  },
  {
    name: 'over 30 s is 30 s, where the calibration does not say',
    comparison: { cosine: 0, speechSeconds: 900, voiceSeconds: 900, ...wide },
    llr: -5 + 0.25 * Math.log(30),
  },
])('llr: $name', ({ comparison, llr }) => {
  expect(Math.abs(llrOf(comparison, parameters) - llr)).toBeLessThan(1e-12);
});

test('more speech than the calibration was fitted to adds nothing', () => {
  const limited = { ...parameters, mostSeconds: 12 };
  const twelve = { cosine: 0.4, speechSeconds: 12, voiceSeconds: 12, ...wide };
  expect(llrOf({ ...twelve, speechSeconds: 60, voiceSeconds: 40 }, limited)).toBe(llrOf(twelve, limited));
});

test('a larger gallery asks for more', () => {
  const ten = acceptLlr(UNCALIBRATED, 1, 10);
  expect(ten).toBe(UNCALIBRATED.falseAcceptLlr['1']);
  expect(Math.abs(acceptLlr(UNCALIBRATED, 1, 100) - ten - Math.log(10))).toBeLessThan(1e-12);
});

test('thresholds grow with the logarithm of people as the calibration says', () => {
  const slow = { ...UNCALIBRATED, gallerySlope: 0.4 };
  const grown = (people: number) => acceptLlr(slow, 1, people) - acceptLlr(slow, 1, 10);
  expect(Math.abs(grown(40) - 0.4 * Math.log(4))).toBeLessThan(1e-12);
  // Nobody measured with more.
  expect(Math.abs(grown(400) - grown(40) - Math.log(10))).toBeLessThan(1e-12);
});

test.each([1, 0.4])(
  'nobody is identified with a score below the threshold, whoever else is near: slope %f',
  (gallerySlope) => {
    const calibration = { ...UNCALIBRATED, falseAcceptLlr: { '0.1': 4, '1': 2, '5': 0.5 }, gallerySlope };
    const threshold = acceptScore(calibration, 1);
    let identified = 0;
    for (let others = 0; others < 20; others += 1) {
      for (let lead = 0; lead <= 6; lead += 0.25) {
        const voices = Array.from({ length: others + 1 }, (_, at) => ({ id: `${at}` }) as EnrolledVoice);
        const best = acceptLlr(calibration, 1, others + 1) + 0.5;
        const comparisons = voices.map((voice, at) => ({ voice, cosine: 0, llr: at === 0 ? best : best - lead }));
        const { decision, score } = decide(rankingOf(comparisons), comparisons[0], {
          calibration,
          falseAcceptPercent: 1,
        });
        if (decision !== 'identified') continue;
        identified += 1;
        expect(score).toBeGreaterThanOrEqual(threshold);
      }
    }
    expect(identified).toBeGreaterThan(100);
  },
);

test.each([1, 10, 500])('the score from which a voice is named is one for every gallery: %i people', (gallery) => {
  const llr = acceptLlr(UNCALIBRATED, 1, gallery);
  const voices = Array.from({ length: gallery }, (_, at) => ({ id: `${at}` }) as EnrolledVoice);
  // Nobody but the first is near.
  const comparisons = voices.map((voice, at) => ({ voice, cosine: 0, llr: at === 0 ? llr : -50 }));
  const { score } = decide(rankingOf(comparisons), comparisons[0], {
    calibration: UNCALIBRATED,
    falseAcceptPercent: 1,
  });
  expect(score).toBeCloseTo(acceptScore(UNCALIBRATED, 1), 6);
});
