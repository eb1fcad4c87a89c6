import { expect, test } from 'vitest';
import type { ErrorCode } from '../../src/core/errors.js';
import type { IdentifiedSegment } from '../../src/core/identification.js';
import type { LiveEvent } from '../../src/core/live.js';
import { liveSpeakerEvent } from '../../src/events/liveSpeakerEvent.js';
import { isTurnEvent, recordedTurnEvent, rejectedEvent } from '../../src/events/speakerEvent.js';
import { errorMessage, eventMessage } from '../../src/events/topics.js';
import { context, liveTurn, place, strangersTurn } from './turns.js';

const timestampMs = Date.UTC(2026, 10, 22);
const timestamp = '2026-11-22T00:00:00.000Z';
const told = { site: 'door', session_id: 's1', timestamp };

/** What every turn of `liveTurn` says. */
const alice = {
  speaker: 'Alice',
  speaker_id: 'alice',
  score: 0.9712,
  margin: 0.4,
  threshold: 0.6235,
  start: 1.5,
  end: 3.25,
  speech_seconds: 1.6,
  candidates: [{ speaker_id: 'alice', speaker: 'Alice', score: 0.9712 }],
  model: 'm',
  turn_id: 't1',
  ...told,
};

test.each<{ name: string; event: LiveEvent; topic: string; qos: 0 | 1; retain: boolean; payload: object }>([
  {
    name: 'a final turn',
    event: { type: 'turn', turn: liveTurn(), timestampMs },
    topic: 'speaker-id/door/event',
    qos: 1,
    retain: false,
    payload: { event_type: 'identified', ...alice },
  },
  {
    name: 'a turn that is still spoken',
    event: { type: 'turn', turn: liveTurn({ isFinal: false }), timestampMs },
    topic: 'speaker-id/door/tentative',
    qos: 0,
    retain: false,
    payload: { event_type: 'tentative', decision: 'identified', ...alice },
  },
  {
    name: 'a stranger who is talked over',
    event: { type: 'turn', turn: strangersTurn('unknown-1', { overlap: true, candidates: [] }), timestampMs },
    topic: 'speaker-id/door/event',
    qos: 1,
    retain: false,
    payload: {
      event_type: 'unknown',
      ...alice,
      speaker: null,
      speaker_id: null,
      score: 0.1,
      candidates: [],
      cluster: 'unknown-1',
      overlap: true,
    },
  },
  {
    name: 'speech of which nothing can be said',
    event: { type: 'rejected', turnId: 't2', start: 4, end: 4.3, reason: 'TOO_LITTLE_SPEECH', timestampMs },
    topic: 'speaker-id/door/event',
    qos: 1,
    retain: false,
    payload: {
      event_type: 'rejected',
      speaker: null,
      speaker_id: null,
      score: 0,
      margin: 0,
      threshold: 0.6235,
      start: 4,
      end: 4.3,
      speech_seconds: 0,
      candidates: [],
      model: 'm',
      ...told,
      reason: 'TOO_LITTLE_SPEECH',
      turn_id: 't2',
    },
  },
  {
    name: 'a stranger who turns out to be Alice',
    event: {
      type: 'relabel',
      turnIds: ['t1', 't4'],
      cluster: 'unknown-1',
      speakerId: 'alice',
      name: 'Alice',
      score: 0.9,
      timestampMs,
    },
    topic: 'speaker-id/door/relabel',
    qos: 1,
    retain: false,
    payload: {
      event_type: 'relabel',
      turn_ids: ['t1', 't4'],
      cluster: 'unknown-1',
      speaker: 'Alice',
      speaker_id: 'alice',
      score: 0.9,
      model: 'm',
      ...told,
    },
  },
  {
    name: 'a stream that is lost',
    event: {
      type: 'state',
      state: { status: 'retrying', code: 'LIVE_LOST', message: 'gone; wait', retryInMs: 1234, attempt: 2 },
      timestampMs,
    },
    topic: 'speaker-id/door/stream',
    qos: 1,
    retain: true,
    payload: {
      event_type: 'stream',
      status: 'retrying',
      code: 'LIVE_LOST',
      message: 'gone; wait',
      retry_in_seconds: 1.234,
      attempt: 2,
      ...told,
    },
  },
  {
    name: 'audio that was dropped',
    event: { type: 'dropped', seconds: 0.50049, timestampMs },
    topic: 'speaker-id/door/load',
    qos: 0,
    retain: false,
    payload: { event_type: 'dropped', seconds: 0.5, ...told },
  },
  {
    name: 'a machine that is full',
    event: { type: 'degraded', level: 1, timestampMs },
    topic: 'speaker-id/door/load',
    qos: 0,
    retain: false,
    payload: { event_type: 'degraded', level: 1, ...told },
  },
])('$name', ({ event, topic, qos, retain, payload }) => {
  expect(eventMessage(liveSpeakerEvent(event, context), place)).toEqual({ topic, qos, retain, payload });
});

test('only final turns count for presence', () => {
  const final = liveSpeakerEvent({ type: 'turn', turn: liveTurn(), timestampMs }, context);
  const tentative = liveSpeakerEvent({ type: 'turn', turn: liveTurn({ isFinal: false }), timestampMs }, context);
  expect([isTurnEvent(final), isTurnEvent(tentative)]).toEqual([true, false]);
});

test('a failing stream also publishes to the errors topic, a healthy one does not', () => {
  const state = (code?: ErrorCode) =>
    liveSpeakerEvent(
      { type: 'state', state: { status: 'ended', message: 'm; do', ...(code && { code }) }, timestampMs },
      context,
    );
  expect(errorMessage(state('FILE_NOT_FOUND'), place)).toEqual({
    topic: 'speaker-id/errors',
    qos: 1,
    retain: false,
    payload: { code: 'FILE_NOT_FOUND', message: 'm; do', site: 'door' },
  });
  expect(errorMessage(state(), place)).toBeUndefined();
});

const segment: IdentifiedSegment = {
  speakerId: 'alice',
  name: 'Alice',
  cluster: null,
  start: 1.5,
  end: 3,
  score: 0.97,
  margin: 0.4,
  cosine: 0.7,
  decision: 'identified',
  overlap: false,
  candidates: [{ speakerId: 'alice', name: 'Alice', score: 0.97, cosine: 0.7 }],
};

test('a turn of a recording has the fields that MQTT users know, and never an embedding or a cosine', () => {
  expect(recordedTurnEvent(segment, context, timestampMs)).toEqual({
    event_type: 'identified',
    speaker: 'Alice',
    speaker_id: 'alice',
    score: 0.97,
    margin: 0.4,
    threshold: 0.6235,
    start: 1.5,
    end: 3,
    speech_seconds: 1.5,
    model: 'm',
    ...told,
    candidates: [{ speaker_id: 'alice', speaker: 'Alice', score: 0.97 }],
  });
  const unknown = { ...segment, speakerId: null, name: null, cluster: 'unknown-1', decision: 'unknown' } as const;
  expect(recordedTurnEvent(unknown, context, timestampMs)).toMatchObject({
    event_type: 'unknown',
    speaker: null,
    cluster: 'unknown-1',
  });
});

test('a recording without speech gives one event with the reason', () => {
  const rejection = { reason: 'AUDIO_NO_SPEECH', start: 0, end: 9 };
  expect(rejectedEvent(rejection, context, timestampMs)).toMatchObject({
    event_type: 'rejected',
    reason: 'AUDIO_NO_SPEECH',
    start: 0,
    end: 9,
  });
});
