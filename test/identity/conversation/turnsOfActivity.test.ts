import { expect, test } from 'vitest';
import { UNASSIGNED } from '../../../src/identity/conversation/embeddedPieces.js';
import { turnsOfActivity } from '../../../src/identity/conversation/turnsOfActivity.js';
import { madeConversation } from './madeConversation.js';

const seconds = (spans: ReturnType<typeof turnsOfActivity>) =>
  spans.map(({ voice, startSample, endSample }) => ({ voice, from: startSample / 16_000, to: endSample / 16_000 }));

test('turns follow the activity in every chunk, also in overlap', () => {
  const turns = [
    { voice: 0, from: 1, to: 6 },
    { voice: 1, from: 5, to: 11 },
    { voice: 0, from: 14, to: 19 },
  ];
  const { local, voiceOf } = madeConversation(turns, 20);
  expect(seconds(turnsOfActivity(local, Int32Array.from(voiceOf), 2))).toEqual(turns);
});

test('no turns in silence, and a turn does not outlast the recording', () => {
  const { local, voiceOf } = madeConversation([{ voice: 0, from: 0, to: 4 }], 4);
  const quiet = { ...local, speech: [], audible: [{ startSample: 16_000, endSample: 48_000 }] };
  expect(seconds(turnsOfActivity(quiet, Int32Array.from(voiceOf), 1))).toEqual([{ voice: 0, from: 1, to: 3 }]);
  const short = { ...local, samples: 63_900 };
  expect(turnsOfActivity(short, Int32Array.from(voiceOf), 1).at(-1)?.endSample).toBe(63_900);
});

test('short pauses are closed and short sounds are dropped', () => {
  const turns = [
    { voice: 0, from: 1, to: 3 },
    { voice: 0, from: 3.1, to: 5 },
    { voice: 0, from: 6, to: 6.06 },
  ];
  const { local, voiceOf } = madeConversation(turns, 8);
  expect(seconds(turnsOfActivity(local, Int32Array.from(voiceOf), 1))).toEqual([{ voice: 0, from: 1, to: 5 }]);
});

test('in certain speech the most likely voice speaks, though the network was uncertain', () => {
  const { local, voiceOf } = madeConversation([{ voice: 0, from: 1, to: 4 }], 6);
  local.voices.activity.forEach((level, i) => {
    const frame = Math.floor(i / 3);
    if (level > 0 && frame % 500 >= 100 && frame % 500 < 150) local.voices.activity[i] = 60;
  });
  expect(seconds(turnsOfActivity(local, Int32Array.from(voiceOf), 1))).toEqual([{ voice: 0, from: 1, to: 4 }]);
  const unsure = { ...local, speech: [] };
  expect(turnsOfActivity(unsure, Int32Array.from(voiceOf), 1)).toHaveLength(2);
});

test('in certain speech without a voice of the network, the nearest voice speaks', () => {
  const turns = [
    { voice: 0, from: 1, to: 3 },
    { voice: 1, from: 4, to: 6 },
  ];
  const { local, voiceOf } = madeConversation(turns, 8);
  const speech = [{ startSample: 8_000, endSample: 112_000 }];
  expect(seconds(turnsOfActivity({ ...local, speech, audible: speech }, Int32Array.from(voiceOf), 2))).toEqual([
    { voice: 0, from: 0.5, to: 3.5 },
    { voice: 1, from: 3.5, to: 7 },
  ]);
});

test('unassigned pieces give no turns', () => {
  const { local, voiceOf } = madeConversation([{ voice: 0, from: 1, to: 4 }], 6);
  expect(turnsOfActivity(local, new Int32Array(voiceOf.length).fill(UNASSIGNED), 1)).toEqual([]);
});
