import { expect, test } from 'vitest';
import { LOCAL_VOICES } from '../../src/core/localVoices.js';
import { localPiecesOf } from '../../src/speech/localPieces.js';

const FRAMES = 500;

/** Activity of one chunk: [voice, first frame, frame after the last]. */
function activityOf(...runs: readonly (readonly [number, number, number])[]): Uint8Array {
  const activity = new Uint8Array(FRAMES * LOCAL_VOICES);
  for (const [voice, from, to] of runs) {
    for (let frame = from; frame < to; frame += 1) activity[frame * LOCAL_VOICES + voice] = 255;
  }
  return activity;
}

const piecesOf = (activity: Uint8Array, frames = FRAMES) =>
  localPiecesOf(activity, 7, frames).map(({ local, frames: own, isSolid }) => ({
    local,
    isSolid,
    from: own[0],
    to: own.at(-1)! + 1,
    count: own.length,
  }));

test('a piece ends where another voice speaks, and continues across a short pause', () => {
  expect(piecesOf(activityOf([0, 10, 50], [0, 60, 100], [1, 100, 150], [0, 160, 200]))).toEqual([
    { local: 0, isSolid: true, from: 10, to: 100, count: 80 },
    { local: 0, isSolid: true, from: 160, to: 200, count: 40 },
    { local: 1, isSolid: true, from: 100, to: 150, count: 50 },
  ]);
});

test('speech under another voice is in no piece', () => {
  expect(piecesOf(activityOf([0, 0, 100], [1, 80, 160]))).toEqual([
    { local: 0, isSolid: true, from: 0, to: 80, count: 80 },
    { local: 1, isSolid: true, from: 100, to: 160, count: 60 },
  ]);
});

test('long speech is cut evenly', () => {
  expect(piecesOf(activityOf([2, 0, 300])).map(({ count }) => count)).toEqual([100, 100, 100]);
});

test('scraps are embedded together; what is never alone, as it is', () => {
  const scraps = activityOf([0, 0, 10], [0, 100, 112], [0, 200, 205]);
  expect(piecesOf(scraps)).toEqual([{ local: 0, isSolid: false, from: 0, to: 205, count: 27 }]);
  const beneath = piecesOf(activityOf([0, 0, 100], [1, 40, 60]));
  expect(beneath.filter(({ local }) => local === 1)).toEqual([
    { local: 1, isSolid: false, from: 40, to: 60, count: 20 },
  ]);
});

test('what is too short says nothing, nor does what lies behind the end', () => {
  expect(piecesOf(activityOf([0, 0, 12]))).toEqual([]);
  expect(piecesOf(activityOf([0, 0, 100]), 40)).toEqual([{ local: 0, isSolid: true, from: 0, to: 40, count: 40 }]);
});
