import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { openByteSource } from '../../src/audio/byteSource.js';
import { decodeWithWasm } from '../../src/audio/decoding/wasmDecoder.js';
import { openRecording } from '../../src/audio/openRecording.js';
import { writeWav } from '../../src/audio/samples/wavWriter.js';
import { until } from '../support/until.js';
import { decode, expectNothingLeft, failure, fixture, glideAt, LIMITS, never, temporaryFolder } from './glide.js';

const folder = temporaryFolder();
const files = temporaryFolder();
expectNothingLeft(folder);

/** A command in place of GStreamer's. */
function command(name: string, script: string): string {
  const path = join(files, name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}
/** Is there once a hanging command, or stream, has begun to hang. */
const hangs = join(files, 'hangs-now');
const hanging = command('hangs', `: > ${hangs}; sleep 300 & wait`); // with a child of its own, which must end too
const crashing = command('crashes', `echo "ERROR: /home/secret/name.flac" >&2; kill -SEGV $$`);
const endless = command('endless', 'exec cat /dev/zero');
const dying = command('dies', 'head -c 64000 /dev/zero; exit 1');

const glideWav = writeWav(glideAt(16_000), 16_000);
const file = (name: string) => ({ kind: 'file', path: fixture(name) }) as const;
const bytes = (name: string) => ({ kind: 'bytes', bytes: readFileSync(fixture(name)) }) as const;

/** The same bytes again and again, or nothing more after the first. */
async function* without(end: 'more' | 'end', first: Uint8Array): AsyncGenerator<Uint8Array> {
  yield first;
  while (end === 'more') yield new Uint8Array(10_000);
  writeFileSync(hangs, '');
  await new Promise(() => undefined);
}
const streaming = (stream: AsyncIterable<Uint8Array>) => ({ kind: 'stream', stream }) as const;
const openEnded = Buffer.from(glideWav);
openEnded.writeUInt32LE(0xffff_ffff, 4);
openEnded.writeUInt32LE(0xffff_ffff, 40);

test.each([
  { name: 'a file', source: file('glide.flac'), limits: { maxBytes: 1_000 }, code: 'AUDIO_TOO_LARGE' },
  { name: 'bytes', source: bytes('glide.flac'), limits: { maxBytes: 1_000 }, code: 'AUDIO_TOO_LARGE' },
  {
    name: 'an endless WAV stream',
    source: streaming(without('more', openEnded)),
    limits: { maxBytes: 1e6 },
    code: 'AUDIO_TOO_LARGE',
  },
  {
    name: 'an endless FLAC stream',
    source: streaming(without('more', readFileSync(fixture('glide.flac')))),
    limits: { maxBytes: 1e6 },
    code: 'AUDIO_TOO_LARGE',
  },
  {
    name: 'an endless MP4 stream',
    source: streaming(without('more', readFileSync(fixture('glide.m4a')))),
    limits: { maxBytes: 1e6 },
    code: 'AUDIO_TOO_LARGE',
  },
  { name: 'a declared duration', source: file('glide.flac'), limits: { maxDurationMs: 1_999 }, code: 'AUDIO_TOO_LONG' },
  {
    name: 'a duration found while decoding',
    source: file('glide.opus'),
    limits: { maxDurationMs: 1_000 },
    code: 'AUDIO_TOO_LONG',
  },
  {
    name: 'an endless WAV stream by its duration',
    source: streaming(without('more', openEnded)),
    limits: { maxDurationMs: 10_000 },
    code: 'AUDIO_TOO_LONG',
  },
  {
    name: 'a stream that says nothing',
    source: streaming(without('end', new Uint8Array(0))),
    limits: { maxDecodeMs: 100 },
    code: 'AUDIO_DECODE_TIMEOUT',
  },
  {
    name: 'a WAV stream that stops',
    source: streaming(without('end', openEnded)),
    limits: { maxDecodeMs: 100 },
    code: 'AUDIO_DECODE_TIMEOUT',
  },
  {
    name: 'a Readable that stops',
    source: streaming(new Readable({ read: () => undefined })),
    limits: { maxDecodeMs: 100 },
    code: 'AUDIO_DECODE_TIMEOUT',
  },
  {
    name: 'an Opus stream that stops',
    source: streaming(without('end', readFileSync(fixture('glide.opus')).subarray(0, 4_000))),
    limits: { maxDecodeMs: 500 },
    code: 'AUDIO_DECODE_TIMEOUT',
  },
  {
    name: 'an MP4 stream that stops',
    source: streaming(without('end', readFileSync(fixture('glide.m4a')))),
    limits: { maxDecodeMs: 300 },
    code: 'AUDIO_DECODE_TIMEOUT',
  },
])('limits: $name', async ({ source, limits, code }) => {
  expect((await failure(source, { limits, temporaryFolder: folder })).code).toBe(code);
});

test.each([
  {
    name: 'hangs, reading a file',
    source: file('glide.flac'),
    gstLaunchCommand: hanging,
    code: 'AUDIO_DECODE_TIMEOUT',
  },
  { name: 'hangs, fed', source: bytes('glide.flac'), gstLaunchCommand: hanging, code: 'AUDIO_DECODE_TIMEOUT' },
  {
    name: 'hangs, with a temporary file',
    source: bytes('glide.m4a'),
    gstLaunchCommand: hanging,
    code: 'AUDIO_DECODE_TIMEOUT',
  },
  { name: 'crashes', source: file('glide.flac'), gstLaunchCommand: crashing, code: 'AUDIO_DECODE_FAILED' },
  { name: 'never ends', source: file('glide.opus'), gstLaunchCommand: endless, code: 'AUDIO_TOO_LONG' },
])('a decoder that $name', async ({ source, gstLaunchCommand, code }) => {
  const limits = { maxDecodeMs: 2_000, maxDurationMs: 20_000 };
  const error = await failure(source, { limits, gstLaunchCommand, temporaryFolder: folder });
  expect(error.code).toBe(code);
  expect(error.message).not.toContain('secret');
});

test('a decoder that dies after its first sounds: what there was, said to be partial', async () => {
  const decoded = await decode(file('glide.opus'), { gstLaunchCommand: dying });
  expect(decoded.report).toEqual({ samples: 16_000, isPartial: true });
});

const SOURCES = [
  { name: 'WAV bytes', source: () => ({ kind: 'bytes', bytes: glideWav }) as const },
  { name: 'WAV stream', source: () => streaming(Readable.from([glideWav, glideWav])) },
  { name: 'GStreamer with a file', source: () => file('glide.opus') },
  { name: 'GStreamer, fed', source: () => bytes('glide.opus') },
  { name: 'GStreamer with a temporary file', source: () => bytes('glide.m4a') },
  { name: 'WebAssembly', source: () => file('glide.flac'), gstLaunchCommand: 'voice-prints-test-no-such-command' },
];
const optionsOf = (gstLaunchCommand: string | undefined) => ({
  temporaryFolder: folder,
  ...(gstLaunchCommand && { gstLaunchCommand }),
});

test.each(SOURCES)('left after the first frame: $name', async ({ source, gstLaunchCommand }) => {
  const recording = await openRecording(source(), LIMITS, never(), optionsOf(gstLaunchCommand));
  for await (const frame of recording.frames()) {
    expect(frame.samples.length).toBe(16_000);
    break;
  }
  expect(() => recording.report()).toThrow(/not read to its end/);
  await recording[Symbol.asyncDispose]();
});

test.each(SOURCES)('disposed unread, and twice: $name', async ({ source, gstLaunchCommand }) => {
  const recording = await openRecording(source(), LIMITS, never(), optionsOf(gstLaunchCommand));
  await recording[Symbol.asyncDispose]();
  await recording[Symbol.asyncDispose]();
  await expect(recording.frames().next()).rejects.toMatchObject({ code: 'ABORTED' });
});

test.each(SOURCES)('aborted after the first frame: $name', async ({ source, gstLaunchCommand }) => {
  const stop = new AbortController();
  const recording = await openRecording(source(), LIMITS, stop.signal, optionsOf(gstLaunchCommand));
  const frames = recording.frames();
  expect((await frames.next()).done).toBe(false);
  stop.abort();
  await expect(frames.next()).rejects.toMatchObject({ code: 'ABORTED' });
  await recording[Symbol.asyncDispose]();
});

test.each([
  { name: 'while the decoder hangs', source: bytes('glide.flac'), gstLaunchCommand: hanging },
  { name: 'while the stream hangs', source: streaming(without('end', openEnded)), gstLaunchCommand: undefined },
])('aborted $name', async ({ source, gstLaunchCommand }) => {
  const stop = new AbortController();
  rmSync(hangs, { force: true });
  const failed = failure(source, { signal: stop.signal, ...optionsOf(gstLaunchCommand) });
  await until(() => existsSync(hangs));
  stop.abort();
  expect((await failed).code).toBe('ABORTED');
});

test('aborted before it began', async () => {
  expect((await failure(file('glide.flac'), { signal: AbortSignal.abort() })).code).toBe('ABORTED');
});

test('disposed while a frame is awaited', async () => {
  rmSync(hangs, { force: true });
  const recording = await openRecording(file('glide.flac'), LIMITS, never(), optionsOf(hanging));
  const waiting = expect(recording.frames().next()).rejects.toMatchObject({ code: 'ABORTED' });
  await until(() => existsSync(hangs));
  await recording[Symbol.asyncDispose]();
  await waiting;
});

test('one reader only', async () => {
  await using recording = await openRecording({ kind: 'bytes', bytes: glideWav }, LIMITS, never());
  recording.frames();
  expect(() => recording.frames()).toThrow(/can be read once/);
});

test('a stream that fails', async () => {
  const source = streaming(
    (async function* () {
      yield openEnded;
      throw new Error('socket of a secret host');
    })(),
  );
  const error = await failure(source);
  expect(error.code).toBe('FILE_UNREADABLE');
  expect(error.message).not.toContain('secret');
});

test('fifty chunks through a WebAssembly decoder add no listeners', async () => {
  const warnings: Error[] = [];
  const hear = (warning: Error) => warnings.push(warning);
  process.on('warning', hear);
  const frames = readFileSync(fixture('glide-8k.mp3'));
  const many = Readable.from(Array.from({ length: 50 }, () => frames));
  const decoded = await decode(streaming(many), optionsOf('voice-prints-test-no-such-command'));
  await new Promise((resolve) => setImmediate(resolve)); // warnings come on the next turn
  process.off('warning', hear);
  expect(decoded.samples.length).toBeGreaterThan(50 * 32_000);
  expect(warnings).toEqual([]);
});

test('a WebAssembly decoder that cannot be loaded', async () => {
  await using source = await openByteSource(bytes('glide.flac'), 1e6, never());
  const pieces = decodeWithWasm({ decoder: 'no/such' }, source, 'flac', never());
  await expect(pieces.next()).rejects.toMatchObject({ code: 'AUDIO_DECODE_FAILED' });
});
