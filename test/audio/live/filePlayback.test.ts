import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openLive } from '../../../src/audio/live/openLive.js';
import { inPieces, temporaryFolder } from '../glide.js';
import { wav } from '../wavFile.js';
import { hear, statuses } from './heard.js';
import { Listener } from './listen.js';
import { alignmentOf, s16Bytes, song } from './song.js';

const folder = temporaryFolder();
const never = new AbortController().signal;
const shortFile = join(folder, 'short.wav');
writeFileSync(shortFile, wav({ data: s16Bytes(song.subarray(0, 8_000)), rateHz: 16_000 }));

/** But for the rounding to 16 bits. */
const isAsPlayed = (samples: Float32Array): boolean =>
  samples.every((sample, i) => Math.abs(sample - song[i]!) < 2 / 32_768);

test('a file comes at the pace of the clock, as it is, and then is over', async () => {
  const startedMs = performance.now();
  const audio = openLive({ kind: 'file', path: shortFile }, { signal: never });
  const heard = await hear(audio);
  expect(performance.now() - startedMs).toBeGreaterThanOrEqual(490); // no sooner than it lasts
  expect(heard.runs).toEqual([[0, 8_000]]);
  expect(statuses(heard)).toEqual(['connecting', 'open', 'ended']);
  expect(heard.states.at(-1)?.code).toBeUndefined();
  expect(isAsPlayed(heard.samples)).toBe(true);
  expect(audio.isNarrowBand).toBe(false);
  expect(Date.now() - audio.startedAtMs!).toBeGreaterThanOrEqual(490);
});

test('looped, it goes on without a seam on the time line', async () => {
  await using listener = new Listener({ kind: 'file', path: shortFile, isLooped: true });
  const heard = await listener.more(1.2);
  expect(heard.runs).toHaveLength(1);
  const { offset } = alignmentOf(heard.samples, 8_000 + 1_600, 8_000 + 3_200);
  expect(offset).toBe(-8_000);
});

test.each([
  { name: 'a file that is not there', path: join(folder, 'none.wav'), code: 'FILE_NOT_FOUND' },
  { name: 'a file that is no audio', path: new URL(import.meta.url).pathname, code: 'AUDIO_NOT_AUDIO' },
])('$name ends the source: $code', async ({ path, code }) => {
  const heard = await hear(openLive({ kind: 'file', path }, { signal: never }));
  // The owner of the machine is told which file was tried.
  const message = code === 'FILE_NOT_FOUND' ? expect.stringContaining(path) : expect.any(String);
  expect(heard.states.at(-1)).toMatchObject({ status: 'ended', code, message });
});

test('an abort ends a source that waits', async () => {
  const stop = new AbortController();
  const audio = openLive({ kind: 'file', path: shortFile, isLooped: true }, { signal: stop.signal });
  const heard = await hear(audio, (item) => {
    if (item.type === 'audio') stop.abort();
    return false;
  });
  expect(statuses(heard)).toEqual(['connecting', 'open', 'ended']);
});

test('leaving the loop is enough', async () => {
  const heard = await hear(openLive({ kind: 'file', path: shortFile, isLooped: true }, { signal: never }), (item) => {
    return item.type === 'audio';
  });
  expect(heard.samples.length).toBe(1_600);
});

test.each([
  { name: 'raw', bytes: s16Bytes(song), size: 1_001 },
  { name: 'WAV', bytes: wav({ data: s16Bytes(song), rateHz: 16_000 }), size: 30 },
  { name: 'WAV as fast as it can', bytes: wav({ data: s16Bytes(song), rateHz: 16_000 }), size: 65_536 },
])('standard input: $name', async ({ bytes, size }) => {
  const audio = openLive({ kind: 'stdin' }, { signal: never, stdin: inPieces(bytes, size) });
  const heard = await hear(audio);
  expect(heard.runs).toEqual([[0, song.length]]);
  expect(heard.droppedSamples).toBe(0);
  expect(isAsPlayed(heard.samples)).toBe(true);
});
