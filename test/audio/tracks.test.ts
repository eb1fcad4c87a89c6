import { createReadStream, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { decode, expectNothingLeft, failure, temporaryFolder } from './glide.js';
import { amplitude, expectNote, ffmpeg, tones } from './mediaFiles.js';

const media = temporaryFolder();
const folder = temporaryFolder();
expectNothingLeft(folder);
const options = { temporaryFolder: folder };

const LOW = { hertz: 300, from: 0.5, to: 1.5 };
const HIGH = { hertz: 1_200, from: 2, to: 3 };
const SECONDS = 4;

/** Two tracks of one container: a low tone first, then a high one, never together. */
const CONTAINERS = [
  { name: 'two.mkv', codec: ['libopus'] },
  { name: 'two.mp4', codec: ['aac', '-ar', '16000'] },
  { name: 'two.ts', codec: ['aac'] },
  { name: 'two.avi', codec: ['mp2'] },
  { name: 'two.mpg', codec: ['mp2', '-f', 'mpeg'] },
  { name: 'two.wma', codec: ['wmav2'] },
] as const;
const path = (name: string) => join(media, name);

beforeAll(() => {
  const low = tones(media, 'low.wav', SECONDS, [LOW]);
  const high = tones(media, 'high.wav', SECONDS, [HIGH]);
  for (const { name, codec } of CONTAINERS) {
    ffmpeg('-i', low, '-i', high, '-map', '0:a', '-map', '1:a', '-c:a', ...codec, path(name));
  }
  ffmpeg('-i', low, '-i', high, '-filter_complex', 'amerge=inputs=2', '-c:a', 'aac', path('stereo.m4a'));
  ffmpeg('-i', low, '-c:a', 'aac', '-ar', '16000', path('one.mp4'));
  ffmpeg('-f', 'lavfi', '-i', 'testsrc=s=64x64:d=2:r=5', '-c:v', 'mpeg2video', path('picture-only.ts'));
});

test.each(CONTAINERS)('all tracks are mixed: $name', async ({ name }) => {
  const source = { kind: 'file', path: path(name) } as const;
  const decoded = await decode(source, options);
  for (const note of [LOW, HIGH]) expectNote(decoded, note);
  expect(decoded.report).toEqual({ samples: decoded.samples.length, isPartial: false });
  expect(Math.abs(decoded.samples.length / 16_000 - SECONDS)).toBeLessThan(0.2);
});

test.each(CONTAINERS)('one track is chosen: $name', async ({ name }) => {
  for (const [i, { hertz, from, to }] of [LOW, HIGH].entries()) {
    const decoded = await decode({ kind: 'file', path: path(name), track: i + 1 }, options);
    const other = i === 0 ? HIGH : LOW;
    expect(amplitude(decoded, hertz, from + 0.1, to - 0.1)).toBeGreaterThan(0.1);
    expect(amplitude(decoded, other.hertz, other.from + 0.1, other.to - 0.1)).toBeLessThan(0.01);
  }
});

test('a stream with several tracks goes through a file', async () => {
  const decoded = await decode({ kind: 'stream', stream: createReadStream(path('two.mkv')) }, options);
  for (const note of [LOW, HIGH]) expectNote(decoded, note);
});

test('one channel of a track is chosen', async () => {
  const source = { kind: 'bytes', bytes: readFileSync(path('stereo.m4a')) } as const;
  const [left, right] = [
    await decode({ ...source, channel: 1 }, options),
    await decode({ ...source, channel: 2 }, options),
  ];
  expect(left.format.channels).toBe(2);
  expect(amplitude(left, 300, 0.6, 1.4)).toBeGreaterThan(0.1);
  expect(amplitude(left, 1_200, 2.1, 2.9)).toBeLessThan(0.01);
  expect(amplitude(right, 1_200, 2.1, 2.9)).toBeGreaterThan(0.1);
});

test.each([
  { name: 'two.mkv', track: 3 },
  { name: 'two.mp4', track: 3 },
  { name: 'two.ts', track: 3 },
  { name: 'one.mp4', track: 2 },
  { name: 'low.wav', track: 2 },
  { name: 'low.wav', channel: 2 },
  { name: 'stereo.m4a', channel: 3 },
])('no such track or channel: $name', async ({ name, ...selection }) => {
  const error = await failure({ kind: 'file', path: path(name), ...selection }, options);
  expect(error.code).toBe('AUDIO_TRACK_NOT_FOUND');
  expect(error.message).toMatch(/counted from 1/);
});

test('a container without any sound is refused', async () => {
  const error = await failure({ kind: 'file', path: path('picture-only.ts') }, options);
  expect(error.code).toBe('AUDIO_NOT_AUDIO');
});

/** As an iPhone writes it: an AAC track and one whose codec nobody here knows. */
function withUnknownCodec(codec: string): Buffer {
  const bytes = readFileSync(path('two.mp4'));
  bytes.write(codec, bytes.lastIndexOf('mp4a'), 'latin1');
  return bytes;
}

test.each([
  { codec: 'apac', skippedTracks: undefined },
  { codec: 'zzzz', skippedTracks: 1 },
])('a track of the unknown codec $codec is left out, and the recording is whole', async ({ codec, skippedTracks }) => {
  const decoded = await decode({ kind: 'bytes', bytes: withUnknownCodec(codec) }, options);
  expectNote(decoded, LOW);
  expect(decoded.report.isPartial).toBe(false);
  expect(decoded.report.skippedTracks).toBe(skippedTracks);
});
