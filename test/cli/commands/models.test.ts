import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { ModelStore } from '../../../src/index.js';
import { story } from '../speech.js';
import { typed } from '../terminal.js';

const folder = mkdtempSync(join(tmpdir(), 'voice-prints-models-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const env = { VOICE_PRINTS_HOME: join(folder, 'store') };
/** The network in the package stands for somebody else's. */
const { path, dimensions } = await (await ModelStore.open()).resolve();
const sha256 = createHash('sha256').update(readFileSync(path)).digest('hex');
const full = `mine@${sha256.slice(0, 12)}`;

/** The answer of a command that succeeds. */
async function answer(...argv: string[]) {
  const { exitCode, stdout, stderr } = await typed([...argv, '--json', '--quiet'], env);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  return JSON.parse(stdout);
}

/** The one line of a command that fails. */
async function failure(...argv: string[]): Promise<string> {
  const { exitCode, stderr } = await typed(argv, env);
  expect(exitCode).toBeGreaterThan(0);
  expect(stderr).toMatch(/^[A-Z_]+: [^\n]+; [^\n]+\n$/);
  return stderr.split(':')[0]!;
}

test('a model is added, shown, used and removed; voiceprints of another are reported as stale, never compared', async () => {
  const first = (await answer('models', 'list')).find(({ inUse }: { inUse: boolean }) => inUse).id;
  await answer('enroll', 'slt', story(folder, 'slt', 0), story(folder, 'slt', 1));

  const added = await answer('models', 'add', path, '--id', 'mine', '--sha256', sha256);
  expect(added).toMatchObject({ id: 'mine', model: full, dimensions, sampleRateHz: 16_000, sha256 });
  expect(added).toMatchObject({ framework: '3d-speaker', builtIn: false, calibrated: false, inUse: false });
  expect(await answer('models', 'show', 'mine')).toMatchObject({ id: 'mine', frontEnd: { windowType: 'povey' } });

  expect(await answer('models', 'use', 'mine')).toMatchObject({ id: 'mine', inUse: true, staleVoiceprints: 1 });
  expect(await answer('speakers', 'show', 'slt')).toMatchObject({ isStale: true, model: first });
  const recording = story(folder, 'slt', 2);
  const heard = await answer('identify', recording);
  expect(heard.model).toBe(full);
  expect(heard.segments.map(({ decision }: { decision: string }) => decision)).not.toContain('identified');
  const stale = heard.warnings.find(({ code }: { code: string }) => code === 'VOICEPRINT_STALE');
  expect(stale.message).toMatch(/^1 person was .*; /);
  expect(stale.message).not.toContain('slt');

  // --model goes before the one in use: with it, the voiceprint is as good as ever.
  const named = await answer('identify', recording, '--model', first);
  expect(named.segments[0]).toMatchObject({ speakerId: 'slt', decision: 'identified' });

  expect(await failure('models', 'remove', 'mine')).toBe('MODEL_IN_USE');
  expect(await answer('models', 'use', first)).toMatchObject({ id: first, staleVoiceprints: 0 });
  expect(await answer('models', 'remove', 'mine')).toEqual({ id: 'mine', removed: true });
  expect(await failure('models', 'use', 'mine')).toBe('MODEL_NOT_FOUND');
  expect(await failure('models', 'remove', first)).toBe('INPUT_INVALID');
});

test('a name that is neither in the catalogue nor a file is refused with where names are listed', async () => {
  const { exitCode, stderr } = await typed(['models', 'add', 'campplus-2'], env);
  expect(exitCode).toBe(1);
  expect(stderr).toContain('models list --catalogue');
});

test.each([
  { name: 'add without a file', argv: ['add'], code: 'USAGE' },
  { name: 'add with half a checksum', argv: ['add', path, '--sha256', 'abc'], code: 'USAGE' },
  { name: 'use without an id', argv: ['use'], code: 'USAGE' },
  { name: 'a missing file', argv: ['add', join(folder, 'none.onnx')], code: 'FILE_NOT_FOUND' },
  { name: 'a recording', argv: ['add', story(folder, 'awb', 0), '--id', 'wav'], code: 'MODEL_INVALID' },
  { name: 'another checksum', argv: ['add', path, '--id', 'x', '--sha256', '0'.repeat(64)], code: 'MODEL_INVALID' },
  { name: 'a private address', argv: ['add', 'http://127.0.0.1:9/m.onnx'], code: 'URL_FORBIDDEN' },
  { name: 'a scheme that is not fetched', argv: ['add', 'ftp://example.org/m.onnx'], code: 'URL_FORBIDDEN' },
])('models: $name is $code', async ({ argv, code }) => {
  expect(await failure('models', ...argv)).toBe(code);
});
