import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Identification } from '../../../src/index.js';
import { ran } from '../program.js';
import { story } from '../speech.js';

const folder = mkdtempSync(join(tmpdir(), 'voice-prints-tracks-'));
const env = { VOICE_PRINTS_HOME: join(folder, 'store') };
const recording = join(folder, 'meeting.mkv');

/** As a screen recorder writes it: one person's microphone on the first track, the others on the second. */
beforeAll(async () => {
  const [mine, theirs] = [story(folder, 'slt', 2), story(folder, 'rms', 2)];
  const late = ['-filter_complex', '[1:a]adelay=10000[late]', '-map', '0:a', '-map', '[late]'];
  execFileSync('ffmpeg', ['-v', 'error', '-i', mine, '-i', theirs, ...late, '-c:a', 'libopus', recording]);
  for (const [id, voice] of [
    ['slate', 'slt'],
    ['rust', 'rms'],
  ] as const) {
    const files = [story(folder, voice, 0), story(folder, voice, 1)];
    expect(await ran(['enroll', id, ...files, '--quiet'], env)).toMatchObject({ exitCode: 0 });
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function identified(parameters: readonly string[]): Promise<string[]> {
  const { stdout, stderr, exitCode } = await ran(['identify', recording, ...parameters, '--json'], env);
  expect([exitCode, stderr]).toEqual([0, '']);
  const { segments, warnings } = JSON.parse(stdout) as Identification;
  expect(warnings).toEqual([]);
  return [...new Set(segments.map(({ speakerId }) => speakerId ?? 'nobody'))];
}

test.each([
  { name: 'both tracks are heard by default', parameters: [], people: ['slate', 'rust'] },
  { name: 'one track is chosen', parameters: ['--track', '2'], people: ['rust'] },
  { name: 'the channel of a track', parameters: ['--channel', '1'], people: ['slate'] },
  { name: 'each track is one person', parameters: ['--channel', 'each'], people: ['slate', 'rust'] },
])('$name', async ({ parameters, people }) => {
  expect(await identified(parameters)).toEqual(people);
});

test('a track that is not there, and a channel that is no number', async () => {
  const missing = await ran(['identify', recording, '--track', '3'], env);
  expect(missing).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('AUDIO_TRACK_NOT_FOUND') });
  const wrong = await ran(['identify', recording, '--channel', 'left'], env);
  expect(wrong).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(/--channel left/) });
});

test('enrolment uses one track only', async () => {
  const { exitCode, stdout } = await ran(['enroll', 'somebody', recording, '--track', '1', '--json'], env);
  expect(exitCode).toBe(1);
  expect(JSON.parse(stdout).error.message).toContain('sounds like slate');
});

test('the tracks of a recording on standard input can be people, too', async () => {
  const { stdout, exitCode } = await ran(
    ['identify', '-', '--channel', 'each', '--json'],
    env,
    readFileSync(recording),
  );
  expect(exitCode).toBe(0);
  const { segments } = JSON.parse(stdout) as Identification;
  expect(new Set(segments.map(({ speakerId }) => speakerId))).toEqual(new Set(['slate', 'rust']));
});
