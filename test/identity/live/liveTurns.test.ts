import { describe, expect, test } from 'vitest';
import { finished } from '../../../src/core/steps.js';
import { finalsOf, MadeStream, relabelsOf } from './madeStream.js';

const voicesOf = (changes: Parameters<typeof finalsOf>[0]) => finalsOf(changes).map(({ voice }) => voice);
const peopleOf = (changes: Parameters<typeof finalsOf>[0]) => finalsOf(changes).map(({ verdict }) => verdict.speakerId);

describe('unknown voices of a live stream', () => {
  test('keep their numbers, however often they take turns', () => {
    const stream = new MadeStream();
    for (const voice of [0, 1, 0, 2, 1, 0, 2, 1]) stream.speak([voice, 2.5]);
    expect(voicesOf(stream.changes)).toEqual([1, 2, 1, 3, 2, 1, 3, 2]);
    expect(relabelsOf(stream.changes)).toEqual([]);
    expect(stream.turns.lastUnknown).toBe(2);
  });

  test('a change of voice inside speech ends a turn and begins another', () => {
    const stream = new MadeStream();
    stream.speak([0, 4]);
    stream.speak([1, 4]);
    const changes = stream.speak([0, 4], [1, 4]);
    const finals = finalsOf(changes);
    expect(finals.map(({ voice }) => voice)).toEqual([1, 2]);
    expect(finals[0]!.endSample).toBe(finals[1]!.startSample);
    const start = finals[0]!.startSample;
    expect(Math.abs(finals[0]!.endSample - start - 64_000)).toBeLessThanOrEqual(12_000);
  });

  test('a voice nobody knows that sets in inside speech is found, too', () => {
    const stream = new MadeStream();
    stream.speak([0, 6]);
    expect(voicesOf(stream.speak([0, 3], [1, 5]))).toEqual([1, 2]);
  });

  test('what is too short to be a voice of its own is rejected', () => {
    const stream = new MadeStream();
    const [change] = stream.speak([0, 0.5]);
    expect(change).toMatchObject({ type: 'rejected', reason: 'too_short', turnId: 't1' });
    expect(stream.turns.lastUnknown).toBeUndefined();
  });

  test('what drowns in noise founds no voice, and teaches nothing of one', () => {
    const stream = new MadeStream();
    stream.snrDb = 1;
    expect(stream.speak([0, 4])).toMatchObject([{ type: 'rejected', reason: 'too_noisy' }]);
    stream.snrDb = 20;
    stream.speak([0, 4]);
    const learnt = stream.turns.voice(1)!;
    expect(learnt.exemplars).toMatchObject([{ snrDb: 20 }]);
    stream.snrDb = 1;
    expect(voicesOf(stream.speak([0, 4]))).toEqual([1]);
    expect(stream.turns.voice(1)).toEqual(learnt);
  });

  test('what is learnt of a voice stays bounded', () => {
    const stream = new MadeStream();
    for (let turn = 0; turn < 40; turn += 1) stream.speak([0, 2 + (turn % 3)]);
    const voice = stream.turns.voice(1)!;
    expect(voice.exemplars).toHaveLength(20);
    expect(voice.samples).toBeGreaterThan(40 * 2 * 16_000);
  });

  test('no more than forty voices are kept', () => {
    const stream = new MadeStream(50);
    for (let voice = 0; voice < 50; voice += 1) stream.speak([voice, 2]);
    const kept = Array.from({ length: 50 }, (_, i) => stream.turns.voice(i + 1)).filter(Boolean);
    expect(kept).toHaveLength(40);
    expect(stream.turns.voice(1)).toBeUndefined();
  });
});

describe('enrolled people in a live stream', () => {
  test('are named before their turn ends, and only once', () => {
    const stream = new MadeStream();
    finished(stream.turns.setEnrolled([stream.enrolled(0, 'alice'), stream.enrolled(1, 'bob')]));
    const told = stream.speak([0, 4]).flatMap((change) => (change.type === 'turn' ? [change.turn] : []));
    expect(told.map(({ isFinal }) => isFinal)).toEqual([false, true]);
    expect(told.map(({ verdict }) => verdict.speakerId)).toEqual(['alice', 'alice']);
    expect(told[0]!.endSample - told[0]!.startSample).toBeLessThanOrEqual(24_000);
    expect(peopleOf(stream.speak([1, 3]))).toEqual(['bob']);
    expect(peopleOf(stream.speak([2, 3]))).toEqual([null]);
  });

  test('turns of a person enrolled later are relabelled, no others', () => {
    const stream = new MadeStream();
    for (const voice of [0, 1, 0]) stream.speak([voice, 3]);
    const changes = finished(stream.turns.setEnrolled([stream.enrolled(0, 'alice')]));
    expect(changes).toMatchObject([{ type: 'relabel', turnIds: ['t1', 't3'], voice: 1 }]);
    expect(relabelsOf(changes)[0]!.verdict).toMatchObject({ speakerId: 'alice', decision: 'identified' });
    expect(finished(stream.turns.setEnrolled([stream.enrolled(0, 'alice')]))).toEqual([]);
  });

  test('a name is taken back when its person is erased', () => {
    const stream = new MadeStream();
    finished(stream.turns.setEnrolled([stream.enrolled(0, 'alice')]));
    stream.speak([0, 3]);
    const [change] = finished(stream.turns.setEnrolled([]));
    expect(change).toMatchObject({
      type: 'relabel',
      turnIds: ['t1'],
      verdict: { speakerId: null, decision: 'unknown' },
    });
  });

  test('somebody may say whose voice it is', () => {
    const stream = new MadeStream();
    stream.speak([0, 3]);
    stream.speak([1, 3]);
    expect(finished(stream.turns.bind(1, 'alice'))).toMatchObject([{ type: 'relabel', turnIds: ['t1'], voice: 1 }]);
    expect(finalsOf(stream.speak([0, 3]))[0]!.verdict).toMatchObject({ speakerId: 'alice', decision: 'identified' });
    expect(finished(stream.turns.bind(1, undefined))).toMatchObject([{ type: 'relabel', turnIds: ['t1', 't3'] }]);
    expect(finished(stream.turns.bind(99, 'nobody'))).toEqual([]);
  });

  test('voiceprints never move: the arrays handed in stay as they were', () => {
    const stream = new MadeStream();
    const alice = stream.enrolled(0, 'alice');
    const before = structuredClone(alice);
    finished(stream.turns.setEnrolled([alice]));
    for (let turn = 0; turn < 5; turn += 1) stream.speak([0, 4]);
    expect(alice).toEqual(before);
  });

  test('a turn is no surer a name than it is that its voice is the one so well known', () => {
    const stream = new MadeStream();
    finished(stream.turns.setEnrolled([stream.enrolled(0, 'alice')]));
    for (let turn = 0; turn < 6; turn += 1) stream.speak([0, 4]);
    const [alice] = finalsOf(stream.speak([0, 1]));
    expect(alice!.verdict).toMatchObject({ speakerId: 'alice', decision: 'identified' });
    const [stranger] = finalsOf(stream.speak([1, 1]));
    expect(stranger!.verdict.speakerId).toBeNull();
    expect(stranger!.verdict.score).toBeLessThan(0.2);
  });

  test('two people who take short turns are two, each with their name in the end', () => {
    const stream = new MadeStream();
    finished(stream.turns.setEnrolled([stream.enrolled(0, 'alice'), stream.enrolled(1, 'bob')]));
    for (const voice of [0, 1, 0, 1, 0, 1]) stream.speak([voice, 1.5]);
    const last = new Map(finalsOf(stream.changes).map(({ turnId, verdict }) => [turnId, verdict.speakerId]));
    for (const { turnIds, verdict } of relabelsOf(stream.changes)) {
      for (const turnId of turnIds) last.set(turnId, verdict.speakerId);
    }
    expect([...last.values()]).toEqual(['alice', 'bob', 'alice', 'bob', 'alice', 'bob']);
  });

  test('hours of turns keep a bounded memory of single turns', () => {
    const stream = new MadeStream();
    for (let turn = 0; turn < 150; turn += 1) stream.speak([turn % 3, 1.5]);
    const learnt = [1, 2, 3].map((number) => stream.turns.voice(number)!);
    expect(learnt.every((voice) => voice.exemplars.length <= 20)).toBe(true);
    expect(learnt.every((voice) => voice.samples > 40 * 16_000)).toBe(true);
    expect(stream.turns.rememberedTurns).toBeLessThanOrEqual(100);
  });
});
