import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Identification } from '../../src/index.js';
import type { Message } from './flowRunner.js';
import { enrolNodes, failures, out, VoiceFlow, whole } from './voiceFlow.js';

const on = VoiceFlow.use();

describe('identify-speakers', () => {
  test('the whole answer names the enrolled people and keeps the stranger apart', async () => {
    await on.flow.load([...enrolNodes, whole, out]);
    await on.enrolBoth();
    const badges = on.flow.badges('identify');
    const answer = on.flow.next('out');
    on.flow.node('identify').receive({ payload: { path: on.audio.talk }, req: { keep: 'me' } });
    const message = await answer;
    const { segments, durationSeconds } = message.payload as Identification;
    expect(durationSeconds).toBeGreaterThan(20);
    for (const [index, expected] of ['sally', 'ray', null, 'sally'].entries()) {
      const { start, end } = on.audio.turns[index]!;
      const middle = (start + end) / 2;
      const heard = segments.find((segment) => segment.start <= middle && middle < segment.end);
      expect(heard?.decision === 'identified' ? heard.speakerId : null).toBe(expected);
    }
    expect(message.req).toEqual({ keep: 'me' });
    expect(badges[0]).toMatchObject({ fill: 'blue', shape: 'dot' });
    expect(badges.at(-1)).toMatchObject({ fill: 'green', text: expect.stringMatching(/Sally.*\+1$/) });
  });

  test('one message per turn: known people first, strangers second, ready for mqtt out', async () => {
    const turns = { ...whole, output: 'turns', site: 'door', outputs: 2, wires: [['out'], ['other']] };
    await on.flow.load([...enrolNodes, turns, out, { id: 'other', type: 'helper' }]);
    await on.enrolBoth();
    const known = on.flow.collect('out');
    const others = on.flow.collect('other');
    on.flow.node('identify').receive({ _msgid: 'call-1', payload: readFileSync(on.audio.talk) });
    await expect.poll(() => known.length + others.length).toBeGreaterThan(3);
    const all = [...known, ...others] as (Message & { payload: Record<string, unknown> })[];
    const count = all[0]!.parts!.count;
    await expect.poll(() => known.length + others.length).toBe(count);
    expect(known.every(({ payload }) => (payload as { event_type: string }).event_type === 'identified')).toBe(true);
    expect(others.some(({ payload }) => (payload as { event_type: string }).event_type === 'unknown')).toBe(true);
    for (const { topic, qos, retain, parts } of all) {
      expect({ topic, qos, retain }).toEqual({ topic: 'speaker-id/door/event', qos: 1, retain: false });
      expect(parts).toMatchObject({ id: 'call-1', type: 'array' });
    }
    const event = known[0]!.payload as Record<string, unknown>;
    expect(Object.keys(event).sort()).toEqual([
      'candidates',
      'end',
      'event_type',
      'margin',
      'model',
      'score',
      'session_id',
      'site',
      'speaker',
      'speaker_id',
      'speech_seconds',
      'start',
      'threshold',
      'timestamp',
      'turn_id',
    ]);
    expect(event.timestamp).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
    expect(others[0]!.payload).toMatchObject({ speaker: null, cluster: expect.stringMatching(/^unknown-/) });

    // An event that comes back with a verdict corrects its turn.
    const [knownCount, otherCount] = [known.length, others.length];
    on.flow.node('identify').receive({ payload: { ...event, action: 'feedback', verdict: 'confirm' } });
    await expect.poll(() => others.length).toBe(otherCount + 1);
    expect(others.at(-1)).toMatchObject({
      topic: 'speaker-id/door/feedback',
      payload: { verdict: 'confirm', speakerId: event.speaker_id },
    });
    expect(known).toHaveLength(knownCount);
  });

  test('feedback on a turn of the whole answer, its undo, and what only looks like one', async () => {
    await on.flow.load([...enrolNodes, whole, out, ...failures]);
    await on.enrolBoth();
    const next = async (payload: unknown) => {
      const answer = on.flow.next('out');
      on.flow.node('identify').receive({ payload, req: 'kept' });
      return answer;
    };
    const { segments } = (await next(on.audio.talk)).payload as Identification;
    const stranger = segments.find(({ decision }) => decision === 'unknown')!;
    const correction = { verdict: 'correct', speakerId: 'ray', turnId: stranger.turnId, isAlsoOther: true };
    const given = await next({ action: 'feedback', ...correction });
    expect(given).toMatchObject({ req: 'kept', topic: 'speaker-id/home/feedback', payload: { speakerId: 'ray' } });
    const { feedbackId } = given.payload as { feedbackId: string };
    expect((await next({ action: 'undo', feedbackId })).payload).toMatchObject({ feedbackId, isUndone: true });

    const refusals = [
      [{ action: 'undo', feedbackId }, 'FEEDBACK_NOT_FOUND'],
      [{ action: 'feedback', verdict: 'maybe', turnId: stranger.turnId }, 'INPUT_INVALID'],
      [{ action: 'feedback', verdict: 'confirm', turnId: 'of nobody' }, 'TURN_NOT_FOUND'],
      ['feedback', 'FILE_NOT_FOUND'],
    ] as const;
    for (const [payload, code] of refusals) {
      const failure = await on.failureOf(() => on.flow.node('identify').receive({ payload }));
      expect([payload, failure.code]).toEqual([payload, code]);
    }
    // A message with an action of its own is a recording all the same.
    const recording = { action: 'feedback', path: on.audio.little };
    expect((await next(recording)).payload).toMatchObject({ segments: expect.any(Array) });
  });

  test('only some people: the other one is unknown, and unknown ids are refused', async () => {
    const only = { ...whole, speakers: 'ids', speakersType: 'msg' };
    await on.flow.load([...enrolNodes, only, out, ...failures]);
    await on.enrolBoth();
    const answer = on.flow.next('out');
    on.flow.node('identify').receive({ payload: on.audio.talk, ids: 'ray' });
    const names = ((await answer).payload as Identification).segments.map(({ speakerId }) => speakerId);
    expect(names).toContain('ray');
    expect(names).not.toContain('sally');
    const wrong = await on.failureOf(() =>
      on.flow.node('identify').receive({ payload: on.audio.talk, ids: ['nobody'] }),
    );
    expect(wrong.code).toBe('SPEAKER_NOT_FOUND');
  });

  test('the number of people is taken from the settings, and from the message before them', async () => {
    await on.flow.load([{ ...whole, speakerCount: '2' }, out, ...failures]);
    const voicesWith = async (message: object) => {
      const answer = on.flow.next('out');
      on.flow.node('identify').receive({ payload: on.audio.talk, ...message });
      const { segments } = (await answer).payload as Identification;
      return new Set(segments.map(({ cluster }) => cluster)).size;
    };
    expect(await voicesWith({})).toBe(2);
    expect(await voicesWith({ speakerCount: 1 })).toBe(1);
    expect(await voicesWith({ maxSpeakers: '5' })).toBe(3);
    for (const wrong of [0, 2.5, 101, 'many', [2]]) {
      const failure = await on.failureOf(() =>
        on.flow.node('identify').receive({ payload: on.audio.talk, speakerCount: wrong } as never),
      );
      expect(failure).toMatchObject({ code: 'INPUT_INVALID', message: expect.stringMatching(/msg\.speakerCount .*;/) });
    }
  });

  test('with no one enrolled every voice is unknown', async () => {
    await on.flow.load([whole, out]);
    const answer = on.flow.next('out');
    on.flow.node('identify').receive({ payload: on.audio.talk });
    const { segments } = (await answer).payload as Identification;
    expect(new Set(segments.map(({ decision }) => decision))).toEqual(new Set(['unknown']));
  });

  test.each([
    { name: 'nothing', payload: undefined, code: 'INPUT_INVALID' },
    { name: 'a number', payload: 42, code: 'INPUT_INVALID' },
    { name: 'an empty Buffer', payload: Buffer.alloc(0), code: 'AUDIO_EMPTY' },
    { name: 'text in a Buffer', payload: Buffer.from('these are words and no sound at all'), code: 'AUDIO_NOT_AUDIO' },
    { name: 'a path to nothing', payload: 'no/such.wav', code: 'FILE_NOT_FOUND' },
    { name: 'a reference to nothing', payload: { path: '/no/such.wav' }, code: 'FILE_NOT_FOUND' },
    { name: 'two recordings', payload: [Buffer.alloc(4), Buffer.alloc(4)], code: 'INPUT_INVALID' },
    { name: 'samples without a rate', payload: new Float32Array(16_000), code: 'AUDIO_FORMAT_MISSING' },
    { name: 'half a data URL', payload: 'data:audio/wav;base64,UklG*', code: 'AUDIO_BASE64_INVALID' },
  ])('$name ends in Catch with a code, and the node goes on', async ({ payload, code }) => {
    await on.flow.load([whole, out, ...failures]);
    const badges = on.flow.badges('identify');
    const failure = await on.failureOf(() => on.flow.node('identify').receive({ payload }));
    expect(failure.code).toBe(code);
    expect(failure.message).toMatch(/;/);
    await expect.poll(() => badges.at(-1)).toMatchObject({ fill: 'red', shape: 'ring' });
    const answer = on.flow.next('out');
    on.flow.node('identify').receive({ payload: on.audio.little });
    expect(((await answer).payload as Identification).durationSeconds).toBeGreaterThan(2);
  });

  test('a full queue says so, and what waits is done in order', async () => {
    await on.flow.load([{ ...whole, queueLimit: '2' }, out, ...failures]);
    const results = on.flow.collect('out');
    const errors = on.flow.collect('failed');
    for (let n = 0; n < 5; n += 1) on.flow.node('identify').receive({ payload: on.audio.little, topic: `${n}` });
    await expect.poll(() => results.length).toBe(3);
    expect(results.map(({ topic }) => topic)).toEqual(['0', '1', '2']);
    expect(errors.map(({ error }) => (error as { code: string }).code)).toEqual(['ENGINE_BUSY', 'ENGINE_BUSY']);
  });

  test('stopping the flow in the middle ends the work', async () => {
    await on.flow.load([whole, out]);
    const badges = on.flow.badges('identify');
    on.flow.node('identify').receive({ payload: on.audio.long });
    await expect.poll(() => badges.length).toBeGreaterThan(0);
    const results = on.flow.collect('out');
    const began = Date.now();
    await on.flow.stop();
    expect(Date.now() - began).toBeLessThan(15_000); // Node-RED gives a node no longer
    expect(results).toEqual([]);
    await on.flow.load([whole, out]); // where it is reported, and not in the next test
  });

  test('without a store a message ends with an error that says what to do', async () => {
    await on.flow.load([{ ...whole, store: 'gone' }, out, ...failures]);
    const failure = await on.failureOf(() => on.flow.node('identify').receive({ payload: on.audio.little }));
    expect(failure).toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringContaining('speaker store') });
  });

  test('with no one enrolled the badge and a warning in the answer show it; a live source is reported once', async () => {
    await on.flow.load([whole, out, ...failures]);
    const badges = on.flow.badges('identify');
    const answered = on.flow.next('out');
    on.flow.node('identify').receive({ payload: on.audio.talk });
    const { warnings } = (await answered).payload as Identification;
    expect(warnings.map(({ code }) => code)).toContain('NOBODY_ENROLLED');
    expect(badges.at(-1)).toMatchObject({ fill: 'yellow', text: 'identify-speakers.status.nobodyEnrolled' });
    const failed = on.flow.collect('failed');
    for (let i = 0; i < 5; i += 1) {
      on.flow
        .node('identify')
        .receive({ payload: Buffer.alloc(8_000), audio: { streamId: 's1', source: 'x' } } as never);
    }
    await expect.poll(() => failed.length).toBe(1);
    expect(failed[0]!.error).toMatchObject({ message: expect.stringContaining('events of live streams') });
  });
});
