import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ended, ran, started } from '../program.js';
import { spoken, story } from '../speech.js';

const folder = mkdtempSync(join(tmpdir(), 'voice-prints-watch-'));
const env = { VOICE_PRINTS_HOME: join(folder, 'store') };
const talk = join(folder, 'talk.wav');

beforeAll(async () => {
  const turns = [
    spoken(join(folder, '1.wav'), 'slt', 'Good morning, the mail has come early today, and there is a parcel for you.'),
    spoken(
      join(folder, '2.wav'),
      'kal16',
      'It came by boat, and it is heavier than it looks, so please open it inside.',
    ),
  ];
  expect(spawnSync('sox', [...turns, talk]).status, 'sox joins the turns').toBe(0);
  const files = ([0, 1] as const).map((number) => story(folder, 'slt', number));
  expect(await ran(['enroll', 'slate', ...files, '--name', 'Slate', '--json'], env)).toMatchObject({ exitCode: 0 });
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const eventsOf = (stdout: string) =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

test('a file is printed event by event in real time: tentative events first, then the final ones', async () => {
  const { exitCode, stdout, stderr } = await ran(['watch', talk, '--json', '--site', 'door'], env);
  expect([exitCode, stderr]).toEqual([0, '']);
  const events = eventsOf(stdout);
  expect(events.every(({ site }) => site === 'door')).toBe(true);
  expect(events.find((event) => event.event_type === 'stream')).toMatchObject({ status: 'connecting' });
  expect(events.at(-1)).toMatchObject({ event_type: 'stream', status: 'ended' });
  const finals = events.filter((event) => event.event_type === 'identified' || event.event_type === 'unknown');
  expect(finals.map(({ speaker_id, cluster }) => speaker_id ?? cluster)).toEqual(['slate', 'unknown-1']);
  const [slate] = finals;
  const guess = events.findIndex((event) => event.event_type === 'tentative' && event.speaker_id === 'slate');
  expect(guess).toBeGreaterThan(0);
  expect(guess).toBeLessThan(events.indexOf(slate!));
  expect(events[guess]!.turn_id).toBe(slate!.turn_id);
});

test('samples on standard input, as lines for people', async () => {
  const raw = spawnSync('sox', [talk, '-t', 'raw', '-e', 'mu-law', '-r', '8000', '-']).stdout;
  const argv = ['watch', '-', '--encoding', 'mulaw', '--quiet', '--final'];
  const { exitCode, stdout, stderr } = await ran(argv, env, raw);
  expect([exitCode, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/^0:0\d\.\d–0:0\d\.\d {2}(unknown-\d+ \()?Slate/);
});

test.each([
  { name: 'a file that is not there', argv: ['nowhere.wav'], exitCode: 1, code: 'FILE_NOT_FOUND' },
  { name: 'a file that is no audio', argv: ['package.json'], exitCode: 1, code: 'AUDIO_NOT_AUDIO' },
  { name: 'an address of another kind', argv: ['gopher://camera/stream'], exitCode: 1, code: 'INPUT_INVALID' },
  { name: 'somebody nobody knows', argv: [talk, '--speakers', 'nobody'], exitCode: 1, code: 'SPEAKER_NOT_FOUND' },
  { name: 'a format for a camera', argv: ['rtsp://camera/1', '--encoding', 's16le'], exitCode: 2, code: 'USAGE' },
])('$name ends with $code', async ({ argv, exitCode, code }) => {
  const answer = await ran(['watch', ...argv, '--json'], env);
  expect(answer.exitCode).toBe(exitCode);
  expect(answer.stderr).toMatch(new RegExp(`^${code}: .+; .+\n$`));
  expect(eventsOf(answer.stdout).at(-1)).toMatchObject({ error: { code } });
});

test('Ctrl-C is how one stops watching', async () => {
  const child = started(['watch', '-', '--json'], env);
  const end = ended(child);
  child.stdin!.write(readFileSync(talk).subarray(0, 64_000)); // a WAV header may stand in front; the pipe stays open
  await new Promise((resolve) => child.stdout!.once('data', resolve));
  child.kill('SIGINT');
  expect(await end).toMatchObject({ exitCode: 0, stderr: '' });
});
