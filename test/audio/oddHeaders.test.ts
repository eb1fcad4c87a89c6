import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import type { RawEncoding } from '../../src/core/recording.js';
import { decode, expectNothingLeft, inPieces, temporaryFolder } from './glide.js';
import { amplitude, expectNote, ffmpeg, tones } from './mediaFiles.js';
import { wav } from './wavFile.js';

const media = temporaryFolder();
const folder = temporaryFolder();
expectNothingLeft(folder);
const options = { temporaryFolder: folder };
const path = (name: string) => join(media, name);
const read = (name: string) => readFileSync(path(name));
const latin1 = (text: string) => Buffer.from(text, 'latin1');

const LOW = { hertz: 300, from: 0.5, to: 1.5 };
const HIGH = { hertz: 1_200, from: 2, to: 3 };
const TONES = [LOW, HIGH];
const SAMPLES = 64_000;

let samples: Buffer;
beforeAll(() => {
  const both = tones(media, 'both.wav', 4, TONES);
  ffmpeg('-i', both, '-f', 's16le', path('both.raw'));
  samples = read('both.raw');
  ffmpeg('-i', both, '-c:a', 'libmp3lame', '-write_xing', '0', '-id3v2_version', '0', path('both.mp3'));
  ffmpeg('-i', both, '-c:a', 'libopus', path('opus.caf'));
  ffmpeg('-i', both, '-c:a', 'aac', path('aac.m4a'));
  ffmpeg('-i', both, '-c:a', 'pcm_s16be', path('s16be.caf'));
  ffmpeg('-i', both, '-c:a', 'pcm_f32le', path('f32le.caf'));
  ffmpeg('-i', both, '-c:a', 'pcm_mulaw', path('mulaw.caf'));
  ffmpeg('-i', both, '-c:a', 'pcm_s24le', path('both.w64'));
  const four = ['-i', both, '-af', 'pan=4c|c0=c0|c1=c0|c2=c0|c3=c0'];
  ffmpeg(...four, '-c:a', 'pcm_s16le', path('four.mov'));
  ffmpeg(...four, '-c:a', 'pcm_s16be', path('four.au'));
  ffmpeg(...four, '-c:a', 'libopus', '-mapping_family', '255', path('four.opus'));
  execFileSync('sox', [both, '-B', path('rifx.wav')]);
  execFileSync('sox', [both, '-r', '8000', '-e', 'gsm-full-rate', path('gsm.wav')]);
});

const id3 = (bytes: number) =>
  Buffer.concat([latin1('ID3\x04\x00\x00\x00\x00'), Uint8Array.of(bytes >> 7, bytes & 0x7f), Buffer.alloc(bytes)]);

test.each<{ name: string; bytes: () => Buffer }>([
  { name: 'ID3 before RIFF', bytes: () => Buffer.concat([id3(500), wav({ data: samples })]) },
  { name: 'zeros before RIFF', bytes: () => Buffer.concat([Buffer.alloc(512), wav({ data: samples })]) },
  { name: 'size of the first second only', bytes: () => wav({ data: samples, dataBytes: 32_000, riffBytes: 32_036 }) },
  { name: 'size 0 beside a finished RIFF size', bytes: () => wav({ data: samples, dataBytes: 0 }) },
  {
    name: 'an odd chunk without its padding',
    bytes: () => wav({ data: samples, before: latin1('LIST\x07\x00\x00\x00INFOabc') }),
  },
  {
    name: 'a chunk whose size reaches beyond the file',
    bytes: () => wav({ data: samples, before: latin1('LIST\xff\xff\xff\x0fINFOabcd') }),
  },
])('WAV with $name: every sample is read', async ({ bytes }) => {
  for (const source of [
    { kind: 'bytes', bytes: bytes() } as const,
    { kind: 'stream', stream: inPieces(bytes(), 777) } as const,
  ]) {
    const decoded = await decode(source, options);
    expect(decoded.report).toEqual({ samples: SAMPLES, isPartial: false });
    for (const note of TONES) expectNote(decoded, note);
  }
});

test.each([
  { name: 'known chunks', after: latin1('LIST\x05\x00\x00\x00INFOa\x00id3 \x04\x00\x00\x00ID3\x04') },
  { name: 'a chunk of a program', after: latin1('Zz9 \x06\x00\x00\x00abcdef') },
  { name: 'an ID3v1 tag', after: Buffer.concat([latin1('TAG'), Buffer.alloc(125)]) },
])('WAV with $name behind its data: they are no samples', async ({ after }) => {
  const { report } = await decode({ kind: 'bytes', bytes: wav({ data: samples, after }) });
  expect(report).toEqual({ samples: SAMPLES, isPartial: false });
});

test('WAV files of different rates joined: each at its own', async () => {
  const slow = wav({ rateHz: 8_000, data: samples.subarray(0, 32_000) });
  const { report } = await decode({ kind: 'bytes', bytes: Buffer.concat([wav({ data: samples }), slow]) });
  expect(report).toEqual({ samples: SAMPLES + 32_000, isPartial: false });
});

test('zeros between an ID3 tag and the first MP3 frame', async () => {
  const decoded = await decode({
    kind: 'bytes',
    bytes: Buffer.concat([id3(100), Buffer.alloc(8_192), read('both.mp3')]),
  });
  for (const note of TONES) expectNote(decoded, { ...note, from: note.from + 0.05, to: note.to + 0.05 });
});

test.each([
  { name: 'opus.caf', codec: 'opus' },
  { name: 's16be.caf', codec: 's16be' },
  { name: 'f32le.caf', codec: 'f32le' },
  { name: 'mulaw.caf', codec: 'mulaw' },
  { name: 'both.w64', codec: 's24le' },
  { name: 'rifx.wav', codec: 's16be' },
  { name: 'gsm.wav', codec: undefined },
  // Channels without places, as of an array of microphones.
  { name: 'four.mov', codec: 'sowt' },
  { name: 'four.au', codec: 's16be' },
  { name: 'four.opus', codec: 'opus' },
])('decoded: $name', async ({ name, codec }) => {
  for (const source of [
    { kind: 'file', path: path(name) } as const,
    { kind: 'stream', stream: inPieces(read(name), 1_000) } as const,
  ]) {
    const decoded = await decode(source, options);
    expect(decoded.format.codec).toBe(codec);
    for (const note of TONES) expectNote(decoded, note);
    expect(decoded.report.isPartial).toBe(false);
  }
});

test.each<{ encoding: RawEncoding; codec: string }>([
  { encoding: 'u8', codec: 'u8' },
  { encoding: 's16be', codec: 's16be' },
  { encoding: 's24le', codec: 's24le' },
  { encoding: 's24be', codec: 's24be' },
  { encoding: 's32le', codec: 's32le' },
  { encoding: 's32be', codec: 's32be' },
  { encoding: 'f32le', codec: 'f32le' },
  { encoding: 'f32be', codec: 'f32be' },
])('headerless $encoding', async ({ encoding, codec }) => {
  const file = path(`headerless.${encoding}`);
  ffmpeg('-i', path('both.wav'), '-f', codec, file);
  const rawFormat = { encoding, sampleRateHz: 16_000, channels: 1 };
  const decoded = await decode({ kind: 'file', path: file, rawFormat });
  expect(decoded.report).toEqual({ samples: SAMPLES, isPartial: false });
  for (const note of TONES) expectNote(decoded, note);
});

test.each(['flac', 'wav', 'opus'])('stereo in opposite phase does not cancel out: %s', async (ending) => {
  const file = path(`opposite.${ending}`);
  ffmpeg(
    '-i',
    path('both.wav'),
    '-af',
    'pan=stereo|c0=c0|c1=-1*c0',
    '-c:a',
    { flac: 'flac', wav: 'pcm_s16le', opus: 'libopus' }[ending]!,
    file,
  );
  for (const more of [{}, { gstLaunchCommand: 'no-such-gst-launch' }]) {
    const decoded = await decode({ kind: 'file', path: file }, { ...options, ...more });
    for (const note of TONES) expectNote(decoded, note);
    expect(amplitude(decoded, 300, 0.6, 1.4)).toBeGreaterThan(0.28); // all of it
  }
});

test('ordinary stereo is its mean', async () => {
  const data = Buffer.alloc(64_000);
  for (let i = 0; i < 16_000; i += 1) {
    data.writeInt16LE(Math.round(8_000 * Math.sin(i / 9)), 4 * i);
    data.writeInt16LE(Math.round(8_000 * Math.sin(i / 5)), 4 * i + 2);
  }
  const decoded = await decode({ kind: 'bytes', bytes: wav({ channels: 2, data }) });
  const worst = decoded.samples.reduce((most, sample, i) => {
    const mean = (data.readInt16LE(4 * i) + data.readInt16LE(4 * i + 2)) / 65_536;
    return Math.max(most, Math.abs(sample - mean));
  }, 0);
  expect(worst).toBeLessThan(1e-6);
});
