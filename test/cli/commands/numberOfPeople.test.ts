import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Identification } from '../../../src/index.js';
import { ran } from '../program.js';
import { story, type Voice } from '../speech.js';

const folder = mkdtempSync(join(tmpdir(), 'voice-prints-people-'));
const env = { VOICE_PRINTS_HOME: join(folder, 'store') };
const conversation = join(folder, 'conversation.wav');

/** Real speech, nobody enrolled: two people on the telephone, and a woman and a man who act emotions. */
const cases = resolve(fileURLToPath(new URL('../../../../shared/cases/field', import.meta.url)));
const hasCases = existsSync(join(cases, 'two-voices-telephone.opus'));
if (!hasCases) console.warn('--speaker-count on real voices: skipped, ../shared/cases/field is not there');

beforeAll(() => {
  const turns = (['slt', 'rms', 'kal16'] satisfies Voice[]).map((voice) => story(folder, voice, 0));
  execFileSync('sox', [...turns, conversation]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function voices(file: string, options: readonly string[]): Promise<number> {
  const { stdout, stderr, exitCode } = await ran(['identify', file, ...options, '--json', '--quiet'], env);
  expect([exitCode, stderr]).toEqual([0, '']);
  return new Set((JSON.parse(stdout) as Identification).segments.map(({ cluster }) => cluster)).size;
}

test.each([
  { options: [], expected: 3 },
  { options: ['--speaker-count', '2'], expected: 2 },
  { options: ['--max-speakers', '1'], expected: 1 },
  { options: ['--max-speakers', '5'], expected: 3 },
])('identify with $options finds $expected of three voices', async ({ options, expected }) => {
  expect(await voices(conversation, options)).toBe(expected);
});

describe.skipIf(!hasCases)('real voices', () => {
  test.each([
    { file: 'two-voices-telephone.opus', options: [], expected: 2 },
    { file: 'two-voices-telephone.opus', options: ['--max-speakers', '1'], expected: 1 },
    { file: 'two-voices-expressive-1.opus', options: ['--speaker-count', '2'], expected: 2 },
  ])('$file with $options: $expected', async ({ file, options, expected }) => {
    expect(await voices(join(cases, file), options)).toBe(expected);
  });
});

test.each([
  { options: ['--speaker-count', '0'], says: '--speaker-count' },
  { options: ['--speaker-count', '101'], says: '--speaker-count' },
  { options: ['--max-speakers', '1.5'], says: '--max-speakers' },
  { options: ['--max-speakers', '2', '--speaker-count', '2'], says: 'exclude each other' },
])('identify with $options is a usage error', async ({ options, says }) => {
  const { exitCode, stderr } = await ran(['identify', conversation, ...options], env);
  expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringContaining(says) });
});
