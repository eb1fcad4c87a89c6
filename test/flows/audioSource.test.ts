import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Identification } from '../../src/index.js';
import { failures, out, VoiceFlow, whole } from './voiceFlow.js';

const on = VoiceFlow.use();

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
    writeFileSync(join(on.flow.userDir, 'talk.wav'), readFileSync(on.audio.little));
    await on.flow.load([
      { ...file, file: 'talk.wav' },
      { ...file, id: 'bytes', file: on.audio.little, emits: 'bytes' },
      out,
    ]);
    let next = on.flow.next('out');
    on.flow.node('source').receive({ topic: 'kept' });
    const reference = await next;
    expect(reference.payload).toMatchObject({ path: join(on.flow.userDir, 'talk.wav') });
    expect(reference).toMatchObject({
      topic: 'kept',
      audio: { filename: 'talk.wav', bytes: readFileSync(on.audio.little).length },
    });
    next = on.flow.next('out');
    on.flow.node('bytes').receive({});
    expect((await next).payload).toEqual(readFileSync(on.audio.little));
  });

  test('it starts by itself when asked to', async () => {
    await on.flow.load([{ ...file, file: on.audio.little, isStarting: true, startDelayMs: '100' }, out]);
    expect((await on.flow.next('out')).payload).toMatchObject({ path: on.audio.little });
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
    await on.flow.load([message, out]);
    const next = on.flow.next('out');
    on.flow.node('source').receive(send() as never);
    const { payload, audio: about } = await next;
    expect(payload).toEqual(Buffer.from('RIFF'));
    expect(about).toEqual({ bytes: 4, ...(filename && { filename }) });
  });

  test('several uploads go out one by one, with parts, or together', async () => {
    await on.flow.load([message, { ...message, id: 'together', several: 'together', wires: [['out']] }, out]);
    const files = ['a.wav', 'b.wav'].map((originalname) => ({ buffer: Buffer.from(originalname), originalname }));
    const messages = on.flow.collect('out');
    on.flow.node('source').receive({ _msgid: 'form', payload: {}, req: { files } } as never);
    await expect.poll(() => messages.length).toBe(2);
    expect(messages.map(({ parts }) => parts)).toEqual(
      [0, 1].map((index) => ({ id: 'form', type: 'array', index, count: 2 })),
    );
    on.flow.node('together').receive({ payload: {}, req: { files } } as never);
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
    await on.flow.load([raw, whole, out]);
    const next = on.flow.next('out');
    on.flow.node('source').receive({ payload: readFileSync(on.audio.as(on.audio.talk, 'ul')) });
    const { durationSeconds, segments } = (await next).payload as Identification;
    expect(durationSeconds).toBeCloseTo(on.audio.turns.at(-1)!.end, 0);
    expect(segments.length).toBeGreaterThan(2);
  });

  test('text is never a file name here', async () => {
    await on.flow.load([message, out, ...failures]);
    expect((await on.failureOf(() => on.flow.node('source').receive({ payload: on.audio.little }))).code).toBe(
      'INPUT_INVALID',
    );
  });

  test('base64 text when it is ticked, and nothing else then', async () => {
    await on.flow.load([{ ...message, isBase64: true }, out, ...failures]);
    const next = on.flow.next('out');
    on.flow.node('source').receive({ payload: 'UklGRg==' });
    expect((await next).payload).toEqual(Buffer.from('RIFF'));
    expect((await on.failureOf(() => on.flow.node('source').receive({ payload: 'no base64!' }))).code).toBe(
      'AUDIO_BASE64_INVALID',
    );
  });
});
