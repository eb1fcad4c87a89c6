import { expect, test } from 'vitest';
import { type OpenSetTrial, openSetResult } from '../../src/evaluation/openSet.js';

const nobody = { '0.1': false, '1': false, '5': false };
const stranger = (score: number, isNamed = nobody): OpenSetTrial => ({
  isEnrolled: false,
  score,
  isBestRight: false,
  isNamed,
});
const known = (score: number, isBestRight = true, isNamed = nobody): OpenSetTrial => ({
  isEnrolled: true,
  score,
  isBestRight,
  isNamed,
});
/** A hundred strangers with scores 0 … 99: one lies above 98, five above 94. */
const strangers = Array.from({ length: 100 }, (_, score) => stranger(score));

test.each([
  { name: 'all above every stranger', trials: [known(200), known(300)], expected: [0, 0, 100] },
  { name: 'at the threshold is not above it', trials: [known(98), known(98.5)], expected: [50, 0, 100] },
  { name: 'between both thresholds', trials: [known(96), known(99)], expected: [50, 0, 100] },
  { name: 'below both', trials: [known(10), known(200)], expected: [50, 50, 100] },
  {
    name: 'another is best: never named, however high',
    trials: [known(200, false), known(200)],
    expected: [50, 50, 50],
  },
])('rates worked out by hand: $name', ({ trials, expected }) => {
  const result = openSetResult([...strangers, ...trials])!;
  expect([result.fnirAtFpir1Percent, result.fnirAtFpir5Percent, result.rank1Percent]).toEqual(expected);
});

test('what the presets let through, name rightly and name wrongly', () => {
  const trials = [
    stranger(1, { '0.1': false, '1': false, '5': true }),
    stranger(1, { '0.1': false, '1': true, '5': true }),
    stranger(1),
    stranger(1),
    known(1, true, { '0.1': true, '1': true, '5': true }),
    known(1, false, { '0.1': false, '1': false, '5': true }),
  ];
  expect(openSetResult(trials)).toMatchObject({
    falseAcceptAtPreset: { '0.1': 0, '1': 25, '5': 50 },
    namedAtPreset: { '0.1': 50, '1': 50, '5': 50 },
    misnamedAtPreset: { '0.1': 0, '1': 0, '5': 50 },
    enrolledTrials: 2,
    strangerTrials: 4,
  });
});

test.each([
  { name: 'nobody enrolled', trials: [stranger(1)] },
  { name: 'no stranger', trials: [known(1)] },
  { name: 'nothing', trials: [] },
])('no rates without both kinds of trial: $name', ({ trials }) => {
  expect(openSetResult(trials)).toBeUndefined();
});
