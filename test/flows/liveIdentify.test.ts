import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type SpokenAudio, spokenAudio } from '../support/spokenAudio.js';
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

const enroll = {
  ...{
    id: 'enroll',
    type: 'enroll-speaker',
    version: 1,
    store: 'store',
    property: 'payload',
    propertyType: 'msg',
    isPath: true,
  },
  speakerId: 'speakerId',
  speakerIdType: 'msg',
  speakerName: 'speakerName',
  speakerNameType: 'msg',
  consent: '',
  consentType: 'str',
  isPath: true,
  wires: [['enrolled'], []],
};
const live = {
  id: 'identify',
  type: 'identify-speakers',
  version: 2,
  store: 'store',
  output: 'live',
  outputs: 3,
  property: 'payload',
  propertyType: 'msg',
  speakers: '',
  speakersType: 'str',
  site: 'door',
  isTellingTentative: true,
  isDiscovered: true,
  wires: [['known'], ['others'], ['state']],
};
const helpers = ['enrolled', 'known', 'others', 'state', 'failed'].map((id) => ({ id, type: 'helper' }));
const onError = { id: 'on-error', type: 'catch', scope: null, uncaught: false, wires: [['failed']] };
const nodes = [enroll, live, ...helpers, onError];

async function enrol(speakerId: string, speakerName: string, path: string): Promise<void> {
  const done = flow.next('enrolled');
  flow.node('enroll').receive({ payload: { path }, speakerId, speakerName });
  expect((await done).payload).toMatchObject({ speakerId, status: 'complete' });
}

/** The samples of a WAV file of 16 kHz, mono. */
const pcmOf = (path: string) => readFileSync(path).subarray(44);
const silence = (seconds: number) => Buffer.alloc(seconds * 32_000);

/** Sends PCM in messages of 250 ms, as a live source does, and then its end. */
function stream(streamId: string, pcm: Buffer, more: object = {}): void {
  const about = { encoding: 's16le', sampleRateHz: 16_000, channels: 1, streamId, source: 'test', ...more };
  for (let at = 0; at < pcm.length; at += 8_000) {
    const startSample = at / 2;
    flow.node('identify').receive({ payload: pcm.subarray(at, at + 8_000), audio: { ...about, startSample } } as never);
  }
}
const end = (streamId: string) =>
  flow.node('identify').receive({ payload: Buffer.alloc(0), audio: { streamId, isEnd: true } } as never);

type Event = Readonly<Record<string, unknown>> & { readonly event_type: string };
const events = (messages: readonly Message[]) => messages.map(({ payload }) => payload as Event);
const onTopic = (messages: readonly Message[], topic: string) =>
  messages.filter((message) => message.topic === topic).map(({ payload }) => payload);

describe('identify-speakers, live', () => {
  test('names who speaks, reports who is present, and announces the site to Home Assistant', async () => {
    await flow.load(nodes);
    await enrol('sally', 'Sally', audio.slt);
    await enrol('ray', 'Ray', audio.rms);
    const [known, others, state] = ['known', 'others', 'state'].map((id) => flow.collect(id));
    const badges = flow.badges('identify');
    stream('s1', pcmOf(audio.talk));
    end('s1');
    await expect
      .poll(() => onTopic(state!, 'speaker-id/door/stream').at(-1))
      .toMatchObject({
        event_type: 'stream',
        status: 'ended',
      });
    for (const [index, expected] of ['Sally', 'Ray', null, 'Sally'].entries()) {
      const { start, end: last } = audio.turns[index]!;
      const middle = (start + last) / 2;
      const heard = events([...known!, ...others!]).filter(
        ({ start, end }) => (start as number) <= middle && middle < (end as number),
      );
      expect(heard.map(({ speaker }) => speaker)).toEqual([expected]);
    }
    expect(known![0]).toMatchObject({ topic: 'speaker-id/door/event', qos: 1, retain: false });
    expect(known![0]).toMatchObject({ stream: { streamId: 's1', source: 'test' } });
    const [first] = events(known!);
    expect(first).toMatchObject({ event_type: 'identified', speaker_id: 'sally', site: 'door' });
    expect(first!.threshold).toBeGreaterThan(0.1);
    expect(first!.speech_seconds).toBeGreaterThan(1);
    expect(onTopic(state!, 'speaker-id/door/tentative').length).toBeGreaterThan(0);
    expect(onTopic(state!, 'speaker-id/door/speaker')[0]).toBe('nobody');
    expect(onTopic(state!, 'speaker-id/door/speaker').at(-1)).toBe('Ray, Sally');
    expect(onTopic(state!, 'speaker-id/speakers/sally').at(-1)).toMatchObject({ name: 'Sally', last_site: 'door' });
    const config = state!.find(({ topic }) => topic?.startsWith('homeassistant/device/'));
    expect(config).toMatchObject({ retain: true, payload: { components: { speaker: { platform: 'sensor' } } } });
    const triggers = JSON.stringify(state!.filter(({ topic }) => topic?.startsWith('homeassistant/device/')).at(-1));
    expect([triggers.includes('"subtype":"Sally"'), triggers.includes('"subtype":"Ray"')]).toEqual([true, true]);
    expect(badges.at(-1)).toMatchObject({ fill: 'green', shape: 'dot', text: 'Ray, Sally' });
  });

  test('a node that finds out by itself takes a stream while it works on a recording, and commands', async () => {
    await flow.load(nodes.map((node) => ('id' in node && node.id === 'identify' ? { ...node, output: 'auto' } : node)));
    const [known, others, state] = ['known', 'others', 'state'].map((id) => flow.collect(id));
    flow.node('identify').receive({ payload: readFileSync(audio.talk), marker: 'recording' } as never);
    stream('s1', Buffer.concat([pcmOf(audio.rms), silence(2)]));
    await expect.poll(() => events(others!).map(({ cluster }) => cluster)).toContain('unknown-1');
    flow.node('identify').receive({ payload: { action: 'enroll', speakerId: 'ray', name: 'Ray' } });
    await expect.poll(() => onTopic(state!, 'speaker-id/door/enrolled')).toHaveLength(1);
    const answersOf = () => known!.filter((message) => (message as { marker?: string }).marker === 'recording');
    await expect.poll(answersOf).toHaveLength(1);
    expect(answersOf()[0]!.payload).toMatchObject({ durationSeconds: expect.any(Number), segments: expect.any(Array) });
    end('s1');
  });

  test('an unknown voice gets its name by a message, and its turns are reported again', async () => {
    await flow.load(nodes);
    const [others, state] = ['others', 'state'].map((id) => flow.collect(id));
    stream('s1', Buffer.concat([pcmOf(audio.rms), silence(2)]));
    await expect.poll(() => events(others!).map(({ cluster }) => cluster)).toContain('unknown-1');
    flow.node('identify').receive({ payload: { action: 'enroll', speakerId: 'ray', name: 'Ray' } });
    await expect.poll(() => onTopic(state!, 'speaker-id/door/enrolled')).toHaveLength(1);
    expect(onTopic(state!, 'speaker-id/door/enrolled')[0]).toMatchObject({ speakerId: 'ray', name: 'Ray' });
    stream('s1', silence(1)); // the stream goes on, and with it what it tells
    await expect.poll(() => onTopic(state!, 'speaker-id/door/relabel')).toHaveLength(1);
    expect(onTopic(state!, 'speaker-id/door/relabel')[0]).toMatchObject({ speaker: 'Ray', speaker_id: 'ray' });
    await expect.poll(() => onTopic(state!, 'speaker-id/door/speaker').at(-1)).toBe('Ray');
    end('s1');
  });

  test('feedback by message names a turn, and undo takes it back', async () => {
    await flow.load(nodes);
    const [others, state] = ['others', 'state'].map((id) => flow.collect(id));
    stream('s1', Buffer.concat([pcmOf(audio.rms), silence(2)]));
    await expect.poll(() => events(others!).map(({ cluster }) => cluster)).toContain('unknown-1');
    const event = events(others!).find(({ cluster }) => cluster === 'unknown-1')!;
    const correction = { ...event, action: 'feedback', verdict: 'correct', speaker_id: 'ray', speaker: 'Ray' };
    flow.node('identify').receive({ payload: correction as never });
    await expect.poll(() => onTopic(state!, 'speaker-id/door/feedback')).toHaveLength(1);
    const given = onTopic(state!, 'speaker-id/door/feedback')[0] as { feedbackId: string };
    expect(given).toMatchObject({ speakerId: 'ray', name: 'Ray', learning: { outcome: 'enrolled' } });
    stream('s1', silence(1));
    await expect.poll(() => onTopic(state!, 'speaker-id/door/speaker').at(-1)).toBe('Ray');
    flow.node('identify').receive({ payload: { action: 'undo', feedbackId: given.feedbackId } });
    await expect.poll(() => onTopic(state!, 'speaker-id/door/feedback')).toHaveLength(2);
    expect(onTopic(state!, 'speaker-id/door/feedback')[1]).toMatchObject({ isUndone: true });
    stream('s1', silence(1));
    await expect.poll(() => onTopic(state!, 'speaker-id/door/relabel').at(-1)).toMatchObject({ speaker_id: null });
    end('s1');
  });

  test('who is erased by a node is taken back from the retained topics', async () => {
    const registry = {
      ...{
        id: 'registry',
        type: 'speaker-registry',
        version: 1,
        store: 'store',
        action: 'delete',
        actionType: 'action',
      },
      ...{
        speakerId: 'speakerId',
        speakerIdType: 'msg',
        newName: '',
        newNameType: 'msg',
        isReplacing: false,
        wires: [[]],
      },
    };
    await flow.load([...nodes, registry]);
    await enrol('ray', 'Ray', audio.rms);
    const state = flow.collect('state');
    stream('s1', Buffer.concat([pcmOf(audio.rms), silence(2)]));
    await expect.poll(() => onTopic(state, 'speaker-id/speakers/ray')).not.toEqual([]);
    flow.node('registry').receive({ speakerId: 'ray' } as never);
    await expect.poll(() => onTopic(state, 'speaker-id/speakers/ray').at(-1)).toBe('');
    stream('s1', silence(1)); // the stream goes on: nothing brings the name back
    end('s1');
    await expect.poll(() => onTopic(state, 'speaker-id/door/stream').at(-1)).toMatchObject({ status: 'ended' });
    const kept = new Map(state.filter(({ retain }) => retain).map(({ topic, payload }) => [topic, payload]));
    expect(JSON.stringify([...kept.values()])).not.toMatch(/ray/i);
  });

  test('two streams are two sessions, each with the site that its source says', async () => {
    await flow.load(nodes);
    const [others, state] = ['others', 'state'].map((id) => flow.collect(id));
    const spoken = Buffer.concat([pcmOf(audio.little), silence(2)]);
    stream('s1', spoken, { site: 'hall' });
    stream('s2', spoken);
    await expect.poll(() => others!.length).toBe(2);
    expect(others!.map(({ topic }) => topic).sort()).toEqual(['speaker-id/door/event', 'speaker-id/hall/event']);
    expect(new Set(events(others!).map(({ session_id }) => session_id)).size).toBe(2);
    expect(onTopic(state!, 'speaker-id/hall/speaker').at(-1)).toBe('unknown');
  });

  test('stop stops processing until start, and an open stream ends with the flow', async () => {
    await flow.load(nodes);
    const others = flow.collect('others');
    flow.node('identify').receive({ payload: 'stop' });
    stream('s1', Buffer.concat([pcmOf(audio.little), silence(2)]));
    flow.node('identify').receive({ payload: 'start' });
    stream('s2', Buffer.concat([pcmOf(audio.little), silence(2)]));
    await expect.poll(() => others.length).toBe(1);
    expect(others[0]).toMatchObject({ stream: { streamId: 's2' } });
    await flow.stop();
    expect(others).toHaveLength(1);
  });

  test('a greeting of Home Assistant or of the broker is answered with all that is retained, and no event', async () => {
    await flow.load(nodes);
    const [known, others, state] = ['known', 'others', 'state'].map((id) => flow.collect(id));
    flow.node('identify').receive({ topic: 'homeassistant/status', payload: 'online' });
    const told = () => state!.map(({ topic }) => topic?.replace(/device\/.*\/config/, 'device'));
    const all = ['homeassistant/device', 'speaker-id/door/speaker', 'speaker-id/door/attributes'];
    await expect.poll(told).toEqual(all);
    flow.node('identify').receive({ topic: 'speaker-id/status', payload: 'online' });
    await expect.poll(told).toEqual([...all, ...all]);
    flow.node('identify').receive({ topic: 'homeassistant/status', payload: 'offline' });
    flow.node('identify').receive({ payload: { action: 'remove' } });
    await expect
      .poll(() => state!.slice(6).map(({ payload, retain }) => [payload, retain]))
      .toEqual(Array.from({ length: 4 }, () => ['', true]));
    expect([...known!, ...others!]).toEqual([]);
  });

  test('states of the source are sent at its site, and a lost stream ends the open turn', async () => {
    await flow.load(nodes);
    const [others, state] = ['others', 'state'].map((id) => flow.collect(id));
    const say = (payload: object) => flow.node('identify').receive({ payload, audio: { streamId: 's1' } } as never);
    say({ status: 'open' });
    stream('s1', pcmOf(audio.little)); // no silence after it: the voice is cut off
    say({ status: 'retrying', code: 'AUDIO_DECODE_FAILED', message: 'lost; wait', retry_in_seconds: 2, attempt: 1 });
    await expect.poll(() => others!.length).toBe(1);
    expect(onTopic(state!, 'speaker-id/door/stream')).toMatchObject([
      { status: 'open' },
      { status: 'retrying', retry_in_seconds: 2, attempt: 1 },
    ]);
    const faults = onTopic(state!, 'speaker-id/errors') as { code: string }[];
    expect(faults.filter(({ code }) => code !== 'NOBODY_ENROLLED')).toEqual([
      { code: 'AUDIO_DECODE_FAILED', message: 'lost; wait', site: 'door' },
    ]);
    expect(faults.map(({ code }) => code).sort()).toEqual(['AUDIO_DECODE_FAILED', 'NOBODY_ENROLLED']);
  });

  test.each([
    { name: 'a recording', msg: { payload: Buffer.from('RIFF') }, code: 'INPUT_INVALID' },
    { name: 'a reference to one', msg: { payload: { path: '/a.wav' } }, code: 'INPUT_INVALID' },
    { name: 'an object of another kind', msg: { payload: { dance: true } }, code: 'INPUT_INVALID' },
    { name: 'a word that is no command', msg: { payload: 'dance' }, code: 'INPUT_INVALID' },
    { name: 'a name for nobody', msg: { payload: { action: 'enroll', speakerId: 'x' } }, code: 'CLUSTER_NOT_FOUND' },
    {
      name: 'feedback without a verdict',
      msg: { payload: { action: 'feedback', turnId: 't' } },
      code: 'INPUT_INVALID',
    },
    {
      name: 'feedback on a turn of nobody',
      msg: { payload: { action: 'feedback', verdict: 'confirm', turn_id: 't' } },
      code: 'TURN_NOT_FOUND',
    },
    { name: 'an undo of nothing', msg: { payload: { action: 'undo', feedbackId: 'f' } }, code: 'FEEDBACK_NOT_FOUND' },
    { name: 'a name without an id', msg: { payload: { action: 'enroll' } }, code: 'SPEAKER_ID_INVALID' },
    {
      name: 'a stream without a format',
      msg: { payload: Buffer.alloc(100), audio: { streamId: 's1' } },
      code: 'AUDIO_FORMAT_MISSING',
    },
    {
      name: 'a wildcard for a site',
      msg: { payload: Buffer.alloc(100), audio: { streamId: 's1', encoding: 's16le', sampleRateHz: 8000, site: '#' } },
      code: 'CONFIG_INVALID',
    },
  ])('$name ends in Catch', async ({ msg, code }) => {
    await flow.load(nodes);
    const failed = flow.next('failed');
    flow.node('identify').receive(msg as never);
    expect((await failed).error).toMatchObject({ code });
  });
});
