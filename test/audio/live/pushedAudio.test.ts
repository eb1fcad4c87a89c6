import { expect, test } from 'vitest';
import { PushedAudio } from '../../../src/audio/live/pushedAudio.js';
import type { AudioFrame } from '../../../src/core/audioFrame.js';
import { glideAt, inPieces, likeness } from '../glide.js';
import { wav } from '../wavFile.js';
import { hear, statuses } from './heard.js';
import { mulaw } from './mulaw.js';
import { s16Bytes as s16 } from './song.js';

const PIECES = [1, 159, 320, 4_096, 1_000_000];

test.each(PIECES)('16 kHz in pieces of %i bytes comes out as it went in', async (size) => {
  const samples = glideAt(16_000, 0.5);
  const pushed = new PushedAudio({ encoding: 's16le', sampleRateHz: 16_000, channels: 1 });
  for await (const piece of inPieces(s16(samples), size)) pushed.push(piece);
  pushed.end();
  const heard = await hear(pushed);
  expect(heard.runs).toEqual([[0, 8_000]]);
  expect(largestDifference(heard.samples, samples)).toBeLessThan(2 / 32_768);
  expect(statuses(heard)).toEqual(['connecting', 'open', 'ended']);
  expect(pushed.isNarrowBand).toBe(false);
});

test.each([8_000, 44_100, 48_000])('%i Hz: where pieces meet there is no click', async (rateHz) => {
  const bytes = s16(glideAt(rateHz));
  const whole = new PushedAudio({ encoding: 's16le', sampleRateHz: rateHz, channels: 1 });
  whole.push(bytes);
  whole.end();
  const cut = new PushedAudio({ encoding: 's16le', sampleRateHz: rateHz, channels: 1 });
  for await (const piece of inPieces(bytes, 333)) cut.push(piece);
  cut.end();
  const { samples } = await hear(cut);
  expect(largestDifference(samples, (await hear(whole)).samples)).toBe(0);
  expect(samples.length).toBe(32_000);
  const { correlation, lag } = likeness(samples, glideAt(16_000));
  expect(correlation).toBeGreaterThan(0.999);
  expect(lag).toBe(0);
});

test('mu-law of a telephone is narrow-band', async () => {
  const pushed = new PushedAudio({ encoding: 'mulaw', sampleRateHz: 8_000, channels: 1 });
  pushed.push(Uint8Array.from(glideAt(8_000), mulaw));
  pushed.end();
  const { samples } = await hear(pushed);
  expect(pushed.isNarrowBand).toBe(true);
  expect(likeness(samples, glideAt(16_000)).correlation).toBeGreaterThan(0.99);
});

test('a gap moves the time line and loses nothing around it', async () => {
  const pushed = new PushedAudio({ encoding: 's16le', sampleRateHz: 8_000, channels: 1 });
  const second = s16(glideAt(8_000, 1));
  pushed.push(second);
  pushed.gap(250);
  pushed.push(second);
  pushed.end();
  expect((await hear(pushed)).runs).toEqual([
    [0, 16_000],
    [20_000, 16_000],
  ]);
});

test('WAV pieces with headers of their own make one stream without a seam', async () => {
  const samples = glideAt(16_000);
  const pushed = new PushedAudio({});
  for (let at = 0; at < samples.length; at += 1_600) {
    pushed.push(wav({ data: s16(samples.subarray(at, at + 1_600)), rateHz: 16_000 }));
  }
  pushed.push(wav({ data: s16(glideAt(44_100, 1)), rateHz: 44_100 }));
  pushed.end();
  const heard = await hear(pushed);
  expect(heard.runs).toEqual([[0, 48_000]]);
  expect(largestDifference(heard.samples.subarray(0, 32_000), samples)).toBeLessThan(2 / 32_768);
});

test('one WAV in many pieces', async () => {
  const samples = glideAt(16_000);
  const pushed = new PushedAudio({});
  for await (const piece of inPieces(wav({ data: s16(samples), rateHz: 16_000 }), 1_000)) pushed.push(piece);
  pushed.end();
  expect((await hear(pushed)).runs).toEqual([[0, 32_000]]);
});

test('a slow listener loses the oldest audio, and gets the amount', async () => {
  const pushed = new PushedAudio({ encoding: 's16le', sampleRateHz: 16_000, channels: 1, bufferMs: 500 });
  pushed.push(s16(glideAt(16_000)));
  expect(pushed.bufferedMs).toBeLessThanOrEqual(500);
  pushed.end();
  const heard = await hear(pushed);
  const kept = heard.runs.reduce((sum, [, samples]) => sum + samples, 0);
  expect(heard.droppedSamples + kept).toBe(32_000);
  expect(heard.runs.at(-1)).toEqual([heard.droppedSamples, kept]);
  expect(statuses(heard)).toEqual(['open', 'ended']);
});

test.each([
  { name: 'bytes of no known format', bytes: Buffer.from('hello there, this'), code: 'AUDIO_FORMAT_MISSING' },
  { name: 'a WAV that ends in its header', bytes: wav({}).subarray(0, 30), code: 'AUDIO_CORRUPT' },
])('$name is refused, and the stream goes on', async ({ bytes, code }) => {
  const pushed = new PushedAudio({});
  expect(() => pushed.push(bytes)).toThrow(expect.objectContaining({ code }));
  pushed.push(wav({ data: s16(glideAt(16_000, 1)), rateHz: 16_000 }));
  pushed.end();
  expect((await hear(pushed)).runs).toEqual([[0, 16_000]]);
});

test('an impossible format is refused at once', () => {
  const make = (sampleRateHz: number, channels: number) => () =>
    new PushedAudio({ encoding: 's16le', sampleRateHz, channels });
  expect(make(100, 1)).toThrow(expect.objectContaining({ code: 'AUDIO_RATE_INVALID' }));
  expect(make(16_000, 0)).toThrow(expect.objectContaining({ code: 'AUDIO_CHANNELS_INVALID' }));
});

test('an abort ends a waiting listener; frames are yielded while audio comes', async () => {
  const stop = new AbortController();
  const pushed = new PushedAudio({ encoding: 's16le', sampleRateHz: 16_000, channels: 1, signal: stop.signal });
  const frames: AudioFrame[] = [];
  const listening = hear(pushed, (item) => {
    if (item.type === 'audio') frames.push(item.frame);
    return false;
  });
  const beforeMs = Date.now();
  pushed.push(s16(glideAt(16_000, 0.1)));
  const afterMs = Date.now();
  await new Promise(setImmediate);
  expect(frames.map((frame) => frame.samples.length)).toEqual([1_600]);
  expect(pushed.startedAtMs).toBeGreaterThanOrEqual(beforeMs - 100); // it began by so much before it came
  expect(pushed.startedAtMs).toBeLessThanOrEqual(afterMs - 100);
  stop.abort();
  expect(statuses(await listening)).toEqual(['connecting', 'open', 'ended']);
});

function largestDifference(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length);
  let largest = 0;
  a.forEach((sample, i) => {
    largest = Math.max(largest, Math.abs(sample - b[i]!));
  });
  return largest;
}
