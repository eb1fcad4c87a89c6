import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NodeMessage } from 'node-red';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { EnrollResult, Identification, SpeakerSummary } from '../../src/index.js';
import { type SpokenAudio, spokenAudio } from '../api/spokenAudio.js';
import { FlowRunner, type Message } from './flowRunner.js';

let audio: SpokenAudio;
let flow: FlowRunner;
beforeAll(() => {
  audio = spokenAudio();
});
afterAll(() => audio[Symbol.dispose]());
beforeEach(() => {
  flow = new FlowRunner();
});
afterEach(() => flow[Symbol.asyncDispose]());

const enroll = { id: 'enroll', type: 'enroll-speaker', version: 1, store: 'store', wires: [['accepted'], ['refused']] };
const accepted = { id: 'accepted', type: 'helper' };
const refused = { id: 'refused', type: 'helper' };
const enrolNodes = [{ ...enroll, ...typed() }, accepted, refused];
const whole = {
  id: 'identify',
  type: 'identify-speakers',
  version: 1,
  store: 'store',
  output: 'whole',
  wires: [['out']],
};
const out = { id: 'out', type: 'helper' };
const failures = [
  { id: 'on-error', type: 'catch', scope: null, uncaught: false, wires: [['failed']] },
  { id: 'failed', type: 'helper' },
];

/** What the editor stores for the typed inputs of enroll-speaker. */
function typed() {
  return {
    property: 'payload',
    propertyType: 'msg',
    speakerId: 'speakerId',
    speakerIdType: 'msg',
    speakerName: 'speakerName',
    speakerNameType: 'msg',
    consent: 'said yes',
    consentType: 'str',
  };
}
const listening = { property: 'payload', propertyType: 'msg', speakers: '', speakersType: 'str' };

async function enrolBoth(): Promise<void> {
  for (const [speakerId, speakerName, payload] of [
    ['sally', 'Sally', { path: audio.slt }],
    ['ray', 'Ray', readFileSync(audio.rms)],
  ] as const) {
    const done = flow.next('accepted');
    flow.node('enroll').receive({ payload, speakerId, speakerName });
    expect((await done).payload).toMatchObject({ speakerId, name: speakerName, status: 'complete' });
  }
}

async function failureOf(send: () => void): Promise<{ code: string; message: string }> {
  const failed = flow.next('failed');
  send();
  return (await failed).error as { code: string; message: string };
}

describe('enroll-speaker', () => {
  test('a long sample completes a person, a short one is refused with its reason, and no vector leaves', async () => {
    await flow.load(enrolNodes);
    const badges = flow.badges('enroll');
    const good = flow.next('accepted');
    flow.node('enroll').receive({ payload: [audio.slt], speakerId: 'sally', topic: 'kept' });
    const message = await good;
    const result = message.payload as EnrollResult;
    expect(result).toMatchObject({ speakerId: 'sally', name: 'sally', status: 'complete' });
    expect(result.speechSeconds).toBeGreaterThan(12);
    expect(message.topic).toBe('kept');
    expect(JSON.stringify(result)).not.toMatch(/embedding|centroid|mean/);

    const bad = flow.next('refused');
    flow.node('enroll').receive({ payload: readFileSync(audio.little), speakerId: 'anna' });
    const { payload } = (await bad) as { payload: EnrollResult };
    expect(payload.status).toBe('rejected');
    expect(payload.reasons.map(({ code }) => code)).toContain('TOO_LITTLE_SPEECH');
    expect(badges).toContainEqual({ fill: 'green', shape: 'dot', text: 'sally ✓' });
    expect(badges.at(-1)).toEqual({ fill: 'red', shape: 'dot', text: 'enroll-speaker.reasons.TOO_LITTLE_SPEECH' });
  });

  test('samples add up: nine seconds are accepted, more of the same voice complete it', async () => {
    await flow.load([{ ...enroll, ...typed(), speakerId: 'anna', speakerIdType: 'str' }, accepted, refused]);
    const first = flow.next('accepted');
    flow.node('enroll').receive({ payload: audio.some });
    expect(((await first).payload as EnrollResult).status).toBe('accepted');
  });

  test('an id that is missing or has other letters is an error with a code', async () => {
    await flow.load([...enrolNodes, ...failures]);
    expect((await failureOf(() => flow.node('enroll').receive({ payload: audio.slt }))).code).toBe(
      'SPEAKER_ID_INVALID',
    );
    const bad = await failureOf(() => flow.node('enroll').receive({ payload: audio.slt, speakerId: 'a b/c' }));
    expect(bad.code).toBe('SPEAKER_ID_INVALID');
  });
});

describe('identify-speakers', () => {
  test('the whole answer names the enrolled people and keeps the stranger apart', async () => {
    await flow.load([...enrolNodes, { ...whole, ...listening }, out]);
    await enrolBoth();
    const badges = flow.badges('identify');
    const answer = flow.next('out');
    flow.node('identify').receive({ payload: { path: audio.talk }, req: { keep: 'me' } });
    const message = await answer;
    const { segments, durationSeconds } = message.payload as Identification;
    expect(durationSeconds).toBeGreaterThan(20);
    for (const [index, expected] of ['sally', 'ray', null, 'sally'].entries()) {
      const { start, end } = audio.turns[index]!;
      const middle = (start + end) / 2;
      const heard = segments.find((segment) => segment.start <= middle && middle < segment.end);
      expect(heard?.decision === 'identified' ? heard.speakerId : null).toBe(expected);
    }
    expect(message.req).toEqual({ keep: 'me' });
    expect(badges[0]).toMatchObject({ fill: 'blue', shape: 'dot' });
    expect(badges.at(-1)).toMatchObject({ fill: 'green', text: expect.stringMatching(/Sally.*\+1$/) });
  });

  test('one message a turn: known people first, strangers second, ready for mqtt out', async () => {
    const turns = { ...whole, ...listening, output: 'turns', site: 'door', outputs: 2, wires: [['out'], ['other']] };
    await flow.load([...enrolNodes, turns, out, { id: 'other', type: 'helper' }]);
    await enrolBoth();
    const known = flow.collect('out');
    const others = flow.collect('other');
    flow.node('identify').receive({ _msgid: 'call-1', payload: readFileSync(audio.talk) });
    await expect.poll(() => known.length + others.length, { timeout: 60_000 }).toBeGreaterThan(3);
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
      'start',
      'timestamp',
    ]);
    expect(event.timestamp).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
    expect(others[0]!.payload).toMatchObject({ speaker: null, cluster: expect.stringMatching(/^unknown-/) });
  });

  test('only some people: the other one is unknown, and ids of nobody are refused', async () => {
    const only = { ...whole, ...listening, speakers: 'ids', speakersType: 'msg' };
    await flow.load([...enrolNodes, only, out, ...failures]);
    await enrolBoth();
    const answer = flow.next('out');
    flow.node('identify').receive({ payload: audio.talk, ids: 'ray' });
    const names = ((await answer).payload as Identification).segments.map(({ speakerId }) => speakerId);
    expect(names).toContain('ray');
    expect(names).not.toContain('sally');
    const wrong = await failureOf(() => flow.node('identify').receive({ payload: audio.talk, ids: ['nobody'] }));
    expect(wrong.code).toBe('SPEAKER_NOT_FOUND');
  });

  test('with nobody enrolled every voice is unknown', async () => {
    await flow.load([{ ...whole, ...listening }, out]);
    const answer = flow.next('out');
    flow.node('identify').receive({ payload: audio.talk });
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
    await flow.load([{ ...whole, ...listening }, out, ...failures]);
    const badges = flow.badges('identify');
    const failure = await failureOf(() => flow.node('identify').receive({ payload }));
    expect(failure.code).toBe(code);
    expect(failure.message).toMatch(/;/);
    await expect.poll(() => badges.at(-1)).toMatchObject({ fill: 'red', shape: 'ring' });
    const answer = flow.next('out');
    flow.node('identify').receive({ payload: audio.little });
    expect(((await answer).payload as Identification).durationSeconds).toBeGreaterThan(2);
  });

  test('a full queue says so, and what waits is done in order', async () => {
    await flow.load([{ ...whole, ...listening, queueLimit: '2' }, out, ...failures]);
    const results = flow.collect('out');
    const errors = flow.collect('failed');
    for (let n = 0; n < 5; n += 1) flow.node('identify').receive({ payload: audio.little, topic: `${n}` });
    await expect.poll(() => results.length, { timeout: 60_000 }).toBe(3);
    expect(results.map(({ topic }) => topic)).toEqual(['0', '1', '2']);
    expect(errors.map(({ error }) => (error as { code: string }).code)).toEqual(['ENGINE_BUSY', 'ENGINE_BUSY']);
  });

  test('stopping the flow in the middle ends the work', async () => {
    await flow.load([{ ...whole, ...listening }, out]);
    const badges = flow.badges('identify');
    flow.node('identify').receive({ payload: audio.long });
    await expect.poll(() => badges.length).toBeGreaterThan(0);
    const results = flow.collect('out');
    const began = Date.now();
    await flow.stop();
    expect(Date.now() - began).toBeLessThan(15_000); // Node-RED gives a node no longer
    expect(results).toEqual([]);
  });

  test('without a store a message ends with an error that says what to do', async () => {
    await flow.load([{ ...whole, ...listening, store: 'gone' }, out, ...failures]);
    const failure = await failureOf(() => flow.node('identify').receive({ payload: audio.little }));
    expect(failure).toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringContaining('speaker store') });
  });
});

describe('audio-source', () => {
  const message = {
    id: 'source',
    type: 'audio-source',
    version: 1,
    mode: 'message',
    property: 'payload',
    propertyType: 'msg',
    several: 'each',
    emits: 'reference',
    rawEncoding: 's16le',
    wires: [['out']],
  };
  const file = { ...message, mode: 'file', fileType: 'str' };

  test('a file becomes a reference, or its bytes', async () => {
    writeFileSync(join(flow.userDir, 'talk.wav'), readFileSync(audio.little));
    await flow.load([{ ...file, file: 'talk.wav' }, { ...file, id: 'bytes', file: audio.little, emits: 'bytes' }, out]);
    let next = flow.next('out');
    flow.node('source').receive({ topic: 'kept' });
    const reference = await next;
    expect(reference.payload).toEqual({ path: join(flow.userDir, 'talk.wav') });
    expect(reference).toMatchObject({
      topic: 'kept',
      audio: { filename: 'talk.wav', bytes: readFileSync(audio.little).length },
    });
    next = flow.next('out');
    flow.node('bytes').receive({});
    expect((await next).payload).toEqual(readFileSync(audio.little));
  });

  test('it starts by itself when asked to', async () => {
    await flow.load([{ ...file, file: audio.little, isStarting: true, startDelayMs: '100' }, out]);
    expect((await flow.next('out')).payload).toEqual({ path: audio.little });
  });

  test.each([
    { name: 'a Buffer', send: () => ({ payload: Buffer.from('RIFF') }), filename: undefined },
    {
      name: 'an upload of http in',
      send: () => ({ payload: {}, req: { files: [{ buffer: Buffer.from('RIFF'), originalname: 'a.wav' }] } }),
      filename: 'a.wav',
    },
    {
      name: "a dashboard's file input",
      send: () => ({ payload: Buffer.from('RIFF'), file: { name: 'b.wav', size: 4 } }),
      filename: 'b.wav',
    },
    { name: 'a data URL', send: () => ({ payload: 'data:audio/wav;base64,UklGRg==' }), filename: undefined },
    {
      name: 'a Buffer that was JSON',
      send: () => ({ payload: JSON.parse(JSON.stringify(Buffer.from('RIFF'))) }),
      filename: undefined,
    },
  ])('takes $name', async ({ send, filename }) => {
    await flow.load([message, out]);
    const next = flow.next('out');
    flow.node('source').receive(send() as never);
    const { payload, audio: about } = await next;
    expect(payload).toEqual(Buffer.from('RIFF'));
    expect(about).toEqual({ bytes: 4, ...(filename && { filename }) });
  });

  test('several uploads go out one by one, with parts, or together', async () => {
    await flow.load([message, { ...message, id: 'together', several: 'together', wires: [['out']] }, out]);
    const files = ['a.wav', 'b.wav'].map((originalname) => ({ buffer: Buffer.from(originalname), originalname }));
    const messages = flow.collect('out');
    flow.node('source').receive({ _msgid: 'form', payload: {}, req: { files } } as never);
    await expect.poll(() => messages.length).toBe(2);
    expect(messages.map(({ parts }) => parts)).toEqual(
      [0, 1].map((index) => ({ id: 'form', type: 'array', index, count: 2 })),
    );
    flow.node('together').receive({ payload: {}, req: { files } } as never);
    await expect.poll(() => messages.length).toBe(3);
    expect(messages[2]!.payload).toEqual(files.map(({ buffer }) => buffer));
    expect(messages[2]!.audio).toMatchObject([{ filename: 'a.wav' }, { filename: 'b.wav' }]);
  });

  test('headerless telephone audio is understood further on', async () => {
    const raw = {
      ...message,
      isRaw: true,
      rawEncoding: 'mulaw',
      rawSampleRateHz: '8000',
      rawChannels: '1',
      wires: [['identify']],
    };
    await flow.load([raw, { ...whole, ...listening }, out]);
    const next = flow.next('out');
    flow.node('source').receive({ payload: readFileSync(audio.as(audio.talk, 'ul')) });
    const { durationSeconds, segments } = (await next).payload as Identification;
    expect(durationSeconds).toBeCloseTo(audio.turns.at(-1)!.end, 0);
    expect(segments.length).toBeGreaterThan(2);
  });

  test('text is never a file name here', async () => {
    await flow.load([message, out, ...failures]);
    expect((await failureOf(() => flow.node('source').receive({ payload: audio.little }))).code).toBe('INPUT_INVALID');
  });

  test('base64 text when it is ticked, and nothing else then', async () => {
    await flow.load([{ ...message, isBase64: true }, out, ...failures]);
    const next = flow.next('out');
    flow.node('source').receive({ payload: 'UklGRg==' });
    expect((await next).payload).toEqual(Buffer.from('RIFF'));
    expect((await failureOf(() => flow.node('source').receive({ payload: 'no base64!' }))).code).toBe(
      'AUDIO_BASE64_INVALID',
    );
  });
});

describe('speaker-registry', () => {
  const registry = {
    id: 'registry',
    type: 'speaker-registry',
    version: 1,
    store: 'store',
    action: 'action',
    actionType: 'msg',
    speakerId: 'speakerId',
    speakerIdType: 'msg',
    newName: 'speakerName',
    newNameType: 'msg',
    wires: [['out']],
  };
  const ask = async (msg: NodeMessage): Promise<unknown> => {
    const next = flow.next('out');
    flow.node('registry').receive(msg);
    return (await next).payload;
  };

  test('lists, renames, exports, erases, imports', async () => {
    await flow.load([...enrolNodes, registry, out, ...failures], { registry: { passphrase: 'a long passphrase' } });
    await enrolBoth();
    const people = (await ask({ action: 'list' })) as SpeakerSummary[];
    expect(people.map(({ speakerId, isComplete }) => [speakerId, isComplete])).toEqual([
      ['ray', true],
      ['sally', true],
    ]);
    expect(people[1]!.consent?.text).toBe('said yes');
    expect(await ask({ action: 'rename', speakerId: 'ray', speakerName: 'Raymond' })).toMatchObject({
      name: 'Raymond',
    });
    expect(await ask({ action: 'get', speakerId: 'ray' })).toMatchObject({ name: 'Raymond' });
    const backup = (await ask({ action: 'export' })) as Buffer;
    expect(Buffer.isBuffer(backup)).toBe(true);
    expect(backup.includes('Raymond')).toBe(false);
    expect(await ask({ action: 'delete', speakerId: 'ray' })).toEqual({ speakerId: 'ray', isDeleted: true });
    expect(await ask({ action: 'delete', speakerId: 'ray' })).toEqual({ speakerId: 'ray', isDeleted: false });
    expect((await failureOf(() => flow.node('registry').receive({ action: 'get', speakerId: 'ray' }))).code).toBe(
      'SPEAKER_NOT_FOUND',
    );
    const taken = await failureOf(() => flow.node('registry').receive({ action: 'import', payload: backup }));
    expect(taken.code).toBe('SPEAKER_EXISTS');
    await ask({ action: 'delete', speakerId: 'sally' });
    expect(
      ((await ask({ action: 'import', payload: backup })) as SpeakerSummary[]).map(({ name }) => name).sort(),
    ).toEqual(['Raymond', 'Sally']);
  });

  test('an export without a passphrase, and an unknown action, are refused', async () => {
    await flow.load([registry, out, ...failures]);
    expect((await failureOf(() => flow.node('registry').receive({ action: 'export' }))).code).toBe('CONFIG_INVALID');
    expect((await failureOf(() => flow.node('registry').receive({ action: 'explode' }))).code).toBe('INPUT_INVALID');
    expect((await failureOf(() => flow.node('registry').receive({}))).code).toBe('INPUT_INVALID');
  });
});

describe('speaker-store', () => {
  test('what was enrolled is there after a redeploy, encrypted with the key', async () => {
    const key = { store: { encryptionKey: 'correct horse' } };
    await flow.load(enrolNodes, key);
    await enrolBoth();
    await flow.stop();
    await flow.load([...enrolNodes, { ...whole, ...listening }, out], key);
    const next = flow.next('out');
    flow.node('identify').receive({ payload: audio.talk });
    expect(((await next).payload as Identification).segments.map(({ name }) => name)).toContain('Sally');
    await flow.stop();
    await flow.load([{ ...whole, ...listening }, out, ...failures], { store: { encryptionKey: 'wrong horse!' } });
    const failure = await failureOf(() => flow.node('identify').receive({ payload: audio.talk }));
    expect(failure.code).toBe('REGISTRY_KEY_WRONG');
  });
});
