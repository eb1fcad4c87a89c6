import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { EnrollResult } from '../../src/index.js';
import { accepted, enroll, enrolNodes, failures, refused, VoiceFlow } from './voiceFlow.js';

const on = VoiceFlow.use();

describe('enroll-speaker', () => {
  test('a long sample completes a person, a short one is refused with its reason, and no vector leaves', async () => {
    await on.flow.load(enrolNodes);
    const badges = on.flow.badges('enroll');
    const good = on.flow.next('accepted');
    on.flow.node('enroll').receive({ payload: [on.audio.slt], speakerId: 'sally', topic: 'kept' });
    const message = await good;
    const result = message.payload as EnrollResult;
    expect(result).toMatchObject({ speakerId: 'sally', name: 'sally', status: 'complete' });
    expect(result.speechSeconds).toBeGreaterThan(12);
    expect(message.topic).toBe('kept');
    expect(JSON.stringify(result)).not.toMatch(/embedding|centroid|mean/);

    const bad = on.flow.next('refused');
    on.flow.node('enroll').receive({ payload: readFileSync(on.audio.little), speakerId: 'anna' });
    const { payload } = (await bad) as { payload: EnrollResult };
    expect(payload.status).toBe('rejected');
    expect(payload.reasons.map(({ code }) => code)).toContain('TOO_LITTLE_SPEECH');
    expect(badges).toContainEqual({ fill: 'green', shape: 'dot', text: 'sally ✓' });
    expect(badges.at(-1)).toEqual({ fill: 'red', shape: 'dot', text: 'enroll-speaker.reasons.TOO_LITTLE_SPEECH' });
  });

  test('samples add up: nine seconds are accepted, more of the same voice complete it', async () => {
    await on.flow.load([{ ...enroll, speakerId: 'anna', speakerIdType: 'str' }, accepted, refused]);
    const first = on.flow.next('accepted');
    on.flow.node('enroll').receive({ payload: on.audio.some });
    expect(((await first).payload as EnrollResult).status).toBe('accepted');
  });

  test('an id that is missing or has other letters is an error with a code', async () => {
    await on.flow.load([...enrolNodes, ...failures]);
    expect((await on.failureOf(() => on.flow.node('enroll').receive({ payload: on.audio.slt }))).code).toBe(
      'SPEAKER_ID_INVALID',
    );
    const bad = await on.failureOf(() => on.flow.node('enroll').receive({ payload: on.audio.slt, speakerId: 'a b/c' }));
    expect(bad.code).toBe('SPEAKER_ID_INVALID');
  });

  test('a live source wired to it is reported once per stream, also while another recording is worked on', async () => {
    await on.flow.load([...enrolNodes, ...failures]);
    const failed = on.flow.collect('failed');
    const good = on.flow.next('accepted');
    on.flow.node('enroll').receive({ payload: on.audio.slt, speakerId: 'sally' });
    const audio = { streamId: 's1', source: 'door', encoding: 's16le', sampleRateHz: 16_000, channels: 1 };
    const piece = (streamId: string) => ({ payload: Buffer.alloc(8_000), audio: { ...audio, streamId } }) as never;
    for (let i = 0; i < 30; i += 1) on.flow.node('enroll').receive(piece('s1'));
    on.flow.node('enroll').receive({ payload: { status: 'retrying' }, audio } as never);
    on.flow.node('enroll').receive(piece('s2'));
    expect(((await good).payload as EnrollResult).status).toBe('complete');
    expect(failed.map(({ error }) => error)).toMatchObject([
      { code: 'INPUT_INVALID', message: expect.stringContaining('a live audio source is wired to it') },
      { code: 'INPUT_INVALID' },
    ]);
  });

  test('pieces of a live source that were put together are a recording', async () => {
    await on.flow.load(enrolNodes);
    const good = on.flow.next('accepted');
    const wav = readFileSync(on.audio.slt);
    const audio = { streamId: 's1', source: 'door', encoding: 's16le', sampleRateHz: 16_000, channels: 1 };
    on.flow.node('enroll').receive({ payload: wav.subarray(44), audio, speakerId: 'sally' } as never);
    expect(((await good).payload as EnrollResult).status).toBe('complete');
  });
});
