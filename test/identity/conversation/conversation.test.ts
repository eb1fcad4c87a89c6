import { describe, expect, test } from 'vitest';
import { unit } from '../../../src/core/vector.js';
import { UNCALIBRATED } from '../../../src/identity/calibration.js';
import { type ConversationInput, resolveVoices } from '../../../src/identity/resolveVoices.js';
import { flat, madeVoices } from '../madeVoices.js';
import { FRAMES_PER_SECOND, HOP_FRAMES, type MadeTurn, madeConversation } from './madeConversation.js';

const DIMENSIONS = 192;

/** What the networks would say of a conversation. `soundsLike`: another voice's embeddings for a voice's. */
function heard(turns: readonly MadeTurn[], seconds: number, spread = 0.8, hopFrames?: number) {
  const { local, voiceOf } = madeConversation(turns, seconds, hopFrames);
  const { embeddings, voices } = madeVoices({ dimensions: DIMENSIONS, turns: voiceOf, windowsEach: 1, spread });
  const input: ConversationInput = {
    local,
    dimensions: DIMENSIONS,
    embeddings: flat(embeddings),
    voices: [],
    calibration: UNCALIBRATED,
    falseAcceptPercent: 1,
    isNarrowBand: false,
  };
  return { input, voices };
}

const inTurn = (count: number, voices: number): MadeTurn[] =>
  Array.from({ length: count }, (_, i) => ({ voice: i % voices, from: 4 * i + 0.5, to: 4 * i + 4 }));

const toldOf = (input: ConversationInput) =>
  resolveVoices(input).turns.map(({ voice, startSample, endSample }) => ({
    voice,
    from: startSample / 16_000,
    to: endSample / 16_000,
  }));

describe('a conversation with a segmentation network', () => {
  test.each([1, 2, 3, 4])('%i people in turn are so many voices, each at its time', (people) => {
    const turns = inTurn(8, people);
    expect(toldOf(heard(turns, 33).input)).toEqual(turns);
  });

  test('overlapping speakers both have turns, which are marked', () => {
    const turns = [
      ...[0, 1].map((voice) => ({ voice, from: 0.5 + 5 * voice, to: 5 + 5 * voice })),
      { voice: 0, from: 11, to: 16 },
      { voice: 1, from: 14, to: 19 },
    ];
    const { input } = heard(turns, 20);
    expect(toldOf(input)).toEqual(turns);
    expect(resolveVoices(input).turns.map(({ isOverlap }) => isOverlap)).toEqual([false, false, true, true]);
  });

  test('who is enrolled is named, the others are not', () => {
    const { input, voices } = heard(inTurn(8, 2), 33);
    const mean = voices[0]!;
    const ann = { id: 'ann', mean, exemplars: [mean], speechSeconds: 18, isNarrowBand: false };
    const { turns } = resolveVoices({ ...input, voices: [ann] });
    expect(turns.map(({ speakerId }) => speakerId)).toEqual(['ann', null, 'ann', null, 'ann', null, 'ann', null]);
  });

  test('a change of voice that the network missed is found by the embeddings', () => {
    const turns = inTurn(8, 2);
    const { input } = heard(turns, 33);
    // The network hears one voice from beginning to end; a pause between the turns still parts the pieces.
    const one = input.local.pieces.map((piece) => ({ ...piece, local: 0 }));
    const { activity } = input.local.voices;
    for (let at = 0; at < activity.length; at += 3) {
      activity[at] = Math.max(activity[at]!, activity[at + 1]!, activity[at + 2]!);
      activity.fill(0, at + 1, at + 3);
    }
    expect(toldOf({ ...input, local: { ...input.local, pieces: one } })).toEqual(turns);
  });

  test('no more voices than are asked for', () => {
    const { input } = heard(inTurn(9, 3), 37);
    const { turns } = resolveVoices({ ...input, maxVoices: 2 });
    expect(new Set(turns.map(({ voice }) => voice))).toEqual(new Set([0, 1]));
  });

  test('a voice with too little evidence is found if the number of voices is given', () => {
    const { input, voices } = heard([...inTurn(8, 2), { voice: 2, from: 38, to: 39.2 }], 40);
    // It is not unlike the first voice.
    input.local.pieces.forEach(({ chunk, frames }, row) => {
      if (chunk * HOP_FRAMES + frames[0]! < 38 * FRAMES_PER_SECOND) return;
      const own = input.embeddings.subarray(row * DIMENSIONS, (row + 1) * DIMENSIONS);
      own.set(unit(own.map((value, i) => value + 0.5 * voices[0]![i]!)));
    });
    const voicesOf = (told: ConversationInput) => new Set(resolveVoices(told).turns.map(({ voice }) => voice)).size;
    expect(voicesOf(input)).toBe(2);
    expect(voicesOf({ ...input, minVoices: 3, maxVoices: 3 })).toBe(3);
    expect(voicesOf({ ...input, minVoices: 9 })).toBeLessThanOrEqual(9);
  });

  test('in a short recording somebody who speaks once, for two seconds, and is like nobody else is a voice', () => {
    const turns = [...inTurn(2, 1), { voice: 1, from: 8.5, to: 10.5 }];
    expect(toldOf(heard(turns, 11).input)).toEqual(turns);
  });

  test('two people who say a sentence each, within one chunk, are two', () => {
    const turns = [
      { voice: 0, from: 1, to: 2.4 },
      { voice: 1, from: 3, to: 5 },
    ];
    expect(toldOf(heard(turns, 6).input)).toEqual(turns);
  });

  test.each([100, 200, 400])('chunks every %i frames find the same voices', (hopFrames) => {
    const turns = [...inTurn(6, 2), { voice: 2, from: 26, to: 27.4 }];
    expect(toldOf(heard(turns, 28, 0.8, hopFrames).input)).toEqual(turns);
  });

  test('two voices that a room makes similar are separated if two are known to speak', () => {
    const { input, voices } = heard(inTurn(8, 2), 33, 0.4);
    for (let at = 0; at < input.embeddings.length; at += DIMENSIONS) {
      const own = input.embeddings.subarray(at, at + DIMENSIONS);
      own.set(unit(own.map((value, i) => value + 1.5 * (voices[0]![i]! + voices[1]![i]!))));
    }
    // The network hears one voice, too.
    const apart = {
      ...input,
      local: { ...input.local, pieces: input.local.pieces.map((piece) => ({ ...piece, local: 0 })) },
    };
    const told = (minVoices?: number) =>
      new Set(resolveVoices({ ...apart, minVoices }).turns.map((turn) => turn.voice));
    expect(told().size).toBe(1);
    expect(told(2).size).toBe(2);
  });

  test('two voices that a line makes similar, and each to itself even more, are two', () => {
    const turns = inTurn(8, 2);
    const { input, voices } = heard(turns, 33, 0.25);
    const line = unit(voices[0]!.map((value, i) => value + voices[1]![i]!));
    for (let at = 0; at < input.embeddings.length; at += DIMENSIONS) {
      const own = input.embeddings.subarray(at, at + DIMENSIONS);
      own.set(unit(own.map((value, i) => value + 0.8 * line[i]!)));
    }
    // The network hears one voice: only the embeddings can tell the two from each other.
    const one = input.local.pieces.map((piece) => ({ ...piece, local: 0 }));
    const told = resolveVoices({ ...input, local: { ...input.local, pieces: one } }).turns;
    expect(new Set(told.map(({ voice }) => voice)).size).toBe(2);
  });

  test('no turns without speech', () => {
    expect(toldOf(heard([], 12).input)).toEqual([]);
  });
});
