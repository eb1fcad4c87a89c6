import { expect, test } from 'vitest';
import type { TurnEvent } from '../../src/events/index.js';
import { Places } from '../../src/events/places.js';

const SPAN_SECONDS = 120;
const turn = (turnId: string, [start, end]: readonly [number, number], more: Partial<TurnEvent> = {}): TurnEvent => ({
  event_type: 'identified',
  ...{
    site: 'hall',
    session_id: 's1',
    turn_id: turnId,
    speaker: 'Alice',
    speaker_id: 'alice',
    score: 0.9,
    margin: 0.5,
  },
  ...{ threshold: 0.9, start, end, speech_seconds: end - start, candidates: [], model: 'm', timestamp: '' },
  ...more,
});

test('a stream is drawn for its last seconds, and a turn that began before is cut', () => {
  const places = new Places(SPAN_SECONDS);
  places.hear(turn('t1', [0, 4]), 0);
  places.hear(turn('t2', [5, 40]), 0);
  places.hear(turn('t3', [150, 155]), 0);
  const [stream] = places.shown.streams;
  expect(stream).toMatchObject({ site: 'hall', startSeconds: 35, endSeconds: 155 });
  expect(stream!.segments.map(({ turnId, start, end }) => [turnId, start, end])).toEqual([
    ['t2', 35, 40],
    ['t3', 150, 155],
  ]);
});

test('what is rejected is no turn, and a relabel of another session changes nothing', () => {
  const places = new Places(SPAN_SECONDS);
  places.hear(turn('t1', [0, 4]), 0);
  places.hear(turn('t2', [5, 6], { event_type: 'rejected' }), 0);
  const relabel = {
    event_type: 'relabel',
    turn_ids: ['t1'],
    speaker: 'Bob',
    speaker_id: 'bob',
    cluster: null,
  } as const;
  const rest = { score: 0.8, model: 'm', site: 'hall', timestamp: '' };
  places.hear({ ...relabel, ...rest, session_id: 's2' }, 0);
  expect(places.shown.streams[0]!.segments.map(({ name }) => name)).toEqual(['Alice']);
  places.hear({ ...relabel, ...rest, session_id: 's1' }, 0);
  expect(places.shown.streams[0]!.segments.map(({ name }) => name)).toEqual(['Bob']);
});

test('an ended session gives way to the next one of its site, and other sites stay', () => {
  const places = new Places(SPAN_SECONDS);
  const ids = () => places.shown.streams.map(({ sessionId }) => sessionId);
  places.hear(turn('t1', [0, 4]), 0);
  places.hear(turn('t1', [0, 4], { site: 'door', session_id: 's2' }), 1_000);
  places.hear(turn('t1', [0, 4], { session_id: 's3' }), 60_000);
  expect(ids()).toEqual(['s3', 's2', 's1']);
  places.hear(turn('t2', [5, 9], { session_id: 's3' }), 121_000);
  expect(ids()).toEqual(['s3', 's2']);
});

test('presence: people, voices that nobody knows, nobody', () => {
  const places = new Places(SPAN_SECONDS);
  const alice = { speaker_id: 'alice', speaker: 'Alice', score: 0.9 };
  places.setText('hall', 'Alice');
  places.setPeople('hall', [alice]);
  expect(places.shown.places).toEqual([{ site: 'hall', people: [alice], isUnknown: false }]);
  places.setText('hall', 'unknown');
  places.setPeople('hall', []);
  expect(places.shown.places).toEqual([{ site: 'hall', people: [], isUnknown: true }]);
  places.setText('hall', 'nobody');
  places.setPeople('hall', []);
  expect(places.shown.places).toEqual([{ site: 'hall', people: [], isUnknown: false }]);
  places.clear();
  expect(places.shown).toEqual({ places: [], streams: [] });
});

test('a person who is renamed has the new name, and one who was erased has none', () => {
  const places = new Places(SPAN_SECONDS);
  places.hear(turn('t1', [0, 4]), 0);
  places.hear(turn('t2', [5, 9], { speaker: 'Bob', speaker_id: 'bob' }), 0);
  const names = () => places.shown.streams[0]!.segments.map(({ name, decision }) => [name, decision]);
  places.setName('bob', 'Robert');
  places.setName('alice', null);
  expect(names()).toEqual([
    [null, 'unknown'],
    ['Robert', 'identified'],
  ]);
  expect(JSON.stringify(places.shown)).not.toMatch(/alice/i);
});

test('sites, streams and turns are bounded', () => {
  const places = new Places(SPAN_SECONDS);
  for (let at = 0; at < 1_000; at += 1) {
    places.setText(`site ${at}`, 'unknown');
    places.hear(turn('t', [0, 4], { site: `site ${at}` }), 0);
    places.hear(turn(`t${at}`, [at / 100, at / 100 + 1], { site: 'one' }), 0);
  }
  const { places: sites, streams } = places.shown;
  expect(sites).toHaveLength(24);
  expect(streams).toHaveLength(12);
  expect(streams.find(({ site }) => site === 'one')!.segments).toHaveLength(200);
});
