import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../support/temporaryFolder.js';
import { story } from '../speech.js';
import { typed } from '../terminal.js';

test('a new model embeds kept audio at once, and reports people without any', async () => {
  const folder = await temporaryFolder();
  const env = { VOICE_PRINTS_HOME: join(folder, 'store'), VOICE_PRINTS_KEY: 'eight or more' };
  const first = ['--model', 'voice-prints-1'];
  for (const [id, voice, ...options] of [
    ['slate', 'slt', '--keep-audio'],
    ['rust', 'rms'],
  ] as const) {
    const enrolled = await typed(['enroll', id, story(folder, voice, 0), ...first, ...options], env);
    expect(enrolled).toMatchObject({ exitCode: 0 });
  }
  const used = await typed(['models', 'use', 'voice-prints-2', '--json'], env);
  expect(JSON.parse(used.stdout)).toMatchObject({ id: 'voice-prints-2', reembedded: 1, staleVoiceprints: 1 });
  const noted = await typed(['audit', '--speaker', 'slate', '--json'], env);
  expect(noted.stdout).toContain('"re-embed"');
  const listed = JSON.parse((await typed(['speakers', 'list', '--json'], env)).stdout);
  expect(listed).toMatchObject([
    { speakerId: 'rust', isStale: true, samplesWithAudio: 0 },
    { speakerId: 'slate', isStale: false, samplesWithAudio: 1 },
  ]);
  const table = await typed(['models', 'use', 'voice-prints-1'], env);
  expect(table.stdout).toContain('voice-prints-1 is in use.');
  expect((await typed(['speakers', 'list'], env)).stdout).not.toMatch(/other model/);
});
