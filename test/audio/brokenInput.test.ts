import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeWav } from '../../src/audio/samples/wavWriter.js';
import type { ErrorCode } from '../../src/core/errors.js';
import type { RawFormat } from '../../src/core/recording.js';
import { decode, expectNothingLeft, failure, fixture, glideAt, inPieces, temporaryFolder } from './glide.js';
import { wav } from './wavFile.js';

const folder = temporaryFolder();
const files = temporaryFolder();
expectNothingLeft(folder);

const read = (name: string): Buffer => readFileSync(fixture(name));
const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');
/** Repeatable bytes without a pattern: a 32-bit xorshift. */
function noise(length: number, seed = 1): Uint8Array {
  let state = seed;
  return Uint8Array.from({ length }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state & 0xff;
  });
}
const s16 = (samples: Float32Array): Uint8Array => writeWav(samples, 16_000).subarray(44);
const raw = (change: Partial<RawFormat> = {}): RawFormat => ({
  encoding: 's16le',
  sampleRateHz: 16_000,
  channels: 1,
  ...change,
});

interface Row {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly code: ErrorCode;
  readonly rawFormat?: RawFormat;
}

const ROWS: readonly Row[] = [
  { name: 'nothing', bytes: new Uint8Array(0), code: 'AUDIO_EMPTY' },
  { name: 'nothing, said to be raw', bytes: new Uint8Array(0), code: 'AUDIO_EMPTY', rawFormat: raw() },
  { name: 'text', bytes: latin1('Dear Sir or Madam, this is no recording. '.repeat(50)), code: 'AUDIO_NOT_AUDIO' },
  { name: 'UTF-8 text', bytes: Buffer.from('Grüße aus Köln – こんにちは. '.repeat(400)), code: 'AUDIO_NOT_AUDIO' },
  { name: 'JSON', bytes: latin1('{"speaker":1}'), code: 'AUDIO_NOT_AUDIO' },
  { name: 'JSON, said to be raw', bytes: latin1('{"speaker":1}'), code: 'AUDIO_NOT_AUDIO', rawFormat: raw() },
  { name: 'HTML', bytes: latin1('<!doctype html><title>404</title>'), code: 'AUDIO_NOT_AUDIO' },
  { name: 'a playlist', bytes: latin1('#EXTM3U\nhttp://127.0.0.1:1/a.ts\n'), code: 'AUDIO_NOT_AUDIO' },
  { name: 'PNG', bytes: Buffer.concat([latin1('\x89PNG\r\n\x1a\n'), noise(500)]), code: 'AUDIO_NOT_AUDIO' },
  { name: 'JPEG', bytes: Buffer.concat([latin1('\xff\xd8\xff\xe0'), noise(500)]), code: 'AUDIO_NOT_AUDIO' },
  { name: 'PDF', bytes: latin1('%PDF-1.7\n%\xe2\xe3\xcf\xd3\n'), code: 'AUDIO_NOT_AUDIO' },
  { name: 'ZIP', bytes: Buffer.concat([latin1('PK\x03\x04'), noise(500)]), code: 'AUDIO_NOT_AUDIO' },
  { name: 'HEIC', bytes: latin1('\x00\x00\x00\x18ftypheic\x00\x00\x00\x00'), code: 'AUDIO_NOT_AUDIO' },
  { name: 'random bytes', bytes: noise(40_000), code: 'AUDIO_NOT_AUDIO' },
  { name: 'WebP (RIFF, not WAVE)', bytes: latin1('RIFF\x24\x00\x00\x00WEBPVP8 '), code: 'AUDIO_NOT_AUDIO' },
  { name: 'RIFF of no known form', bytes: latin1('RIFF\x24\x00\x00\x00ABCDabcd'), code: 'AUDIO_NOT_AUDIO' },
  { name: 'video without sound, MP4', bytes: read('picture-only.mp4'), code: 'AUDIO_NOT_AUDIO' },
  { name: 'video without sound, WebM', bytes: read('picture-only.webm'), code: 'AUDIO_NOT_AUDIO' },
  { name: 'samples without a header', bytes: s16(glideAt(16_000)), code: 'AUDIO_FORMAT_MISSING' },
  { name: 'one byte of s16le', bytes: Uint8Array.of(7), code: 'AUDIO_TOO_SHORT', rawFormat: raw() },
  { name: 'raw at rate 0', bytes: noise(100), code: 'AUDIO_RATE_INVALID', rawFormat: raw({ sampleRateHz: 0 }) },
  { name: 'raw at 384 kHz', bytes: noise(100), code: 'AUDIO_RATE_INVALID', rawFormat: raw({ sampleRateHz: 384_000 }) },
  {
    name: 'raw at no rate',
    bytes: noise(100),
    code: 'AUDIO_RATE_INVALID',
    rawFormat: raw({ sampleRateHz: Number.NaN }),
  },
  { name: 'raw of 0 channels', bytes: noise(100), code: 'AUDIO_CHANNELS_INVALID', rawFormat: raw({ channels: 0 }) },
  { name: 'raw of 33 channels', bytes: noise(100), code: 'AUDIO_CHANNELS_INVALID', rawFormat: raw({ channels: 33 }) },
  { name: 'WAV of 40 channels', bytes: wav({ channels: 40 }), code: 'AUDIO_CHANNELS_INVALID' },
  { name: 'WAV of 0 channels', bytes: wav({ channels: 0 }), code: 'AUDIO_CHANNELS_INVALID' },
  { name: 'WAV at rate 0', bytes: wav({ rateHz: 0 }), code: 'AUDIO_RATE_INVALID' },
  { name: 'WAV at 2 MHz', bytes: wav({ rateHz: 2_000_000 }), code: 'AUDIO_RATE_INVALID' },
  { name: 'WAV of 0 samples', bytes: writeWav(new Float32Array(0), 16_000), code: 'AUDIO_TOO_SHORT' },
  {
    name: 'WAV of 0 samples, then another chunk',
    bytes: wav({ data: new Uint8Array(0), after: latin1('LIST\x04\x00\x00\x00INFO') }),
    code: 'AUDIO_TOO_SHORT',
  },
  { name: 'WAV cut in its header', bytes: wav({}).subarray(0, 30), code: 'AUDIO_CORRUPT' },
  { name: 'WAV without data', bytes: wav({}).subarray(0, 36), code: 'AUDIO_CORRUPT' },
  { name: 'WAV that contradicts itself', bytes: wav({ blockBytes: 3 }), code: 'AUDIO_CORRUPT' },
  { name: 'WavPack', bytes: Buffer.concat([latin1('wvpk'), noise(500)]), code: 'AUDIO_FORMAT_UNSUPPORTED' },
  { name: 'big-endian WAV cut in its header', bytes: latin1('RIFX\x00\x00\x00\x24WAVEfmt '), code: 'AUDIO_CORRUPT' },
  {
    name: 'GSM without a header',
    bytes: Buffer.concat(Array.from({ length: 50 }, () => Buffer.concat([Uint8Array.of(0xd4), noise(32)]))),
    code: 'AUDIO_FORMAT_UNSUPPORTED',
  },
  { name: 'MP4 from the middle', bytes: latin1('\x00\x00\x00\x10moof\x00\x00\x00\x08mfhd'), code: 'AUDIO_CORRUPT' },
  { name: 'FLAC of a header only', bytes: read('glide.flac').subarray(0, 42), code: 'AUDIO_CORRUPT' },
  { name: 'FLAC cut in its header', bytes: read('glide.flac').subarray(0, 20), code: 'AUDIO_CORRUPT' },
  { name: 'FLAC magic before noise', bytes: Buffer.concat([latin1('fLaC'), noise(5_000)]), code: 'AUDIO_CORRUPT' },
  {
    name: 'an ID3 tag only',
    bytes: latin1(`ID3\x04\x00\x00\x00\x00\x00\x10${'\x00'.repeat(16)}`),
    code: 'AUDIO_CORRUPT',
  },
  {
    name: 'an ID3 tag before a playlist',
    bytes: latin1(`ID3\x04\x00\x00\x00\x00\x00\x00#EXTM3U\nhttp://127.0.0.1:1/a\n`),
    code: 'AUDIO_CORRUPT',
  },
  {
    name: 'Ogg magic before noise',
    bytes: Buffer.concat([latin1('OggS\x00\x02'), noise(5_000)]),
    code: 'AUDIO_CORRUPT',
  },
  { name: 'M4A without its index', bytes: read('glide.m4a').subarray(0, 12_000), code: 'AUDIO_CORRUPT' },
  { name: 'WebM of a header only', bytes: read('glide.webm').subarray(0, 200), code: 'AUDIO_CORRUPT' },
];

test.each(ROWS)('refused: $name', async ({ bytes, rawFormat, code }) => {
  const format = rawFormat && { rawFormat };
  const options = { temporaryFolder: folder };
  const error = await failure({ kind: 'bytes', bytes, ...format }, options);
  expect(error.code).toBe(code);
  expect(error.message).toMatch(/; /); // says what to do
  const path = join(files, 'secret-name');
  writeFileSync(path, bytes);
  const ofFile = await failure({ kind: 'file', path, ...format }, options);
  const ofStream = await failure({ kind: 'stream', stream: inPieces(bytes, 33), ...format }, options);
  expect([ofFile.code, ofStream.code]).toEqual([code, code]);
  expect(`${ofFile.message} ${ofFile.stack}`).not.toContain('secret-name');
});

test.each<{ name: string; bytes: Uint8Array; minSamples: number; rawFormat?: RawFormat }>([
  { name: 'WAV cut in its data', bytes: writeWav(glideAt(16_000), 16_000).subarray(0, 20_000), minSamples: 9_978 },
  { name: 'WAV cut in a sample', bytes: writeWav(glideAt(16_000), 16_000).subarray(0, 20_001), minSamples: 9_978 },
  {
    name: 'raw cut in a sample',
    bytes: s16(glideAt(16_000)).subarray(0, 20_001),
    minSamples: 10_000,
    rawFormat: raw(),
  },
  { name: 'WAV whose size is too large', bytes: wav({ dataBytes: 1_000_000 }), minSamples: 1_000 },
  { name: 'FLAC cut', bytes: read('glide.flac').subarray(0, 25_000), minSamples: 16_000 },
  { name: 'MP3 cut', bytes: read('glide.mp3').subarray(0, 10_000), minSamples: 16_000 },
  { name: 'MP3 broken in the middle', bytes: brokenInTheMiddle(read('glide.mp3'), 5_000), minSamples: 10_000 },
  { name: 'M4A cut', bytes: read('glide-index-first.m4a').subarray(0, 10_000), minSamples: 12_000 },
  { name: 'Opus cut', bytes: read('glide.opus').subarray(0, 6_000), minSamples: 8_000 },
])('partial: $name', async ({ bytes, minSamples, rawFormat }) => {
  const decoded = await decode({ kind: 'bytes', bytes, ...(rawFormat && { rawFormat }) }, { temporaryFolder: folder });
  expect(decoded.report.isPartial).toBe(true);
  expect(decoded.samples.length).toBeGreaterThanOrEqual(minSamples);
});

function brokenInTheMiddle(bytes: Buffer, length: number): Uint8Array {
  const broken = Buffer.from(bytes);
  broken.set(noise(length), Math.floor((bytes.length - length) / 2));
  return broken;
}

test.each<{ name: string; path: string; code: ErrorCode }>([
  { name: 'a file that is not there', path: join(files, 'secret-name-absent'), code: 'FILE_NOT_FOUND' },
  { name: 'a path through a file', path: join(fixture('glide.mp3'), 'x'), code: 'FILE_NOT_FOUND' },
  { name: 'a folder', path: files, code: 'FILE_UNREADABLE' },
  { name: 'a device', path: '/dev/zero', code: 'FILE_UNREADABLE' },
])('refused: $name', async ({ path, code }) => {
  const error = await failure({ kind: 'file', path });
  expect(error.code).toBe(code);
  expect(error.message).toContain(path); // what a relative path or a container's view was taken for
});

test.each<{ name: string; bytes: Uint8Array; samples: number }>([
  { name: '192 kHz', bytes: wav({ rateHz: 192_000, data: new Uint8Array(2 * 192_000) }), samples: 16_000 },
  { name: '12 channels', bytes: wav({ channels: 12, data: new Uint8Array(24 * 16_000) }), samples: 16_000 },
  { name: 'data size 0 of a streaming writer', bytes: wav({ dataBytes: 0, riffBytes: 0 }), samples: 1_000 },
  { name: 'data size 0xFFFFFFFF', bytes: wav({ dataBytes: 0xffff_ffff, riffBytes: 0xffff_ffff }), samples: 1_000 },
  {
    name: 'chunks of odd length before the format',
    bytes: wav({ before: latin1('LIST\x03\x00\x00\x00abc\x00') }),
    samples: 1_000,
  },
])('accepted although odd: $name', async ({ bytes, samples }) => {
  const decoded = await decode({ kind: 'stream', stream: inPieces(bytes, 4_099) });
  expect(decoded.samples.length).toBe(samples);
  expect(decoded.report.isPartial).toBe(false);
});

test('100 MB of silence: read without being held, silent to the end', async () => {
  const path = join(files, 'silence.wav');
  writeFileSync(path, wav({ dataBytes: 100_000_000, data: new Uint8Array(0) }));
  truncateSync(path, 44 + 100_000_000); // a sparse file: zeros
  const { openRecording } = await import('../../src/audio/openRecording.js');
  const before = process.memoryUsage().rss;
  let [samples, peak, loudest] = [0, 0, 0];
  await using recording = await openRecording(
    { kind: 'file', path },
    { maxBytes: 2 ** 31, maxDurationMs: 4 * 3_600_000, maxDecodeMs: 60_000 },
    new AbortController().signal,
  );
  for await (const frame of recording.frames()) {
    samples += frame.samples.length;
    peak = Math.max(peak, process.memoryUsage().rss);
    for (const sample of frame.samples) loudest = Math.max(loudest, Math.abs(sample));
  }
  expect([samples, loudest]).toEqual([50_000_000, 0]);
  expect(peak - before).toBeLessThan(150e6); // whole it would be 200 MB of float32
});
