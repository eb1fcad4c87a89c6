import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ended, ran, started } from '../program.js';
import { spoken, story } from '../speech.js';
import { typed } from '../terminal.js';

const folder = mkdtempSync(join(tmpdir(), 'voice-prints-cli-'));
const store = join(folder, 'store');
const env = { VOICE_PRINTS_HOME: store };
const conversation = join(folder, 'talk at the door.wav');

/** Slate and Rust are enrolled; Kal is the visitor. Ends of turns are where sox joined the files. */
beforeAll(async () => {
  const turns = [
    spoken(
      join(folder, 'turn-1.wav'),
      'slt',
      'Good morning, the mail has come early today, and there is a parcel for the lighthouse.',
    ),
    spoken(
      join(folder, 'turn-2.wav'),
      'kal16',
      'It came by boat, and it is heavier than it looks, so please open it indoors.',
    ),
    spoken(
      join(folder, 'turn-3.wav'),
      'rms',
      'Put it on the kitchen table, next to the barometer, and mind the goat on your way in.',
    ),
    spoken(
      join(folder, 'turn-4.wav'),
      'slt',
      'The goat has read the label already, and I am afraid that she has eaten half of it.',
    ),
  ];
  expect(spawnSync('sox', [...turns, conversation]).status, 'sox joins the turns').toBe(0);
  for (const [id, name, voice] of [
    ['slate', 'Slate', 'slt'],
    ['rust', 'Rust', 'rms'],
  ] as const) {
    const files = ([0, 1] as const).map((number) => story(folder, voice, number));
    const answer = await ran(['enroll', id, ...files, '--name', name, '--consent', 'synthetic', '--json'], env);
    expect(answer, `enrolling ${id}`).toMatchObject({ exitCode: 0, stderr: '' });
    const { samples, ...result } = JSON.parse(answer.stdout);
    expect(result).toMatchObject({
      speakerId: id,
      status: 'complete',
      quality: expect.stringMatching(/^(poor|average|good|high)$/),
    });
    expect(result.speechSeconds).toBeGreaterThan(12);
    expect(samples.map((sample: { file: string }) => sample.file)).toEqual(files);
    expect(samples.every((sample: { accepted: boolean }) => sample.accepted)).toBe(true);
  }
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Segment {
  readonly speakerId: string | null;
  readonly cluster: string | null;
  readonly start: number;
  readonly end: number;
  readonly decision: string;
}

/** Voices in order of their turns, neighbours of one voice taken together. */
const voices = (segments: readonly Segment[]) =>
  segments.map(({ speakerId, cluster }) => speakerId ?? cluster).filter((voice, i, all) => voice !== all[i - 1]);

describe('identify', () => {
  test('names who is enrolled, keeps the visitor apart, and writes RTTM, subtitles and a drawing', async () => {
    const [rttm, srt, svg] = ['turns.rttm', 'turns.srt', 'turns.svg'].map((name) => join(folder, name));
    const { exitCode, stdout } = await ran(
      ['identify', conversation, '--rttm', rttm!, '--srt', srt!, '--svg', svg!, '--json'],
      env,
    );
    expect(exitCode).toBe(0);
    const result = JSON.parse(stdout);
    expect(result).toMatchObject({ durationSeconds: expect.any(Number), model: expect.any(String) });
    expect(voices(result.segments)).toEqual(['slate', 'unknown-1', 'rust', 'slate']);
    for (const segment of result.segments) {
      expect(segment).toMatchObject({
        score: expect.any(Number),
        margin: expect.any(Number),
        overlap: expect.any(Boolean),
      });
      expect(segment.end).toBeGreaterThan(segment.start);
    }
    const lines = readFileSync(rttm!, 'utf8').trim().split('\n');
    expect(lines).toHaveLength(result.segments.length);
    expect(lines[0]).toMatch(/^SPEAKER talk_at_the_door 1 \d+\.\d{3} \d+\.\d{3} <NA> <NA> slate <NA> <NA>$/);
    expect(readFileSync(srt!, 'utf8')).toMatch(/^1\n00:00:0\d,\d{3} --> 00:00:0\d,\d{3}\nSlate\n\n/);
    const drawing = readFileSync(svg!, 'utf8');
    expect(drawing.match(/<g><title>/g)).toHaveLength(result.segments.length);
    expect(drawing).toContain('>unknown-1</text>');
  });

  test('prints a table for people, and remarks only on standard error', async () => {
    const { exitCode, stdout } = await ran(['identify', conversation], env);
    expect(exitCode).toBe(0);
    expect(stdout.split('\n')[0]).toMatch(/^0:0\d\.\d–0:0\d\.\d +Slate +\d+ %/);
    expect(stdout).toMatch(/^\d+:\d\d\.\d in all: /m);
  });

  test('--speakers narrows the choice: the others become unknown', async () => {
    const { exitCode, stdout } = await ran(['identify', conversation, '--speakers', 'rust', '--json'], env);
    expect(exitCode, stdout).toBe(0);
    const known = JSON.parse(stdout).segments.flatMap((segment: Segment) => segment.speakerId ?? []);
    expect(new Set(known)).toEqual(new Set(['rust']));
  });

  test('reads a whole file, and headerless samples, from standard input', async () => {
    const bytes = readFileSync(conversation);
    const whole = await ran(['identify', '-', '--json'], env, bytes);
    // sox writes 44 bytes of header before the samples.
    const raw = await ran(
      ['identify', '-', '--encoding', 's16le', '--rate', '16000', '--json'],
      env,
      bytes.subarray(44),
    );
    const named = await ran(['identify', conversation, '--json'], env);
    expect(JSON.parse(whole.stdout)).toEqual(JSON.parse(named.stdout));
    expect(voices(JSON.parse(raw.stdout).segments)).toEqual(voices(JSON.parse(named.stdout).segments));
  });

  test.each([{ name: 'nobody of that id', ids: 'slate,nobody', code: 'SPEAKER_NOT_FOUND' }])(
    'refuses --speakers with $name',
    async ({ ids, code }) => {
      const { exitCode, stdout } = await ran(['identify', conversation, '--speakers', ids, '--json'], env);
      expect(exitCode).toBe(1);
      expect(JSON.parse(stdout).error).toMatchObject({ code });
    },
  );

  test('an unwritable file is reported after the work, without a partial file', async () => {
    const { exitCode, stderr } = await ran(
      ['identify', conversation, '--rttm', join(folder, 'no', 'such', 'a.rttm')],
      env,
    );
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^FILE_UNWRITABLE: /m);
  });

  test('Ctrl-C ends it with 130 and leaves no temporary file beside the store', async () => {
    const child = started(['identify', '-', '--encoding', 's16le'], env);
    child.stdin!.on('error', () => undefined); // the program closes it when it ends
    // Flushed means read by the program, all but what a pipe holds: it is at work.
    child.stdin!.write(Buffer.alloc(1_000_000), () => child.kill('SIGINT'));
    const { exitCode, stdout, stderr } = await ended(child);
    expect({ exitCode, stdout }).toEqual({ exitCode: 130, stdout: '' });
    expect(stderr).toMatch(/^ABORTED: [^\n]+\n$/);
    expect(readdirSync(store).filter((name) => /tmp|part|lock/.test(name))).toEqual([]);
  });
});

describe('enroll', () => {
  test('of several files those that cannot be used are named, the others kept, and the exit code is 1', async () => {
    const store = join(folder, 'partly');
    const missing = join(folder, 'missing.wav');
    const files = [story(folder, 'awb', 0), missing];
    const { exitCode, stdout, stderr } = await typed(['enroll', 'partly', ...files, '--store', store, '--json'], env);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^ENROLL_REFUSED: 1 of 2 samples were not used, the others are stored; .*missing\.wav: /m);
    const { error, ...result } = JSON.parse(stdout);
    expect(error).toMatchObject({ code: 'ENROLL_REFUSED', details: { speakerId: 'partly' } });
    expect(result.samples.map(({ accepted }: { accepted: boolean }) => accepted)).toEqual([true, false]);
    expect(JSON.parse((await typed(['speakers', 'show', 'partly', '--store', store, '--json'])).stdout).samples).toBe(
      1,
    );
  });

  test('too little speech is refused: exit 1, the reason and the remedy, nothing stored', async () => {
    const short = spoken(join(folder, 'short.wav'), 'awb', 'Hello, it is me.');
    const { exitCode, stdout, stderr } = await typed(['enroll', 'short', short, '--json'], env);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^ENROLL_REFUSED: .*TOO_LITTLE_SPEECH/);
    expect(JSON.parse(stdout).error).toMatchObject({ code: 'ENROLL_REFUSED', details: { speakerId: 'short' } });
    expect((await typed(['speakers', 'show', 'short'], env)).exitCode).toBe(1);
  });

  test('samples add up until the voiceprint is complete', async () => {
    const first = await typed(['enroll', 'slowly', story(folder, 'awb', 0), '--json'], env);
    expect(JSON.parse(first.stdout).status).toBe('accepted');
    const early = await typed(['identify', conversation, '--speakers', 'slowly', '--json'], env);
    // Compared already, with the certainty that its few seconds allow.
    expect(JSON.parse(early.stdout)).toMatchObject({ segments: expect.any(Array) });
    expect(early.exitCode).toBe(0);
    const second = await typed(['enroll', 'slowly', story(folder, 'awb', 1), '--json'], env);
    expect(JSON.parse(second.stdout)).toMatchObject({ status: 'complete', name: 'slowly' });
    expect(await typed(['speakers', 'delete', 'slowly'], env)).toMatchObject({ exitCode: 0 });
  });
});

/** Files of a store, but the one that is meant to say who did what to whom. */
const filesBut = (folder: string, name: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((found) =>
    !found.isFile() || found.name === name ? [] : [join(found.parentPath, found.name)],
  );

describe('speakers', () => {
  test('list and show print everything but the voiceprint', async () => {
    const list = await typed(['speakers', 'list', '--json'], env);
    const people = JSON.parse(list.stdout);
    expect(people.map((person: { speakerId: string }) => person.speakerId)).toEqual(['rust', 'slate']);
    const { stdout } = await typed(['speakers', 'show', 'slate', '--json'], env);
    const slate = JSON.parse(stdout);
    expect(slate).toMatchObject({ name: 'Slate', isComplete: true, samples: 2, consent: { text: 'synthetic' } });
    // An embedding is a list of numbers: there is none anywhere.
    expect(stdout).not.toMatch(/\[[-\d]/);
    const table = await typed(['speakers', 'list'], env);
    expect(table.stdout).toMatch(/^ID +NAME +STATE/);
  });

  test('rename changes the name and keeps the id', async () => {
    const { stdout } = await typed(['speakers', 'rename', 'rust', 'Old Rust', '--json'], env);
    expect(JSON.parse(stdout)).toMatchObject({ speakerId: 'rust', name: 'Old Rust' });
    expect((await typed(['speakers', 'rename', 'rust', 'Rust'], env)).exitCode).toBe(0);
  });

  test('export and import move people to another store; a wrong passphrase opens nothing', async () => {
    const file = join(folder, 'voices.vpx');
    const other = join(folder, 'other');
    const secret = { VOICE_PRINTS_PASSPHRASE: 'four words of ours' };
    const out = await typed(['speakers', 'export', file, '--json'], { ...env, ...secret });
    expect(JSON.parse(out.stdout)).toEqual({ file, bytes: statSync(file).size });
    expect(statSync(file).mode & 0o077).toBe(0);
    expect(readFileSync(file, 'latin1')).not.toContain('Slate');
    const wrong = await typed(['speakers', 'import', file, '--store', other, '--json'], {
      VOICE_PRINTS_PASSPHRASE: 'other words',
    });
    expect({ exitCode: wrong.exitCode, code: JSON.parse(wrong.stdout).error.code }).toEqual({
      exitCode: 1,
      code: 'REGISTRY_KEY_WRONG',
    });
    const into = await typed(['speakers', 'import', file, '--store', other, '--json'], secret);
    expect(JSON.parse(into.stdout).map((person: { speakerId: string }) => person.speakerId)).toEqual(['rust', 'slate']);
    const again = await typed(['speakers', 'import', file, '--store', other, '--json'], secret);
    expect(JSON.parse(again.stdout).error.code).toBe('SPEAKER_EXISTS');
    expect((await typed(['speakers', 'import', file, '--store', other, '--replace'], secret)).exitCode).toBe(0);
    const there = await typed(['identify', conversation, '--store', other, '--json']);
    expect(voices(JSON.parse(there.stdout).segments)).toEqual(['slate', 'unknown-1', 'rust', 'slate']);
  });

  test('with a key the store is unreadable without it', async () => {
    const locked = join(folder, 'locked');
    const key = { VOICE_PRINTS_KEY: 'a key of ours' };
    const enrolled = await typed(
      ['enroll', 'slate', story(folder, 'slt', 0), story(folder, 'slt', 1), '--store', locked],
      key,
    );
    expect(enrolled.exitCode).toBe(0);
    for (const path of filesBut(locked, 'audit.log')) expect(readFileSync(path, 'latin1')).not.toContain('slate');
    const list = (own: Record<string, string>) => typed(['speakers', 'list', '--store', locked, '--json'], own);
    expect(JSON.parse((await list({})).stdout).error.code).toBe('REGISTRY_KEY_MISSING');
    expect(JSON.parse((await list({ VOICE_PRINTS_KEY: 'another key' })).stdout).error.code).toBe('REGISTRY_KEY_WRONG');
    expect(JSON.parse((await list(key)).stdout)).toHaveLength(1);
  });

  test('delete erases for good', async () => {
    const gone = join(folder, 'gone');
    const enrolled = await typed(['enroll', 'slate', story(folder, 'slt', 0), '--store', gone, '--json']);
    expect(enrolled.exitCode).toBe(0);
    const { stdout } = await typed(['speakers', 'delete', 'slate', '--store', gone, '--json']);
    expect(JSON.parse(stdout)).toEqual({ speakerId: 'slate', deleted: true });
    for (const path of filesBut(gone, 'audit.log')) expect(readFileSync(path, 'latin1')).not.toContain('slate');
  });
});

test('eval verify measures a small manifest', async () => {
  const manifest = join(folder, 'people.jsonl');
  const rows = (['slt', 'rms'] as const).flatMap((voice) =>
    ([0, 1] as const).map((number) => ({ speaker: voice, file: `${voice}-${number}.wav` })),
  );
  writeFileSync(manifest, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const { exitCode, stdout } = await typed(['eval', 'verify', manifest, '--json']);
  expect(exitCode).toBe(0);
  // Two synthesizers are far apart: no error among two target and four nontarget pairs.
  expect(JSON.parse(stdout)).toMatchObject({ utterances: 4, speakers: 2, targets: 2, nontargets: 4, eerPercent: 0 });
});
