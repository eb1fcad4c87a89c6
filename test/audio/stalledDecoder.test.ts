import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { DecoderChild } from '../../src/audio/decoding/decoderChild.js';
import { WatchedOutput } from '../../src/audio/decoding/watchedOutput.js';
import { decode, expectNothingLeft, failure, never, temporaryFolder } from './glide.js';
import { expectNote, ffmpeg, tones } from './mediaFiles.js';

const media = temporaryFolder();
const folder = temporaryFolder();
expectNothingLeft(folder);
afterEach(() => void vi.useRealTimers());

/** GStreamer, whose first start stands still `where`. */
function stalling(where: 'before' | 'after'): string {
  const command = join(media, `gst-${where}`);
  const once = `if mkdir '${command}.once' 2>/dev/null; then`;
  const still = where === 'before' ? 'exec sleep 600' : 'gst-launch-1.0 "$@"; exec sleep 600';
  writeFileSync(command, `#!/bin/sh\n${once}\n${still}\nfi\nexec gst-launch-1.0 "$@"\n`);
  chmodSync(command, 0o755);
  return command;
}

test.each(['before', 'after'] as const)(
  'a decoder that stands still %s the sound is ended, and nothing is lost',
  async (where) => {
    const note = { hertz: 300, from: 0.5, to: 1.5 };
    ffmpeg('-i', tones(media, 'note.wav', 2, [note]), '-y', '-c:a', 'aac', join(media, 'note.m4a'));
    const options = { temporaryFolder: folder, gstLaunchCommand: stalling(where) };
    const decoded = await decode({ kind: 'file', path: join(media, 'note.m4a') }, options);
    expectNote(decoded, note);
    expect(decoded.report.isPartial).toBe(false);
  },
);

test('one that stands still after it complained is judged by what it said', async () => {
  const command = join(media, 'gst-complaining');
  writeFileSync(command, '#!/bin/sh\ngst-launch-1.0 "$@"\nexec sleep 600\n');
  chmodSync(command, 0o755);
  ffmpeg(
    '-i',
    tones(media, 'short.wav', 1, [{ hertz: 300, from: 0, to: 1 }]),
    '-y',
    '-c:a',
    'flac',
    join(media, 'short.flac'),
  );
  const bytes = readFileSync(join(media, 'short.flac')).subarray(0, 60);
  const error = await failure({ kind: 'bytes', bytes }, { temporaryFolder: folder, gstLaunchCommand: command });
  expect(error.code).toBe('AUDIO_CORRUPT');
});

const start = async (command: string) => (await DecoderChild.start(command, [], {}, undefined))!;

test('a child that waits for a slow source is left alone', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  await using child = await start('cat');
  let deliver = () => {};
  const isDue = new Promise<void>((resolve) => {
    deliver = resolve;
  });
  const slow = async function* () {
    yield Buffer.from('first');
    await isDue;
    yield Buffer.from('last');
  };
  const fed = child.feed(slow(), never());
  const output = new WatchedOutput(child, never());
  const pieces = output[Symbol.asyncIterator]();
  expect(String((await pieces.next()).value)).toBe('first');
  const next = pieces.next();
  vi.advanceTimersByTime(60_000);
  deliver();
  expect(String((await next).value)).toBe('last');
  await fed;
  expect((await pieces.next()).done).toBe(true);
  expect(output.isStalled).toBe(false);
  expect(child.hasAllInput).toBe(true);
});

test('one that reads no further is ended, and what it did not read is known to be left', async () => {
  const command = join(media, 'gst-choking');
  writeFileSync(command, '#!/bin/sh\nhead -c 6400 /dev/zero\nexec sleep 600\n');
  chmodSync(command, 0o755);
  ffmpeg(
    '-i',
    tones(media, 'long.wav', 60, [{ hertz: 300, from: 0, to: 60 }]),
    '-c:a',
    'libmp3lame',
    join(media, 'long.mp3'),
  );
  const bytes = readFileSync(join(media, 'long.mp3'));
  const { report } = await decode({ kind: 'bytes', bytes }, { temporaryFolder: folder, gstLaunchCommand: command });
  expect(report.isPartial).toBe(true);
});

test('a child that was given everything and does nothing is ended', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const idle = join(media, 'idle');
  writeFileSync(idle, '#!/bin/sh\nexec sleep 600\n');
  chmodSync(idle, 0o755);
  await using child = await start(idle);
  await child.feed(
    (async function* () {
      yield Buffer.from('everything');
    })(),
    never(),
  );
  const output = new WatchedOutput(child, never());
  const next = output[Symbol.asyncIterator]().next();
  await vi.waitFor(
    () => {
      vi.advanceTimersByTime(10_000);
      expect(output.isStalled).toBe(true);
    },
    { timeout: 240_000 },
  );
  expect((await next).done).toBe(true);
});

test('where the system does not tell processor time, no child is judged by it', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  await using child = await start('cat');
  vi.spyOn(child, 'processorTicks').mockReturnValue(undefined);
  const output = new WatchedOutput(child, never());
  const next = output[Symbol.asyncIterator]().next();
  vi.advanceTimersByTime(60_000);
  await child.feed(
    (async function* () {
      yield Buffer.from('late');
    })(),
    never(),
  );
  expect(String((await next).value)).toBe('late');
  expect(output.isStalled).toBe(false);
});
