import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { LiveStream, type SpeakerEvent } from '../../../clients/liveStream.js';
import type { ServerMessage } from '../../../src/api/websocket/protocol.js';
import { oggPackets } from '../../support/oggPackets.js';
import { type VoiceServer, voiceServer } from '../../support/voiceServer.js';

/** Live streams over a real WebSocket against the real engine. */
let server: VoiceServer;
let address: string;
let samples: Buffer;
beforeAll(async () => {
  server = await voiceServer();
  address = server.url.replace(/^http/, 'ws');
  samples = readFileSync(server.audio.as(server.audio.talk, 's16'));
  for (const id of ['slt', 'rms'] as const) {
    const answer = await fetch(`${server.url}/v1/speakers/${id}/samples`, {
      method: 'POST',
      headers: { authorization: 'Bearer acme-key', 'content-type': 'audio/wav' },
      body: readFileSync(server.audio[id]),
    });
    expect(answer.status).toBe(200);
  }
});
afterAll(() => server?.[Symbol.asyncDispose]());

const open = new Set<WebSocket>();
afterEach(() => {
  for (const socket of open) socket.terminate();
  open.clear();
});

/** A bare connection that keeps every message. */
async function connected(path = '/v1/stream', headers: Record<string, string> = { authorization: 'Bearer acme-key' }) {
  const socket = new WebSocket(address + path, { headers });
  open.add(socket);
  const messages: ServerMessage[] = [];
  socket.on('message', (data) => messages.push(JSON.parse(data.toString())));
  const closed = once(socket, 'close').then(([code, reason]) => ({ code: code as number, reason: String(reason) }));
  await once(socket, 'open');
  const say = (message: unknown) => socket.send(JSON.stringify(message));
  const until = async <T extends ServerMessage['type']>(type: T) => {
    for (;;) {
      const found = messages.find((message) => message.type === type);
      if (found) return found as Extract<ServerMessage, { type: T }>;
      await Promise.race([
        once(socket, 'message'),
        closed.then((end) => Promise.reject(new Error(`closed: ${end.reason}`))),
      ]);
    }
  };
  return { socket, messages, closed, say, until };
}

const HELLO = { type: 'hello', encoding: 's16le', sampleRate: 16_000, site: 'kitchen' };
const FINAL = ['identified', 'uncertain', 'unknown'];
const pieces = (bytes: Buffer, size: number) =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size));

/** Seconds of the conversation under the right name, in final turns. */
function rightSeconds(events: readonly SpeakerEvent[]): number {
  let right = 0;
  for (const { voice, start, end } of server.audio.turns) {
    for (const event of events.filter(({ event_type }) => FINAL.includes(event_type))) {
      const isRight = voice === 'kal16' ? event.event_type === 'unknown' : event.speaker_id === voice;
      if (isRight) right += Math.max(0, Math.min(end, event.end!) - Math.max(start, event.start!));
    }
  }
  return right;
}
const totalSeconds = () => server.audio.turns.at(-1)!.end;

/** Seconds of talk in final turns; which hops a busy machine hears in moves their edges a little. */
const talkSeconds = (events: readonly SpeakerEvent[]) =>
  events.filter(({ event_type }) => FINAL.includes(event_type)).reduce((sum, { start, end }) => sum + end! - start!, 0);

test('the example client: names in real time; broken connections lose and repeat nothing', async () => {
  const heard = async (drops: readonly number[]) => {
    const stream = new LiveStream(address, 'acme-key', { sampleRate: 16_000, site: 'kitchen' });
    const events: SpeakerEvent[] = [];
    const reading = (async () => {
      for await (const event of stream) events.push(event);
    })();
    for (const [i, piece] of pieces(samples, 3_200).entries()) {
      stream.write(piece);
      if (drops.includes(i)) {
        while (events.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
        stream.drop();
      }
    }
    stream.end();
    await reading;
    return events;
  };
  const [whole, broken] = await Promise.all([heard([]), heard([40, 120])]);
  for (const events of [whole, broken]) {
    expect(rightSeconds(events)).toBeGreaterThan(0.7 * totalSeconds());
    const turns = events.filter(({ event_type }) => FINAL.includes(event_type)).map(({ turn_id }) => turn_id);
    expect(new Set(turns).size).toBe(turns.length);
  }
  expect(Math.abs(talkSeconds(broken) - talkSeconds(whole))).toBeLessThan(2);
  expect(whole.some(({ event_type }) => event_type === 'tentative')).toBe(true);
  expect(whole.at(-1)).toMatchObject({ event_type: 'stream', status: 'ended', site: 'kitchen' });
});

test.each([
  { name: 'mu-law at 8 kHz', encoding: 'mulaw' },
  { name: 'Opus packets', encoding: 'opus' },
] as const)('$name; the key in the address', async ({ encoding }) => {
  const { socket, messages, closed, say, until } = await connected('/v1/stream?apikey=acme-key', {});
  say({ type: 'hello', encoding, isTentative: false });
  const bytes = encoding === 'opus' ? opusFile() : readFileSync(server.audio.as(server.audio.talk, 'ul'));
  const audio = encoding === 'opus' ? oggPackets(bytes).slice(2) : pieces(bytes, 1_001);
  for (const piece of audio) socket.send(piece);
  say({ type: 'end' });
  expect(await closed).toMatchObject({ code: 1000 });
  const { position } = await until('ended');
  expect(position).toBe(encoding === 'opus' ? audio.length : bytes.length);
  const events = messages.flatMap((message) => (message.type === 'event' ? [message.event as SpeakerEvent] : []));
  expect(rightSeconds(events)).toBeGreaterThan(0.5 * totalSeconds());
  expect(events.filter(({ event_type }) => event_type === 'tentative')).toEqual([]);
  const numbers = messages.flatMap((message) => ('seq' in message ? [message.seq] : []));
  expect(numbers).toEqual(numbers.map((_, i) => i + 1));
});

test('a session is resumed by its token and its tenant only; the newer connection wins', async () => {
  const first = await connected();
  first.say(HELLO);
  const { sessionId, resumeToken } = await first.until('ready');
  first.socket.send(samples.subarray(0, 32_001)); // cuts a sample in two
  const { position } = await first.until('ack');
  expect(position).toBe(16_000);
  const comeBack = { type: 'resume', sessionId, resumeToken, lastSeq: 0 };
  const refused = [
    { headers: { authorization: 'Bearer globex-key' }, message: comeBack },
    { headers: { authorization: 'Bearer acme-key' }, message: { ...comeBack, resumeToken: 'x'.repeat(32) } },
    { headers: { authorization: 'Bearer acme-key' }, message: { ...comeBack, lastSeq: 1_000 } },
  ];
  for (const { headers, message } of refused) {
    const other = await connected('/v1/stream', headers);
    other.say(message);
    expect(await other.closed).toMatchObject({ code: 4404 });
  }
  const second = await connected();
  second.say(comeBack);
  expect(await second.until('ready')).toMatchObject({ sessionId, position: 16_000 });
  expect(await first.closed).toMatchObject({ code: 4409 });
  second.socket.send(samples.subarray(32_000, 96_000));
  second.say({ type: 'ping' });
  await second.until('pong');
  second.say({ type: 'end' });
  expect(await second.until('ended')).toMatchObject({ position: 48_000 });
});

test('commands: a nonexistent unknown voice is refused; a repeated command is executed once', async () => {
  const { messages, closed, say, until } = await connected();
  say({ ...HELLO, isTentative: false });
  const command = { type: 'enroll', id: 'a', speakerId: 'nobody_yet', cluster: 'unknown-99' };
  say(command);
  expect(await until('refused')).toMatchObject({ id: 'a', code: 'CLUSTER_NOT_FOUND' });
  say(command);
  say({ type: 'end' });
  expect(await closed).toMatchObject({ code: 1000 });
  expect(messages.filter(({ type }) => type === 'refused')).toHaveLength(1);
});

test('feedback takes a name from the voice of a turn, and undo gives it back', async () => {
  const { socket, messages, closed, say, until } = await connected();
  say({ ...HELLO, isTentative: false });
  for (const piece of pieces(Buffer.concat([samples, Buffer.alloc(64_000)]), 64_000)) socket.send(piece);
  const named = () =>
    messages.flatMap((message) =>
      message.type === 'event' && message.event.event_type === 'identified' ? [message.event] : [],
    );
  await vi.waitFor(() => expect(named()).not.toEqual([]), { timeout: 240_000 });
  const { turn_id: turnId, speaker_id: speakerId } = named()[0]!;
  say({ type: 'feedback', id: 'a', verdict: 'reject', turnId });
  const given = await until('feedback');
  expect(given).toMatchObject({ id: 'a', result: { verdict: 'reject', speakerId: null } });
  say({ type: 'undo', id: 'b', feedbackId: given.result.feedbackId });
  await expect.poll(() => messages.filter(({ type }) => type === 'feedback')).toHaveLength(2);
  expect(messages.findLast(({ type }) => type === 'feedback')).toMatchObject({ id: 'b', result: { isUndone: true } });
  say({ type: 'feedback', id: 'c', verdict: 'confirm', turnId: 'none' });
  expect(await until('refused')).toMatchObject({ id: 'c', code: 'TURN_NOT_FOUND' });
  say({ type: 'end' });
  expect(await closed).toMatchObject({ code: 1000 });
  expect(speakerId).toMatch(/slt|rms/);
});

test('audio faster than real time waits with the client, and none of it is lost', async () => {
  const { socket, messages, closed, say } = await connected();
  say({ ...HELLO, isTentative: false });
  const long = Buffer.concat(Array.from({ length: 4 }, () => samples));
  for (const piece of pieces(long, 64_000)) socket.send(piece);
  say({ type: 'end' });
  expect(await closed).toMatchObject({ code: 1000 });
  expect(messages.find(({ type }) => type === 'ended')).toMatchObject({ position: long.length / 2 });
  const kinds = messages.flatMap((message) => (message.type === 'event' ? [message.event.event_type] : []));
  expect(kinds).not.toContain('dropped');
});

test.each([
  { name: 'a wrong key in the hello', headers: {}, first: { ...HELLO, apiKey: 'wrong' }, code: 4401 },
  { name: 'no key', headers: {}, first: HELLO, code: 4401 },
  { name: 'no format', first: { type: 'hello' }, code: 4400 },
  { name: 'a format that is a word of the language', first: { ...HELLO, encoding: 'constructor' }, code: 4400 },
  { name: 'no JSON', first: undefined, code: 4400 },
  { name: 'people who are not there', first: { ...HELLO, speakerIds: ['nobody'] }, code: 4400 },
])('$name: $code', async ({ headers, first, code }) => {
  const { socket, closed, say } = await connected('/v1/stream', headers);
  if (first) say(first);
  else socket.send('{"type":');
  const end = await closed;
  expect(end.code).toBe(code);
  expect(end.reason).not.toBe('');
});

test.each([
  { name: 'Opus in Ogg pages', first: { ...HELLO, encoding: 'opus' }, file: 'glide.opus' },
  { name: 'Ogg instead of samples', first: HELLO, file: 'glide.opus' },
  { name: 'WebM instead of samples', first: HELLO, file: 'glide.webm' },
  { name: 'MP3 instead of samples', first: HELLO, file: 'glide.mp3' },
  { name: 'MP4 instead of mu-law', first: { ...HELLO, encoding: 'mulaw' }, file: 'glide.m4a' },
])('$name: the fault of the client, 4400', async ({ first, file }) => {
  const { socket, closed, say } = await connected();
  say(first);
  const bytes = readFileSync(new URL(`../../fixtures/audio/${file}`, import.meta.url));
  for (const piece of pieces(bytes, 4_000)) socket.send(piece);
  say({ type: 'end' });
  expect(await closed).toMatchObject({ code: 4400, reason: expect.stringContaining('AUDIO_CORRUPT') });
});

test('a wrong key in the header, another path: refused before it is a WebSocket', async () => {
  const refusal = async (path: string, key: string) => {
    const socket = new WebSocket(address + path, { headers: { authorization: `Bearer ${key}` } });
    const [, response] = await once(socket, 'unexpected-response');
    socket.on('error', () => {});
    socket.terminate();
    return (response as { statusCode: number }).statusCode;
  };
  expect(await refusal('/v1/stream', 'wrong')).toBe(401);
  expect(await refusal('/v1/other', 'acme-key')).toBe(404);
});

function opusFile(): Buffer {
  const out = server.audio.talk.replace(/wav$/, 'opus');
  execFileSync('ffmpeg', ['-v', 'error', '-y', '-i', server.audio.talk, '-c:a', 'libopus', '-b:a', '32k', out]);
  return readFileSync(out);
}
