import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { commands } from '../../src/cli/commands.js';
import { ran } from './program.js';
import { typed } from './terminal.js';

const folder = mkdtempSync(join(tmpdir(), 'voice-prints-usage-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const env = { VOICE_PRINTS_HOME: join(folder, 'store') };
const file = (name: string, content: string | Uint8Array) => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};

test.each(commands.map((command) => ({ name: command.name, command })))(
  'help of $name shows usage, every option and an example',
  async ({ name, command }) => {
    const { exitCode, stdout, stderr } = await typed([...name.split(' '), '--help'], env);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toContain(`Usage: voice-prints ${name}`);
    for (const option of ['json', 'store', 'model', 'quiet', ...Object.keys(command.options)]) {
      expect(stdout).toContain(`--${option}`);
    }
    expect(stdout).toMatch(new RegExp(`Example:\\n.*voice-prints ${name}`));
  },
);

test('the general help lists every command of the contract', async () => {
  const { exitCode, stdout } = await typed(['--help'], env);
  expect(exitCode).toBe(0);
  for (const { name } of commands) expect(stdout).toContain(`  ${name} `);
});

test('the general help names every variable of the environment in the documents', async () => {
  const { stdout } = await typed(['--help'], env);
  const readme = readFileSync(new URL('../../docs/command-line.md', import.meta.url), 'utf8');
  const named = [...readme.matchAll(/^\| `(VOICE_PRINTS_\w+)` \|/gm)].map(([, variable]) => variable);
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter((variable) => !stdout.includes(`  ${variable} `))).toEqual([]);
});

test.each([
  { argv: ['enrol', 'alice', 'a.wav'], meant: 'enroll' },
  { argv: ['speaker'], meant: 'speakers' },
  { argv: ['idnetify', 'a.wav'], meant: 'identify' },
  { argv: ['speakers', 'shwo', 'alice'], meant: 'show' },
  { argv: ['identify', 'a.wav', '--speker-count', '2'], meant: '--speaker-count' },
  { argv: ['identify', 'a.wav', '--jsn'], meant: '--json' },
  { argv: ['explain', 'too_quit'], meant: 'TOO_QUIET' },
  { argv: ['listen'], meant: undefined },
  { argv: ['speakers', 'praise', 'alice'], meant: undefined },
  { argv: ['identify', 'a.wav', '--loud'], meant: undefined },
])('a mistyped word is answered with the one that was meant: $argv', async ({ argv, meant }) => {
  const { stderr } = await typed(argv, env);
  if (meant === undefined) expect(stderr).not.toContain('did you mean');
  else expect(stderr).toContain(`did you mean ${meant};`);
});

test('an option in place of a command is not taken for one', async () => {
  expect((await typed(['--json'], env)).stderr).toBe('USAGE: --json comes after a command; see voice-prints --help\n');
});

test('help before a command, or a group, is the help of that', async () => {
  for (const words of [['identify'], ['speakers', 'list'], ['keys']]) {
    const { exitCode, stdout } = await typed([...words, '--help'], env);
    expect(await typed(['help', ...words], env)).toEqual({ exitCode, stdout, stderr: '' });
  }
});

test('the help of a group is a list of its commands', async () => {
  const { exitCode, stdout } = await typed(['keys', '--help'], env);
  expect([exitCode, stdout]).toEqual([0, expect.stringContaining('Usage: voice-prints keys COMMAND')]);
  for (const command of ['create [TENANT]', 'list', 'rotate KEY-ID', 'revoke KEY-ID', 'limit [TENANT]']) {
    expect(stdout).toContain(`\n  ${command} `);
  }
  expect(stdout.split('\n').length).toBeLessThan(15);
});

test.each([
  { name: 'no command', argv: [] },
  { name: 'unknown command', argv: ['listen'] },
  { name: 'group without a command', argv: ['speakers'] },
  { name: 'unknown command of a group', argv: ['speakers', 'praise', 'alice'] },
  { name: 'unknown option', argv: ['identify', 'a.wav', '--loud'] },
  { name: 'option without its value', argv: ['identify', 'a.wav', '--rttm'] },
  { name: 'flag with a value', argv: ['speakers', 'list', '--quiet=yes'] },
  { name: 'enroll without a file', argv: ['enroll', 'alice'] },
  { name: 'identify without a file', argv: ['identify'] },
  { name: 'identify with two files', argv: ['identify', 'a.wav', 'b.wav'] },
  { name: 'identify of nobody', argv: ['identify', 'a.wav', '--speakers', ','] },
  { name: 'unknown preset', argv: ['identify', 'a.wav', '--false-accept', '2'] },
  { name: 'unknown encoding', argv: ['identify', 'a.raw', '--encoding', 'dolby'] },
  { name: 'rate without an encoding', argv: ['identify', 'a.raw', '--rate', '8000'] },
  { name: 'rate that is no number', argv: ['identify', 'a.raw', '--encoding', 's16le', '--rate', 'fast'] },
  { name: 'show without an id', argv: ['speakers', 'show'] },
  { name: 'rename without a name', argv: ['speakers', 'rename', 'alice'] },
  { name: 'delete of two at once', argv: ['speakers', 'delete', 'alice', 'bob'] },
  { name: 'list with an operand', argv: ['speakers', 'list', 'alice'] },
  { name: 'export without a passphrase', argv: ['speakers', 'export', 'voices.vpx'] },
  { name: 'serve on a port that cannot be', argv: ['serve', '--port', '70000'] },
  { name: 'models show without an id', argv: ['models', 'show'] },
  { name: 'models list with an operand', argv: ['models', 'list', 'x'] },
  { name: 'eval alone', argv: ['eval'] },
  { name: 'eval der with one file', argv: ['eval', 'der', 'a.rttm'] },
  { name: 'eval der with a negative collar', argv: ['eval', 'der', 'a.rttm', 'b.rttm', '--collar=-1'] },
])('wrong usage exits with 2 and says so in one line: $name', async ({ argv }) => {
  const { exitCode, stdout, stderr } = await typed(argv, env);
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  expect(stderr).toMatch(/^USAGE: [^\n]+; [^\n]+\n$/);
});

test.each([
  { name: 'identify: missing file', argv: ['identify', 'none.wav'], code: 'FILE_NOT_FOUND' },
  { name: 'enroll: missing file', argv: ['enroll', 'alice', 'none.wav'], code: 'FILE_NOT_FOUND' },
  { name: 'enroll: id of other letters', argv: ['enroll', 'al ice', 'none.wav'], code: 'SPEAKER_ID_INVALID' },
  { name: 'speakers show: nobody', argv: ['speakers', 'show', 'nobody'], code: 'SPEAKER_NOT_FOUND' },
  { name: 'speakers rename: nobody', argv: ['speakers', 'rename', 'nobody', 'X'], code: 'SPEAKER_NOT_FOUND' },
  { name: 'speakers delete: nobody', argv: ['speakers', 'delete', 'nobody'], code: 'SPEAKER_NOT_FOUND' },
  { name: 'speakers import: missing file', argv: ['speakers', 'import', 'none.vpx'], code: 'FILE_NOT_FOUND' },
  { name: 'models show: no such id', argv: ['models', 'show', 'hal'], code: 'MODEL_NOT_FOUND' },
  { name: 'models show: missing file', argv: ['models', 'show', './none.onnx'], code: 'MODEL_NOT_FOUND' },
  { name: 'a model that is none', argv: ['speakers', 'list', '--model', 'hal'], code: 'MODEL_NOT_FOUND' },
  { name: 'eval der: missing file', argv: ['eval', 'der', 'none.rttm', 'none.rttm'], code: 'FILE_NOT_FOUND' },
  { name: 'serve: missing key file', argv: ['serve', '--key-file', 'none.keys'], code: 'FILE_NOT_FOUND' },
])('failure exits with 1, one line and its JSON: $name', async ({ argv, code }) => {
  const { exitCode, stdout, stderr } = await typed([...argv, '--json'], env);
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(new RegExp(`^${code}: [^\\n]+; [^\\n]+\\n$`));
  const { error } = JSON.parse(stdout);
  expect(error).toEqual({ code, message: expect.any(String), details: expect.any(Object) });
  expect(stderr).toBe(`${code}: ${error.message}\n`);
});

test.each([
  { name: 'empty file', content: '', code: 'AUDIO_EMPTY' },
  { name: 'text', content: 'Dear Sir or Madam, this is not a recording.\n'.repeat(50), code: 'AUDIO_NOT_AUDIO' },
])('identify refuses what is no audio: $name', async ({ name, content, code }) => {
  const { exitCode, stderr } = await typed(['identify', file(`${name}.wav`, content)], env);
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(new RegExp(`^${code}: `));
});

test('an RTTM file without turns is named, with the line where it is wrong', async () => {
  const good = file('good.rttm', 'SPEAKER a 1 0.0 1.0 <NA> <NA> alice <NA> <NA>\n');
  const empty = await typed(['eval', 'der', good, file('empty.rttm', '\n')], env);
  expect(empty.stderr).toMatch(/^INPUT_INVALID: .*empty\.rttm/);
  const wrong = file('wrong.rttm', '\nSPEAKER a 1 zero 1.0 <NA> <NA> alice <NA> <NA>\n');
  const { exitCode, stderr } = await typed(['eval', 'der', good, wrong], env);
  expect({ exitCode, line: /line (\d+)/.exec(stderr)?.[1] }).toEqual({ exitCode: 1, line: '2' });
});

test('the built program answers with the same codes', async () => {
  expect(await ran(['listen', '--json'])).toMatchObject({
    exitCode: 2,
    stdout: expect.stringMatching(/^{"error":{"code":"USAGE"/),
  });
  expect(await ran(['--version'])).toMatchObject({
    exitCode: 0,
    stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    stderr: '',
  });
});
