import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openRecording } from '../../src/audio/openRecording.js';

const LIMITS = { maxBytes: 2 ** 24, maxDurationMs: 60_000, maxDecodeMs: 60_000 };
const folder = mkdtempSync(join(tmpdir(), 'voice-prints-channels-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Two seconds: 300 Hz on the first channel, 1,000 Hz on the second. */
beforeAll(() => {
  const wav = join(folder, 'two.wav');
  execFileSync('sox', ['-n', '-r', '22050', '-c', '2', '-b', '16', wav, 'synth', '2', 'sine', '300', 'sine', '1000']);
  execFileSync('flac', ['--silent', '-o', join(folder, 'two.flac'), wav]);
});

/** Hertz of a sine, by its rising zero crossings. */
async function hertz(file: string, channel: number, gstLaunchCommand?: string): Promise<number> {
  const options = gstLaunchCommand === undefined ? {} : { gstLaunchCommand };
  const source = { kind: 'file', path: join(folder, file), channel } as const;
  await using recording = await openRecording(source, LIMITS, new AbortController().signal, options);
  let crossings = 0;
  let samples = 0;
  let last = 0;
  for await (const frame of recording.frames()) {
    for (const sample of frame.samples) {
      if (last < 0 && sample >= 0) crossings += 1;
      last = sample;
    }
    samples += frame.samples.length;
  }
  return (crossings * 16_000) / samples;
}

test.each([
  { name: 'WAV', file: 'two.wav', command: undefined },
  { name: 'FLAC by GStreamer', file: 'two.flac', command: undefined },
  { name: 'FLAC by WebAssembly', file: 'two.flac', command: 'no-such-gst-launch' },
])('one channel is taken alone: $name', async ({ file, command }) => {
  for (const [channel, pitch] of [300, 1000].entries()) {
    expect(Math.abs((await hertz(file, channel + 1, command)) - pitch)).toBeLessThan(3);
  }
});
