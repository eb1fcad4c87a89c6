import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { decode, expectNothingLeft, failure, inPieces, temporaryFolder } from './glide.js';
import { expectNote, ffmpeg, tones } from './mediaFiles.js';

const media = temporaryFolder();
const folder = temporaryFolder();
expectNothingLeft(folder);
const options = { temporaryFolder: folder };
const path = (name: string) => join(media, name);
const read = (name: string) => readFileSync(path(name));

const LOW = { hertz: 300, from: 0.5, to: 1.5 };
const HIGH = { hertz: 1_200, from: 2, to: 3 };
const later = ({ hertz, from, to }: typeof LOW, seconds: number) => ({ hertz, from: from + seconds, to: to + seconds });

beforeAll(() => {
  const wav = tones(media, 'both.wav', 4, [LOW, HIGH]);
  const video = ['-f', 'lavfi', '-i', 'testsrc=s=64x64:d=8:r=5'];
  for (const [name, codec] of [
    ['late.mp4', 'aac'],
    ['late.mkv', 'libopus'],
    ['late.ts', 'aac'],
  ] as const) {
    const videoCodec = name.endsWith('.ts') ? 'mpeg2video' : 'mjpeg';
    const start = ['-itsoffset', '3', '-i', wav];
    ffmpeg(...video, ...start, '-map', '0:v', '-map', '1:a', '-c:v', videoCodec, '-c:a', codec, path(name));
  }
  // Packets between 1.75 and 5.75 s are missing: the second tone comes four seconds later.
  const gap = 'asetpts=if(gt(T\\,1.75)\\,PTS+4/TB\\,PTS)';
  ffmpeg('-i', wav, '-af', gap, '-c:a', 'libopus', path('gap.webm'));
  ffmpeg('-i', wav, '-c:a', 'libopus', path('both.opus'));
  ffmpeg('-i', wav, '-c:a', 'libopus', '-f', 'webm', '-live', '1', path('both.webm'));
  ffmpeg('-i', wav, '-c:a', 'flac', path('both.flac'));
  ffmpeg('-i', wav, '-c:a', 'aac', path('both.mp4'));
  ffmpeg('-i', wav, '-c:a', 'libmp3lame', path('both.mp3'));
  ffmpeg('-i', wav, '-c:a', 'aac', '-ar', '8000', path('slow.m4a'));
});

test.each(['late.mp4', 'late.mkv', 'late.ts'])(
  'sound that begins after the picture keeps its place: %s',
  async (name) => {
    const decoded = await decode({ kind: 'file', path: path(name) }, options);
    for (const note of [LOW, HIGH]) expectNote(decoded, later(note, 3));
    expect(decoded.report.isPartial).toBe(false);
  },
);

test('a gap in the time stamps is silence', async () => {
  const decoded = await decode({ kind: 'file', path: path('gap.webm') }, options);
  expectNote(decoded, LOW);
  expectNote(decoded, later(HIGH, 4));
});

test.each(['both.opus', 'both.webm', 'both.flac', 'both.mp4', 'both.mp3', 'both.wav'])(
  'recordings joined one after the other are read to the end: %s',
  async (name) => {
    const bytes = Buffer.concat([read(name), read(name), read(name)]);
    const once = await decode({ kind: 'bytes', bytes: read(name) }, options);
    const seconds = once.samples.length / 16_000;
    for (const source of [
      { kind: 'bytes', bytes } as const,
      { kind: 'stream', stream: inPieces(bytes, 1_000) } as const,
    ]) {
      const decoded = await decode(source, options);
      for (const part of [0, 1, 2]) for (const note of [LOW, HIGH]) expectNote(decoded, later(note, part * seconds));
      expect(decoded.report.isPartial).toBe(false);
    }
  },
);

test.each(['both.opus', 'both.flac'])('so they are by WebAssembly: %s', async (name) => {
  const bytes = Buffer.concat([read(name), read(name)]);
  const decoded = await decode({ kind: 'bytes', bytes }, { ...options, gstLaunchCommand: 'no-such-gst-launch' });
  for (const note of [LOW, HIGH, later(LOW, 4), later(HIGH, 4)]) expectNote(decoded, note);
});

test('what is broken behind the first recording is said to be lost', async () => {
  const bytes = Buffer.concat([read('both.flac'), read('both.flac').subarray(0, 60)]);
  const { report } = await decode({ kind: 'bytes', bytes }, options);
  expect(report.isPartial).toBe(true);
});

test('AAC at a low rate is not taken for cut', async () => {
  const { report } = await decode({ kind: 'file', path: path('slow.m4a') }, options);
  expect(report.isPartial).toBe(false);
});

test('a Matroska file that ends before its declared size is cut', async () => {
  ffmpeg('-i', path('both.wav'), '-c:a', 'libopus', path('whole.mka'));
  const bytes = read('whole.mka').subarray(0, -2_000);
  const { report } = await decode({ kind: 'bytes', bytes }, options);
  expect(report.isPartial).toBe(true);
});

test('WebM without its beginning is refused with what to send', async () => {
  const bytes = read('both.webm');
  const cluster = bytes.indexOf(Buffer.from('1f43b675', 'hex'));
  const block = bytes.indexOf(0xa3, cluster + 12);
  for (const piece of [bytes.subarray(cluster), bytes.subarray(block)]) {
    const error = await failure({ kind: 'bytes', bytes: piece }, options);
    expect(error.code).toBe('AUDIO_CORRUPT');
    expect(error.message).toMatch(/WebM without its beginning.*send the first chunk too/);
  }
});
