import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '../../support/until.js';
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

test('an error is one line, with events as lines for people too', async () => {
  const { exitCode, stderr } = await ran(['watch', 'nowhere.wav'], env);
  expect([exitCode, stderr]).toEqual([1, expect.stringMatching(/^connecting\nended\nFILE_NOT_FOUND: .+; .+\n$/)]);
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

/** Speech of an address of this machine, in datagrams of 32 ms, as fast as a device hears it. */
async function satellite(address: string, port: number, wav: string, signal: AbortSignal): Promise<void> {
  const samples = readFileSync(wav).subarray(44);
  const socket = createSocket('udp4').bind(0, address);
  await once(socket, 'listening');
  const started = performance.now();
  for (let at = 0; !signal.aborted; at += 1_024) {
    await setTimeout(Math.max(0, started + at / 32 - performance.now()));
    const start = at % samples.length;
    socket.send(samples.subarray(start, Math.min(start + 1_024, samples.length)), port, '127.0.0.1');
  }
  socket.close();
}

test('voice satellites on one UDP port: each sender has a session and a site of its own', async () => {
  const free = createSocket('udp4').bind(0, '127.0.0.1');
  await once(free, 'listening');
  const { port } = free.address();
  free.close();
  const program = started(['watch', `udp:127.0.0.1:${port}`, '--json', '--final', '--site', 'home'], env);
  const over = ended(program);
  const stop = new AbortController();
  const devices = [
    satellite('127.0.0.2', port, join(folder, '1.wav'), stop.signal),
    satellite('127.0.0.3', port, join(folder, '2.wav'), stop.signal),
  ];
  let text = '';
  program.stdout!.on('data', (piece: string) => {
    text += piece;
  });
  const named = () =>
    new Map(
      text
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Record<string, unknown>)
        .filter(({ event_type }) => event_type === 'identified' || event_type === 'unknown')
        .map((event) => [event.site, event]),
    );
  await until(() => named().size === 2);
  stop.abort();
  await Promise.all(devices);
  program.kill('SIGINT');
  await over;
  const [slate, other] = ['home-127.0.0.2', 'home-127.0.0.3'].map((site) => named().get(site));
  expect(slate).toMatchObject({ event_type: 'identified', speaker_id: 'slate' });
  expect(other).toMatchObject({ event_type: 'unknown', speaker_id: null });
  expect(slate!.session_id).not.toBe(other!.session_id);
});
