import { expect, test } from 'vitest';
import { diarizationErrorOf, diarizationPercent } from '../../src/evaluation/diarizationError.js';
import { formatRttm, parseRttm } from '../../src/evaluation/rttm.js';

const said = (start: number, end: number, label: string) => ({ start, end, label });
const truth = [said(0, 4, 'ann'), said(4, 8, 'ben'), said(7, 10, 'ann')];

test.each([
  {
    name: 'right, under other names',
    hypothesis: [said(0, 4, 'x'), said(4, 8, 'y'), said(7, 10, 'x')],
    parts: [0, 0, 0],
  },
  { name: 'nothing found', hypothesis: [], parts: [11, 0, 0] },
  { name: 'overlap missed', hypothesis: [said(0, 4, 'x'), said(4, 7, 'y'), said(7, 10, 'x')], parts: [1, 0, 0] },
  { name: 'one voice for all', hypothesis: [said(0, 10, 'x')], parts: [1, 0, 3] },
  { name: 'speech where there is none', hypothesis: [...truth, said(10, 12, 'z')], parts: [0, 2, 0] },
])('diarization error: $name', ({ hypothesis, parts }) => {
  const error = diarizationErrorOf(truth, hypothesis);
  expect(error.totalSeconds).toBe(11);
  expect([error.missedSeconds, error.falseAlarmSeconds, error.confusionSeconds]).toEqual(parts);
});

test('the collar leaves out both sides of every boundary of the reference', () => {
  const late = [said(0.2, 4.2, 'x'), said(4.2, 8, 'y'), said(7.2, 10, 'x')];
  expect(diarizationPercent([diarizationErrorOf(truth, late, { collarMs: 250 })]).derPercent).toBe(0);
  expect(diarizationErrorOf([said(0, 10, 'a')], [], { collarMs: 250 }).totalSeconds).toBe(9.5);
});

test('named: the names must agree, and all strangers are one voice', () => {
  const reference = [said(0, 4, 'ann'), said(4, 6, 'cid'), said(6, 8, 'dan')];
  const hypothesis = [said(0, 4, 'ann'), said(4, 8, 'unknown-1')];
  const options = { isNamed: true, enrolled: ['ann'] };
  expect(diarizationErrorOf(reference, hypothesis, options).confusionSeconds).toBe(0);
  const refused = [said(0, 4, 'unknown-2'), said(4, 8, 'unknown-1')];
  expect(diarizationErrorOf(reference, refused, options).confusionSeconds).toBe(4);
});

test('unscored stretches count on neither side', () => {
  const error = diarizationErrorOf(truth, [], { unscored: [{ start: 0, end: 4 }] });
  expect(error).toMatchObject({ totalSeconds: 7, missedSeconds: 7 });
});

test('Jaccard error: half of one voice missed, the other right', () => {
  const reference = [said(0, 4, 'ann'), said(4, 8, 'ben')];
  const error = diarizationErrorOf(reference, [said(0, 2, 'x'), said(4, 8, 'y')]);
  expect(diarizationPercent([error]).jerPercent).toBe(25);
});

test('RTTM there and back; spaces in names become underscores', () => {
  const text = formatRttm('call 1', [said(0.5, 2.25, 'Ann Lee')]);
  expect(text).toBe('SPEAKER call_1 1 0.500 1.750 <NA> <NA> Ann_Lee <NA> <NA>\n');
  expect(parseRttm(`;; comment\n${text}`)).toEqual([said(0.5, 2.25, 'Ann_Lee')]);
});

test('RTTM: a wrong line is named', () => {
  expect(() => parseRttm('SPEAKER a 1 0 1 <NA> <NA> x <NA> <NA>\nSPEAKER a 1 zero 1 <NA> <NA> x')).toThrowError(
    /line 2/,
  );
});
