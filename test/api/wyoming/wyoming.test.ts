import { afterEach, expect, test } from 'vitest';
import { type ServeWyomingOptions, serveWyoming } from '../../../src/api/wyoming/serveWyoming.js';
import { WIRE_LIMITS } from '../../../src/api/wyoming/wire.js';
import type { TurnEvent } from '../../../src/events/index.js';
import type {
  ChunkSession,
  Engine,
  EnrollRequest,
  EnrollResult,
  IdentifiedSegment,
  IdentifyChunksRequest,
  SpeakerSummary,
} from '../../../src/index.js';
import { bytesOf, chunksAs, type Script, scriptedEngine } from '../../support/scriptedEngine.js';
import { type AsrScript, asrServer, wyomingClient } from './peers.js';

/** The protocol over real sockets: a scripted engine, a speech-to-text service that says what the test wants. */

const alice = {
  ...{ start: 0.3, end: 2 },
  decision: 'identified',
  speakerId: 'alice',
  name: 'Alice',
  score: 0.9712,
  margin: 0.9,
  candidates: [],
} as unknown as IdentifiedSegment;
const stranger = { ...alice, decision: 'unknown', speakerId: null, name: null, score: 0.02 } as const;

/** Says who spoke in audio that is not empty. */
const saying =
  (...segments: readonly IdentifiedSegment[]): Engine['identifyChunks'] =>
  () =>
    answering(async ({ source }) => ({
      ...{ start: 0, end: 2, heard: 2, warnings: [] },
      segments: (await bytesOf(source)).length > 0 ? segments : [],
    }));
const answering = (identify: ChunkSession['identify']): ChunkSession => chunksAs(identify)({});

const person = (speakerId: string, name: string) => ({ speakerId, name, isComplete: true }) as SpeakerSummary;
const people = [person('alice', 'Alice'), person('bob', 'Bob'), person('bob_2', 'Bob')];

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function opened({ script = {}, ...options }: Partial<ServeWyomingOptions> & { script?: Script }) {
  const directory = { list: async () => people, ...script.directory };
  const engine = {
    ...scriptedEngine({ identifyChunks: saying(alice), ...script, directory }),
    model: { id: 'scripted' } as never,
  };
  const server = await serveWyoming({ engine, port: 0, onFailure: () => undefined, ...options });
  open.push(() => server.close());
  return server;
}
async function asrOf(script: AsrScript) {
  const asr = await asrServer(script);
  open.push(() => asr.close());
  return asr;
}
async function clientOf(address: string) {
  const client = await wyomingClient(address);
  open.push(() => client.close());
  return client;
}

const SAMPLES = new Uint8Array(64_000).map((_, i) => i % 251);
const heardBy = (got: readonly { payload?: Uint8Array | undefined }[]) =>
  Buffer.concat(got.flatMap(({ payload }) => (payload ? [payload] : [])));
const SAID = {
  speaker: 'Alice',
  speaker_id: 'alice',
  speaker_decision: 'identified',
  speaker_confidence: 0.971,
};

test('a command passes on as it came; its transcript comes back with the speaker, after a user-event that names them', async () => {
  const asr = await asrOf({
    answer: (say) => say('transcript', { text: 'lights on', language: 'en', context: { a: 1 } }),
  });
  const client = await clientOf((await opened({ asr: asr.address })).address);
  client.send('select-program', { name: 'whisper' });
  client.send('transcribe', { language: 'en', transcript_names: ['Küche'] });
  client.speak(SAMPLES);
  expect(await client.next()).toEqual({ type: 'user-event', data: { name: 'speaker', data: SAID } });
  expect(await client.next()).toEqual({
    type: 'transcript',
    data: { text: 'lights on', language: 'en', context: { a: 1, ...SAID } },
  });
  expect(asr.got.slice(0, 3)).toEqual([
    { type: 'select-program', data: { name: 'whisper' } },
    { type: 'transcribe', data: { language: 'en', transcript_names: ['Küche'] } },
    { type: 'audio-start', data: { rate: 16_000, width: 2, channels: 1 } },
  ]);
  expect(asr.got.at(-1)?.type).toBe('audio-stop');
  expect(heardBy(asr.got).equals(SAMPLES)).toBe(true);
});

test('a second command on the same connection, without a request before it', async () => {
  const asr = await asrOf({ answer: (say) => say('transcript', { text: 'again' }) });
  const client = await clientOf((await opened({ asr: asr.address })).address);
  for (let i = 0; i < 2; i += 1) {
    client.speak(SAMPLES);
    expect((await client.until('transcript')).data).toEqual({ text: 'again', context: SAID });
  }
});

test('pieces of a transcript are passed on; with a prefix they are left out, and not offered', async () => {
  const asr = await asrOf({
    asr: [{ name: 'fast', models: [], supports_transcript_streaming: true }],
    answer: (say) => {
      say('transcript-start', { language: 'en' });
      say('transcript-chunk', { text: 'lights ' });
      say('transcript', { text: 'lights on' });
      say('transcript-stop');
    },
  });
  const plain = await clientOf((await opened({ asr: asr.address })).address);
  plain.speak(SAMPLES);
  const types = [];
  for (let i = 0; i < 5; i += 1) types.push((await plain.next())?.type);
  expect(types).toEqual(['transcript-start', 'transcript-chunk', 'user-event', 'transcript', 'transcript-stop']);

  const client = await clientOf((await opened({ asr: asr.address, prefix: '[{name}] ' })).address);
  client.send('describe');
  expect((await client.until('info')).data.asr).toEqual([
    { name: 'fast', models: [], supports_transcript_streaming: false },
  ]);
  client.speak(SAMPLES);
  expect((await client.next())?.type).toBe('user-event');
  expect((await client.next())?.data).toMatchObject({ text: '[Alice] lights on' });
});

test('an unknown voice has no name and no prefix; who spoke longest in a command is its speaker', async () => {
  const asr = await asrOf({ answer: (say) => say('transcript', { text: 'lights on' }) });
  const script = { identifyChunks: saying({ ...alice, end: 1 }, stranger) };
  const client = await clientOf((await opened({ asr: asr.address, prefix: '[{name}] ', script })).address);
  client.speak(SAMPLES);
  expect((await client.until('transcript')).data).toEqual({
    text: 'lights on',
    context: {
      speaker: null,
      speaker_id: null,
      speaker_decision: 'unknown',
      speaker_confidence: 0.02,
    },
  });
});

test('a service that detects the end itself answers before audio-stop', async () => {
  const asr = await asrOf({ endsAfterBytes: 20_000, answer: (say) => say('transcript', { text: 'early' }) });
  const client = await clientOf((await opened({ asr: asr.address })).address);
  client.send('audio-start', { rate: 16_000, width: 2, channels: 1 });
  client.send('audio-chunk', { rate: 16_000, width: 2, channels: 1 }, SAMPLES);
  expect((await client.until('transcript')).data).toMatchObject({ text: 'early', context: { speaker: 'Alice' } });
  client.send('audio-chunk', { rate: 16_000, width: 2, channels: 1 }, SAMPLES);
  client.send('audio-stop');
  client.send('ping', { text: 'still here' });
  expect(await client.until('pong')).toMatchObject({ data: { text: 'still here' } });
});

test.each([
  ['never says who', { identifyChunks: () => answering(() => new Promise<never>(() => undefined)) }],
  ['fails', { identifyChunks: () => answering(() => Promise.reject(new Error('broken'))) }],
  [
    'is closed',
    {
      identifyChunks: () => {
        throw new Error('closed');
      },
    },
  ],
])('an engine that %s costs no transcript', async (_what, script) => {
  const asr = await asrOf({ answer: (say) => say('transcript', { text: 'lights on' }) });
  const client = await clientOf((await opened({ asr: asr.address, script, limits: { nameMs: 50 } })).address);
  client.speak(SAMPLES);
  expect((await client.until('transcript')).data).toMatchObject({
    text: 'lights on',
    context: { speaker: null, speaker_decision: 'unavailable' },
  });
});
test.each([
  ['hangs up', { answer: (_say: unknown, socket: { destroy(): void }) => socket.destroy() }, 'URL_UNREACHABLE'],
  ['says nothing', { answer: () => undefined }, 'URL_TIMEOUT'],
  [
    'talks nonsense',
    { answer: (_say: unknown, socket: { write(text: string): void }) => socket.write('HTTP/1.1 400\n') },
    'INPUT_INVALID',
  ],
  ['sends a transcript without text', { answer: (say: (type: string) => void) => say('transcript') }, 'INPUT_INVALID'],
])('a speech-to-text service that %s is an error, and the end of the connection', async (_what, script, code) => {
  const asr = await asrOf(script as AsrScript);
  const client = await clientOf((await opened({ asr: asr.address, limits: { transcriptMs: 100 } })).address);
  client.speak(SAMPLES);
  expect((await client.until('error')).data).toMatchObject({ code });
  expect(await client.next()).toBeUndefined();
});

test('a speech-to-text service that is not there: an error; identities are served all the same', async () => {
  const asr = await asrServer({ answer: () => undefined });
  await asr.close();
  const { address } = await opened({ asr: asr.address });
  const client = await clientOf(address);
  client.speak(SAMPLES);
  expect((await client.until('error')).data).toMatchObject({ code: 'URL_UNREACHABLE' });
  const other = await clientOf(address);
  other.send('describe');
  const { data } = await other.until('info');
  expect(data.asr).toEqual([]);
  expect(data.identity).toMatchObject([{ name: 'voice-prints', installed: true, models: [{ name: 'scripted' }] }]);
});

test('each command is published with its speaker before its transcript is answered, and never with its text', async () => {
  const events: TurnEvent[] = [];
  const asr = await asrOf({ answer: (say) => say('transcript', { text: 'open the secret door' }) });
  const heard: IdentifiedSegment[][] = [
    [alice, { ...alice, start: 2.4, end: 3 }],
    [{ ...stranger, cluster: 'unknown-1' } as IdentifiedSegment],
    [],
  ];
  const server = await opened({
    asr: asr.address,
    publish: { site: 'assistant', onEvent: (event) => events.push(event) },
    script: {
      identifyChunks: () =>
        answering(async () => ({ start: 0, end: 2, heard: 2, warnings: [], segments: heard.shift()! })),
    },
  });
  const client = await clientOf(server.address);
  for (const count of [1, 2, 3]) {
    client.speak(new Uint8Array(4_096));
    await client.until('transcript');
    expect(events).toHaveLength(count);
  }
  expect(events).toMatchObject([
    { event_type: 'identified', speaker: 'Alice', speaker_id: 'alice', site: 'assistant', start: 0.3, end: 3 },
    { event_type: 'unknown', speaker: null, speaker_id: null },
    { event_type: 'rejected', reason: 'AUDIO_NO_SPEECH' },
  ]);
  expect(events[1]).not.toHaveProperty('cluster');
  expect(new Set(events.map(({ session_id }) => session_id)).size).toBe(3);
  expect(JSON.stringify(events)).not.toContain('secret');
});

test('identify: a name with its confidence, or none; the context comes back', async () => {
  const requests: IdentifyChunksRequest[] = [];
  const identifyChunks: Engine['identifyChunks'] = (request) => {
    requests.push(request);
    return saying(requests.length === 1 ? alice : stranger)(request);
  };
  const client = await clientOf((await opened({ script: { identifyChunks } })).address);
  client.send('identify', { names: ['Alice', 'bob_2'], context: { conversation: 7 } });
  client.speak(SAMPLES);
  expect(await client.next()).toEqual({
    type: 'identified',
    data: { name: 'Alice', confidence: 0.971, context: { conversation: 7, ...SAID } },
  });
  client.send('identify');
  client.speak(SAMPLES);
  expect(await client.next()).toMatchObject({
    type: 'not-identified',
    data: { context: { speaker: null, speaker_decision: 'unknown' } },
  });
  expect(requests.map(({ speakerIds }) => speakerIds)).toEqual([['alice', 'bob_2'], undefined]);
  client.send('identify', { names: ['Carol'] });
  expect((await client.next())?.data).toMatchObject({ code: 'SPEAKER_NOT_FOUND' });
  client.speak(SAMPLES);
  expect((await client.next())?.type).toBe('not-identified');
});

test('enrolment and deletion are refused unless they were allowed; then they go by name', async () => {
  const enrolled: EnrollRequest[] = [];
  const deleted: string[] = [];
  const script: Script = {
    enroll: async (request) => {
      enrolled.push(request);
      const status = enrolled.length === 1 ? 'complete' : 'rejected';
      const reasons = [{ code: 'TOO_NOISY', refuses: true, message: 'it is too loud around' }];
      return {
        status,
        quality: 'good',
        speechSeconds: 12,
        reasons: status === 'rejected' ? reasons : [],
      } as unknown as EnrollResult;
    },
    directory: {
      delete: async (id) => {
        deleted.push(id);
        return true;
      },
    },
  };
  const closed = await clientOf((await opened({ script })).address);
  for (const type of ['enroll', 'delete']) {
    closed.send(type, { name: 'Alice' });
    expect((await closed.until('error')).data).toMatchObject({
      code: 'INPUT_INVALID',
      text: expect.stringContaining('--wyoming-enrol'),
    });
  }
  closed.send('describe');
  expect((await closed.until('info')).data.identity).not.toMatchObject([
    { models: [{ identities: expect.anything() }] },
  ]);

  const client = await clientOf((await opened({ script, mayEnrol: true })).address);
  client.send('describe');
  expect((await client.until('info')).data.identity).toMatchObject([
    { models: [{ identities: [{ name: 'Alice' }, { name: 'bob' }, { name: 'bob_2' }] }] },
  ]);
  client.send('enroll', { name: 'Renée', context: { consent: 'yes', consent_version: '2' } });
  client.speak(SAMPLES);
  expect(await client.next()).toEqual({
    type: 'enrolled',
    data: {
      name: 'Renée',
      context: {
        consent: 'yes',
        consent_version: '2',
        status: 'complete',
        quality: 'good',
        speech_seconds: 12,
        reasons: [],
      },
    },
  });
  expect(enrolled[0]).toMatchObject({
    speakerId: expect.stringMatching(/^renee_/),
    name: 'Renée',
    consentText: 'yes',
    consentVersion: '2',
  });
  client.send('enroll', { name: 'Alice' });
  client.speak(SAMPLES);
  expect((await client.until('error')).data).toEqual({ text: 'it is too loud around', code: 'ENROLL_REFUSED' });
  expect(enrolled[1]).toMatchObject({ speakerId: 'alice' });
  client.close();

  const last = await clientOf((await opened({ script, mayEnrol: true })).address);
  last.send('delete', { name: 'bob_2', context: { x: 1 } });
  expect(await last.next()).toEqual({ type: 'deleted', data: { name: 'bob_2', context: { x: 1 } } });
  last.send('delete', { name: 'Carol' });
  expect((await last.until('error')).data).toMatchObject({ code: 'SPEAKER_NOT_FOUND' });
  expect(deleted).toEqual(['bob_2']);
});

test.each([
  ['a line without an end', () => 'x'.repeat(WIRE_LIMITS.maxLineBytes + 2)],
  ['long data', () => `{"type":"ping","data_length":${WIRE_LIMITS.maxDataBytes + 1}}\n`],
  ['a large payload', () => `{"type":"audio-chunk","payload_length":${WIRE_LIMITS.maxPayloadBytes + 1}}\n`],
  ['a negative length', () => '{"type":"ping","data_length":-1}\n'],
  ['no JSON', () => 'GET / HTTP/1.1\r\n\r\n'],
  ['a list', () => '[]\n'],
  ['no type', () => '{"data":{}}\n'],
  ['audio of an impossible format', () => '{"type":"audio-start","data":{"rate":1,"width":2,"channels":1}}\n'],
])('%s: an error, and the end of the connection', async (_what, text) => {
  const client = await clientOf((await opened({})).address);
  client.socket.write(text());
  expect((await client.until('error')).data).toMatchObject({ code: 'INPUT_INVALID' });
  expect(await client.next()).toBeUndefined();
});

test('too long a command, silence within one, and too many at once are refused', async () => {
  const { address } = await opened({ limits: { maxAudioMs: 1_000, silenceMs: 100, maxStreams: 1 } });
  const format = { rate: 16_000, width: 2, channels: 1 };
  const long = await clientOf(address);
  long.speak(SAMPLES);
  expect((await long.until('error')).data).toMatchObject({ code: 'AUDIO_TOO_LONG' });
  const first = await clientOf(address);
  first.send('audio-start', format);
  first.send('ping');
  await first.until('pong');
  const second = await clientOf(address);
  second.send('audio-start', format);
  expect((await second.until('error')).data).toMatchObject({ code: 'ENGINE_BUSY' });
  expect((await first.until('error')).data).toMatchObject({ code: 'LIVE_STALLED' });
  const third = await clientOf(address);
  third.speak(SAMPLES.subarray(0, 16_000));
  expect((await third.next())?.type).toBe('identified');
});

test('clients of other networks are not let in', async () => {
  const { address } = await opened({ allow: '192.168.77.0/24' });
  const client = await clientOf(address);
  client.send('describe');
  expect(await client.next()).toBeUndefined();
  await expect(opened({ allow: 'the garden' })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
});

test('a peer that sends rubbish, in any pieces, ends its own connection at most', async () => {
  const asr = await asrOf({ answer: (say) => say('transcript', { text: 'ok' }) });
  const { address } = await opened({ asr: asr.address, mayEnrol: true, limits: { maxStreams: 4, nameMs: 50 } });
  const random = mulberry32(18);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const types = ['describe', 'transcribe', 'identify', 'enroll', 'delete', 'audio-start', 'audio-chunk', 'audio-stop'];
  const values = [null, 1, -1, 1e308, 'x', '', [], {}, { name: { a: [] } }, true, '__proto__', 'ä'.repeat(300)];
  const fields = ['name', 'names', 'rate', 'width', 'channels', 'context', 'text', '__proto__', 'timestamp'];
  for (let round = 0; round < 60; round += 1) {
    const client = await wyomingClient(address);
    for (let i = 0; i < 20; i += 1) {
      const isValid = random() < 0.5;
      const data = isValid
        ? { rate: 16_000, width: 2, channels: 1, name: 'Alice' }
        : Object.fromEntries([
            [pick(fields), pick(values)],
            [pick(fields), pick(values)],
          ]);
      const payload = random() < 0.5 ? Buffer.from(Array.from({ length: 700 }, () => random() * 256)) : undefined;
      client.send(
        pick([...types, 'select-program', 'user-event', 'ping', 'transcript', 'x'.repeat(99)]),
        data,
        payload,
      );
    }
    if (round % 2 === 0) client.socket.write(Buffer.from(Array.from({ length: 500 }, () => random() * 256)));
    if (round % 3 === 0) client.socket.destroy();
    else client.socket.end();
    client.socket.resume();
  }
  // Every place of a command was given back: four are spoken at once again.
  const four = await Promise.all(Array.from({ length: 4 }, () => clientOf(address)));
  await expect
    .poll(async () => {
      const client = await clientOf(address);
      client.speak(SAMPLES);
      return (await client.next())?.type;
    })
    .toBe('user-event');
  for (const client of four) client.speak(SAMPLES);
  for (const client of four) expect((await client.until('transcript')).data).toMatchObject({ text: 'ok' });
});

function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
