import { expect, test } from 'vitest';
import type { SpeakerEvent } from '../../src/events/index.js';
import { objectionsOf } from '../../src/ui/enrol/objections.js';
import { afterEvent, SILENT } from '../../src/ui/live/liveTurns.js';
import { clock, percent, speakerIdFor } from '../../src/ui/shared/format.js';

test.each([
  ['Zoë Ångström', 'zoe_angstrom'],
  ['Weiß', 'weiss'],
  ['李雷', 'person'],
  ['<b>Eve</b>', 'b_eve_b'],
  ['Bob', 'bob_3'],
])('the id of %s is %s', (name, id) => {
  expect(speakerIdFor(name, new Set(['bob', 'bob_2']))).toBe(id);
});

test('no name is shown as entirely certain', () => {
  expect(percent(0.9999, 'en-US')).toBe('99%');
  expect(clock(69.96)).toBe('1:10.0');
});

const common = { site: 'hall', session_id: 's', timestamp: '2026-01-01T00:00:00Z', model: 'm', threshold: 0.9 };
const voice = { ...common, score: 0.4, margin: 0.1, start: 0, end: 2, speech_seconds: 2, candidates: [] };

test('a tentative name is a guess, a turn stays, and a relabel renames it', () => {
  const events: SpeakerEvent[] = [
    {
      event_type: 'tentative',
      decision: 'unknown',
      ...voice,
      speaker: null,
      speaker_id: null,
      cluster: 'unknown-1',
      turn_id: 't1',
    },
    { event_type: 'unknown', ...voice, speaker: null, speaker_id: null, cluster: 'unknown-1', turn_id: 't1' },
  ];
  const [guess, turn] = events.map((_, i) => events.slice(0, i + 1).reduce(afterEvent, SILENT));
  expect(guess).toMatchObject({ now: { isGuess: true }, turns: [] });
  expect(turn!.turns).toMatchObject([{ turnId: 't1', decision: 'unknown', cluster: 'unknown-1' }]);
  const { site, session_id, timestamp, model } = common;
  const relabel = { cluster: null, speaker: 'Alice', speaker_id: 'alice', score: 0.98 };
  const named = afterEvent(turn!, {
    event_type: 'relabel',
    turn_ids: ['t1'],
    ...relabel,
    site,
    session_id,
    timestamp,
    model,
  });
  expect(named.turns).toMatchObject([{ turnId: 't1', decision: 'identified', name: 'Alice', cluster: null }]);
});

test('a recording that goes on is too short for now; what else refuses it is said at once', () => {
  const reason = { message: '', refuses: true };
  const reasons = [
    { ...reason, code: 'TOO_LITTLE_SPEECH' as const },
    { ...reason, code: 'SECOND_VOICE' as const },
    { ...reason, code: 'NARROW_BAND' as const, refuses: false },
  ];
  expect(objectionsOf({ reasons }).map(({ code }) => code)).toEqual(['SECOND_VOICE']);
});
