import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { LiveEvent } from '../../../src/core/live.js';
import { createEngine } from '../../../src/engine/createEngine.js';
import { type FliteVoice, speak, TEXTS } from '../../support/fliteVoices.js';
import { finalsOf, samplesOf } from '../live/liveAudio.js';
import { Stage, untilHeard } from '../live/stage.js';

const root = mkdtempSync(join(tmpdir(), 'voice-prints-live-feedback-'));
afterAll(() => rm(root, { recursive: true, force: true }));

const spoken = (voice: FliteVoice, text: number) => speak(voice, TEXTS[text]!, root, `${voice}-${text}.wav`);
const open = (name: string, options = {}) =>
  createEngine({ storeDirectory: join(root, name), workerThreads: 1, ...options });
const relabelsOf = (events: readonly LiveEvent[]) =>
  events.flatMap((event) => (event.type === 'relabel' ? [{ ...event, turnIds: [...event.turnIds].sort() }] : []));

test('a stranger of a running session is named, the session follows, the next one knows them, and undo takes it back', async () => {
  await using engine = await open('named');
  const stage = new Stage();
  const session = engine.watch({ audio: stage.items(), site: 'hall' });
  const events = session.events();
  stage.say(samplesOf(spoken('kal16', 0)));
  const first = finalsOf(await untilHeard(events));
  const [turn] = await engine.turns().list();
  expect(turn).toMatchObject({
    kind: 'live',
    site: 'hall',
    tier: 'unmatched',
    cluster: 'unknown-1',
    isLearnable: true,
  });
  expect(turn?.conversationId).toBe(session.sessionId);

  const request = { cluster: 'unknown-1', verdict: 'correct', speakerId: 'cal', name: 'Cal' } as const;
  const given = await engine.turns().feedback(request);
  expect(given).toMatchObject({ speakerId: 'cal', name: 'Cal', learning: { outcome: 'enrolled' } });
  stage.say(samplesOf(spoken('kal16', 1)));
  const second = await untilHeard(events);
  const named = first.filter(({ cluster }) => cluster === 'unknown-1').map(({ turnId }) => turnId);
  expect(relabelsOf(second)).toMatchObject([{ turnIds: named.sort(), speakerId: 'cal', name: 'Cal', cluster: null }]);
  expect(new Set(finalsOf(second).map(({ speakerId }) => speakerId))).toEqual(new Set(['cal']));
  expect(await engine.speakers().unknowns()).toEqual([]);

  await engine.turns().undo(given.feedbackId);
  expect(await engine.speakers().list()).toEqual([]);
  stage.say(samplesOf(spoken('kal16', 2)));
  const third = await untilHeard(events);
  expect(relabelsOf(third).at(-1)).toMatchObject({ speakerId: null, cluster: expect.stringMatching(/^unknown-/) });
  expect(finalsOf(third).every(({ speakerId }) => speakerId === null)).toBe(true);
  stage.end();
  expect((await events.next()).done).toBe(true);
  // Nothing of the sound of a stranger outlives the session.
  expect((await engine.turns().list()).some(({ isLearnable }) => isLearnable)).toBe(false);
});

test('a rejected name is not given to that voice again in the session, until that is undone', async () => {
  await using engine = await open('rejected');
  await engine.enroll({ speakerId: 'sally', samples: [{ kind: 'file', path: spoken('slt', 0) }] });
  const stage = new Stage();
  const events = engine.watch({ audio: stage.items() }).events();
  stage.say(samplesOf(spoken('slt', 1)));
  const first = finalsOf(await untilHeard(events));
  expect(first.at(-1)).toMatchObject({ speakerId: 'sally', decision: 'identified' });
  const given = await engine.turns().feedback({ turnId: first.at(-1)!.turnId, verdict: 'reject' });
  stage.say(samplesOf(spoken('slt', 2)));
  const second = await untilHeard(events);
  expect(relabelsOf(second)[0]).toMatchObject({ speakerId: null });
  expect(finalsOf(second).map(({ decision }) => decision)).not.toContain('identified');
  await engine.turns().undo(given.feedbackId);
  stage.say(samplesOf(spoken('slt', 0)));
  const third = await untilHeard(events);
  expect(relabelsOf(third)[0]).toMatchObject({ speakerId: 'sally' });
  expect(finalsOf(third).at(-1)).toMatchObject({ speakerId: 'sally' });
  stage.end();
  expect((await events.next()).done).toBe(true);
});

test('a voice that is kept for days is named long after its session, and is kept again after an undo', async () => {
  await using engine = await open('days', { strangers: 'days=30' });
  const stage = new Stage();
  const events = engine.watch({ audio: stage.items() }).events();
  stage.say(samplesOf(spoken('kal16', 0)));
  await untilHeard(events);
  stage.end();
  expect((await events.next()).done).toBe(true);
  await engine.turns().forget();
  const given = await engine.turns().feedback({ cluster: 'unknown-1', verdict: 'correct', speakerId: 'cal' });
  expect(given).toMatchObject({ turnIds: [], learning: { outcome: 'enrolled' } });
  expect(await engine.speakers().unknowns()).toEqual([]);
  await engine.turns().undo(given.feedbackId);
  expect(await engine.speakers().list()).toEqual([]);
  expect(await engine.speakers().unknowns()).toMatchObject([{ unknownId: 'unknown-2' }]);
});
