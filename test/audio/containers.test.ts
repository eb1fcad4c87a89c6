import { createReadStream, readFileSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import {
  childProcesses,
  decode,
  expectNothingLeft,
  failure,
  fixture,
  glideAt,
  isSame,
  likeness,
  temporaryFolder,
} from './glide.js';

const folder = temporaryFolder();
expectNothingLeft(folder);
const REFERENCE = glideAt(16_000);

beforeAll(() => {
  expect(childProcesses(), 'the check for children left behind needs Linux').toEqual([]);
});

interface Row {
  readonly name: string;
  readonly format: object;
  /** Samples at 16 kHz that the container holds more (+) or fewer (-) than the 32,000 put in: padding of the codec. */
  readonly extra: number;
  readonly lag: number;
  readonly correlation: number;
}

// Lags and lengths as measured with GStreamer 1.22; encoders' delays are not taken off. Delays are not
// whole samples and GStreamer's resampler stands up to half a sample off, hence correlations under 1.
const ROWS: readonly Row[] = [
  {
    name: 'glide.flac',
    format: { container: 'flac', codec: 'flac', sampleRateHz: 44_100, channels: 1, durationMs: 2_000 },
    extra: 0,
    lag: 0,
    correlation: 0.998,
  },
  {
    name: 'glide-8k.flac',
    format: { container: 'flac', sampleRateHz: 8_000, durationMs: 2_000 },
    extra: 0,
    lag: 0,
    correlation: 0.987,
  },
  {
    name: 'glide.mp3',
    format: { container: 'mp3', codec: 'mp3', sampleRateHz: 44_100, channels: 1 },
    extra: 601,
    lag: 401,
    correlation: 0.99,
  },
  {
    name: 'glide-8k.mp3',
    format: { container: 'mp3', codec: 'mp3', sampleRateHz: 8_000, channels: 1, durationMs: undefined },
    extra: 2560,
    lag: 2210,
    correlation: 0.95,
  },
  {
    name: 'glide-48k.mp2',
    format: { container: 'mp3', codec: 'mp2', sampleRateHz: 48_000 },
    extra: 256,
    lag: 160,
    correlation: 0.95,
  },
  {
    name: 'glide.m4a',
    format: { container: 'mp4', codec: 'aac', sampleRateHz: 44_100 },
    extra: -49,
    lag: 0,
    correlation: 0.95,
  },
  {
    name: 'glide-index-first.m4a',
    format: { container: 'mp4', codec: 'aac', sampleRateHz: 44_100 },
    extra: -49,
    lag: 0,
    correlation: 0.95,
  },
  {
    name: 'glide-picture.mp4',
    format: { container: 'mp4', codec: 'aac', sampleRateHz: 44_100 },
    extra: -49,
    lag: 0,
    correlation: 0.95,
  },
  {
    name: 'glide.3gp',
    format: { container: 'mp4', codec: 'amr', sampleRateHz: 8_000 },
    extra: 0,
    lag: 80,
    correlation: 0.99,
  },
  {
    name: 'glide.aac',
    format: { container: 'aac', codec: 'aac', sampleRateHz: 44_100, channels: 1 },
    extra: 694,
    lag: 372,
    correlation: 0.96,
  },
  {
    name: 'glide.opus',
    format: { container: 'ogg', codec: 'opus', sampleRateHz: 48_000, channels: 1 },
    extra: 0,
    lag: 0,
    correlation: 0.98,
  },
  {
    name: 'glide.webm',
    format: { container: 'webm', codec: 'opus', sampleRateHz: 48_000, channels: 1 },
    extra: 0,
    lag: 0,
    correlation: 0.98,
  },
  {
    name: 'glide.ogg',
    format: { container: 'ogg', codec: 'vorbis', sampleRateHz: 44_100, channels: 2 },
    extra: 1,
    lag: 0,
    correlation: 0.99,
  },
  {
    name: 'glide.amr',
    format: { container: 'amr', codec: 'amr', sampleRateHz: 8_000, channels: 1 },
    extra: 0,
    lag: 80,
    correlation: 0.99,
  },
  {
    name: 'glide-wb.amr',
    format: { container: 'amr-wb', codec: 'amr-wb', sampleRateHz: 16_000 },
    extra: 0,
    lag: 95,
    correlation: 0.99,
  },
  { name: 'glide.aiff', format: { container: 'aiff' }, extra: 0, lag: 0, correlation: 0.9999 },
  {
    name: 'glide.au',
    format: { container: 'au', sampleRateHz: 8_000, channels: 1 },
    extra: 0,
    lag: 0,
    correlation: 0.987,
  },
  {
    name: 'glide-adpcm.wav',
    format: { container: 'wav', codec: undefined, sampleRateHz: 16_000, channels: 1 },
    extra: 656,
    lag: 0,
    correlation: 0.99,
  },
  { name: 'glide.wma', format: { container: 'asf' }, extra: 672, lag: 743, correlation: 0.99 },
  { name: 'glide.flv', format: { container: 'flv' }, extra: 601, lag: 401, correlation: 0.99 },
  { name: 'glide.ts', format: { container: 'mpeg-ts' }, extra: 1792, lag: 1024, correlation: 0.99 },
  { name: 'glide.avi', format: { container: 'avi' }, extra: 1408, lag: 1105, correlation: 0.99 },
];

test.each(ROWS)('GStreamer: $name from a file', async ({ name, format, extra, lag, correlation }) => {
  const decoded = await decode({ kind: 'file', path: fixture(name) }, { temporaryFolder: folder });
  expect(decoded.format).toMatchObject(format);
  expect(decoded.report.isPartial).toBe(false);
  expect(Math.abs(decoded.samples.length - 32_000 - extra)).toBeLessThanOrEqual(2);
  const like = likeness(decoded.samples, REFERENCE);
  expect(like.correlation).toBeGreaterThan(correlation);
  expect(Math.abs(like.lag - lag)).toBeLessThanOrEqual(16);
  expect(decoded.frames.map((frame) => frame.startSample)).toEqual(decoded.frames.map((_, index) => 16_000 * index));
});

test.each(ROWS)('GStreamer: $name from bytes and from a stream is decoded alike', async ({ name }) => {
  const path = fixture(name);
  const options = { temporaryFolder: folder };
  const file = await decode({ kind: 'file', path }, options);
  const bytes = await decode({ kind: 'bytes', bytes: readFileSync(path) }, options);
  const stream = await decode({ kind: 'stream', stream: createReadStream(path, { highWaterMark: 1_000 }) }, options);
  // A stream that must be read in any order, or might be several joined, goes through a file.
  expect(isSame(stream.samples, bytes.samples) || isSame(stream.samples, file.samples)).toBe(true);
  expect(Math.abs(bytes.samples.length - file.samples.length)).toBeLessThanOrEqual(160); // Vorbis: the end is not trimmed
  expect(Math.abs(likeness(bytes.samples, REFERENCE).lag - likeness(file.samples, REFERENCE).lag)).toBeLessThanOrEqual(
    1,
  );
  expect(stream.format).toEqual({ ...file.format });
  expect([bytes.report.isPartial, stream.report.isPartial]).toEqual([false, false]);
});

const withoutGStreamer = { gstLaunchCommand: 'voice-prints-test-no-such-command', temporaryFolder: folder };

test.each([
  { name: 'glide.flac', extra: 0, lag: 0 },
  { name: 'glide-8k.flac', extra: 0, lag: 0 },
  { name: 'glide.mp3', extra: 0, lag: 0 }, // this decoder takes the delay off where the file tells it
  { name: 'glide-8k.mp3', extra: 2_560, lag: 2_210 },
  { name: 'glide.opus', extra: 0, lag: 0 },
])('WebAssembly where GStreamer is missing: $name', async ({ name, extra, lag }) => {
  const path = fixture(name);
  const decoded = await decode({ kind: 'file', path }, withoutGStreamer);
  const streamed = await decode({ kind: 'stream', stream: createReadStream(path) }, withoutGStreamer);
  expect(decoded.report.isPartial).toBe(false);
  expect(Math.abs(decoded.samples.length - 32_000 - extra)).toBeLessThanOrEqual(2);
  const like = likeness(decoded.samples, REFERENCE);
  expect(like.correlation).toBeGreaterThan(0.95);
  expect(Math.abs(like.lag - lag)).toBeLessThanOrEqual(16);
  expect(isSame(streamed.samples, decoded.samples)).toBe(true);
});

test('no decoder: the error names what to install, and what needs nothing', async () => {
  const error = await failure({ kind: 'file', path: fixture('glide.m4a') }, withoutGStreamer);
  expect(error.code).toBe('AUDIO_DECODER_MISSING');
  expect(error.message).toContain(
    'apt-get install gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-libav"',
  );
  expect(error.message).toContain('or send WAV, FLAC, MP3 or Ogg Opus');
});
