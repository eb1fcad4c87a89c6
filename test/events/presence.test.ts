import { expect, test } from 'vitest';
import type { LiveEvent, LiveTurn } from '../../src/core/live.js';
import { liveSpeakerEvent } from '../../src/events/liveSpeakerEvent.js';
import { Presence } from '../../src/events/presence.js';
import { context, liveTurn, place, strangersTurn } from './turns.js';

const bob = (about: Partial<LiveTurn> = {}) => liveTurn({ turnId: 't2', speakerId: 'bob', name: 'Bob', ...about });

/** A site where what happens has a time in seconds; what is said is kept by the last level of its topic. */
function site(windowMs?: number) {
  const presence = new Presence(place, windowMs);
  const at = (seconds: number) => Date.UTC(2026, 10, 22) + seconds * 1000;
  const shown = (messages: ReturnType<Presence['tick']>) =>
    messages.map(({ topic, payload, qos, retain }) => {
      expect([qos, retain]).toEqual([1, true]);
      return [topic.replace('speaker-id/', ''), payload] as const;
    });
  const texts = (messages: ReturnType<Presence['tick']>) =>
    shown(messages).flatMap(([topic, payload]) => (topic === 'door/speaker' ? [payload] : []));
  const hear = (event: LiveEvent, seconds: number, sessionId = 's1') =>
    presence.hear(liveSpeakerEvent(event, { ...context, sessionId }), at(seconds));
  const turn = (spoken: LiveTurn, seconds: number, sessionId = 's1') =>
    hear({ type: 'turn', turn: spoken, timestampMs: at(seconds) }, seconds, sessionId);
  return { presence, at, shown, texts, hear, turn };
}

test('who speaks is here, and gone when the window is over', () => {
  const { presence, at, turn, texts } = site();
  expect(texts(presence.announce(at(0)))).toEqual(['nobody']);
  expect(texts(turn(liveTurn(), 1))).toEqual(['Alice']);
  expect(texts(turn(bob(), 11))).toEqual(['Alice, Bob']);
  expect(presence.nextChangeAtMs).toBe(at(31));
  expect(texts(presence.tick(at(30.9)))).toEqual([]);
  expect(texts(presence.tick(at(31)))).toEqual(['Bob']);
  expect(texts(presence.tick(at(41)))).toEqual(['nobody']);
  expect(presence.nextChangeAtMs).toBeUndefined();
});

test('the same person again changes the attributes and the last speaker, not the name', () => {
  const { turn, shown } = site();
  turn(liveTurn(), 1);
  const again = new Map(shown(turn(liveTurn({ turnId: 't9', score: 0.8 }), 5)));
  expect([...again.keys()].sort()).toEqual(['door/attributes', 'speakers/alice']);
  expect(again.get('speakers/alice')).toEqual({
    name: 'Alice',
    last_heard: '2026-11-22T00:00:05.000Z',
    last_site: 'door',
    score: 0.8,
  });
  expect(again.get('door/attributes')).toMatchObject({
    speakers: [{ speaker_id: 'alice', speaker: 'Alice', score: 0.8, last_heard: '2026-11-22T00:00:05.000Z' }],
    last: { event_type: 'identified', turn_id: 't9' },
  });
});

test('unknown voices and tentative names are unknown, unless an identified person is present too', () => {
  const { turn, texts } = site();
  expect(texts(turn(strangersTurn('unknown-1'), 1))).toEqual(['unknown']);
  expect(texts(turn(liveTurn({ decision: 'uncertain', cluster: 'unknown-2' }), 2))).toEqual([]);
  expect(texts(turn(liveTurn({ turnId: 't3' }), 3))).toEqual(['Alice']);
});

test('a tentative turn makes no one present, but keeps a present person', () => {
  const { presence, at, turn, texts } = site();
  presence.announce(at(0));
  expect(texts(turn(bob({ isFinal: false }), 1))).toEqual([]);
  turn(liveTurn(), 2);
  expect(texts(turn(liveTurn({ turnId: 't5', isFinal: false }), 25))).toEqual([]);
  expect(texts(presence.tick(at(40)))).toEqual([]);
  expect(texts(presence.tick(at(55)))).toEqual(['nobody']);
});

test('an unknown who is recognised was here all the time, and only in his own session', () => {
  const { hear, turn, texts, shown, at } = site();
  turn(strangersTurn('unknown-1', { turnId: 't1' }), 1);
  turn(strangersTurn('unknown-1', { turnId: 't1' }), 1, 's2');
  const relabel = (sessionId: string) =>
    hear(
      {
        type: 'relabel',
        turnIds: ['t1'],
        cluster: 'unknown-1',
        speakerId: 'carol',
        name: 'Carol',
        score: 0.9,
        timestampMs: at(5),
      },
      5,
      sessionId,
    );
  const said = relabel('s1');
  expect(texts(said)).toEqual(['Carol']);
  expect(new Map(shown(said)).get('speakers/carol')).toMatchObject({ last_heard: '2026-11-22T00:00:01.000Z' });
  expect(texts(relabel('s3'))).toEqual([]);
});

test('a withdrawn name leaves an unknown', () => {
  const { hear, turn, texts, at } = site();
  turn(liveTurn(), 1);
  const taken = { cluster: 'unknown-4', speakerId: null, name: null, score: 0.2, timestampMs: at(2) };
  expect(texts(hear({ type: 'relabel', turnIds: ['t1'], ...taken }, 2))).toEqual(['unknown']);
});

test('rejected speech makes no one present', () => {
  const { presence, hear, at, texts } = site();
  presence.announce(at(0));
  const reason = 'TOO_LITTLE_SPEECH';
  const said = hear({ type: 'rejected', turnId: 't1', start: 0, end: 1, reason, timestampMs: at(1) }, 1);
  expect(texts(said)).toEqual([]);
  expect(presence.text).toBe('nobody');
});

test('a broker that lost everything gets all retained messages again, without an event', () => {
  const { presence, turn, shown, at } = site();
  turn(liveTurn(), 1);
  const again = shown(presence.announce(at(2)));
  expect(again.map(([topic]) => topic)).toEqual(['door/speaker', 'door/attributes']);
  expect(again[0]![1]).toBe('Alice');
});

test('the window is the one that was chosen', () => {
  const { presence, turn, at } = site(5_000);
  turn(liveTurn(), 0);
  expect(presence.nextChangeAtMs).toBe(at(5));
});

test('a person with a new name has it in all retained messages, present or not', () => {
  const { presence, turn, shown } = site();
  turn(liveTurn(), 1);
  const renamed = new Map(shown(presence.rename('alice', 'Alicia')));
  expect(renamed.get('speakers/alice')).toMatchObject({ name: 'Alicia' });
  expect(renamed.get('door/speaker')).toBe('Alicia');
  expect(JSON.stringify(renamed.get('door/attributes'))).not.toMatch(/"Alice"/);
  turn(bob(), 120);
  expect(new Map(shown(presence.rename('alice', 'Ali'))).get('speakers/alice')).toMatchObject({ name: 'Ali' });
  expect(shown(presence.rename('carol', 'Carola'))).toEqual([]);
});

test('an erased person is removed from all retained messages; the voice stays as an unknown one', () => {
  const { presence, turn, shown } = site();
  turn(liveTurn(), 1);
  turn(bob({ candidates: [{ speakerId: 'alice', name: 'Alice', score: 0.2, cosine: 0.1 }] }), 2);
  const erased = new Map(shown(presence.erase('alice')));
  expect(erased.get('speakers/alice')).toBe('');
  expect(erased.get('door/speaker')).toBe('Bob');
  expect(JSON.stringify(erased.get('door/attributes'))).not.toMatch(/alice/i);
  const alone = new Map(shown(presence.erase('bob')));
  expect(alone.get('door/speaker')).toBe('unknown');
  expect(alone.get('door/attributes')).toEqual({ speakers: [], last: null });
  // Published in an earlier run: the topic is emptied all the same.
  expect(shown(presence.erase('carol'))).toEqual([['speakers/carol', '']]);
});
