import { readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { KeptSpeech, Voiceprint } from '../../src/core/voiceprint.js';
import { LowdbRegistry } from '../../src/registry/lowdbRegistry.js';
import { allBytes, temporaryFolder } from '../support/temporaryFolder.js';
import { until } from '../support/until.js';
import { randomVoiceprint } from './randomVoiceprint.js';

const KEY = 'eight or more';
const AUDIO_ID = 'a'.repeat(32);
const filesOf = (folder: string) => readdir(join(folder, 'speech'));

const spoken = (): KeptSpeech => ({
  samples: Int16Array.from({ length: 16_000 }, () => Math.round(60_000 * (Math.random() - 0.5))),
  stretches: [6_000, 10_000],
});
const traceOf = ({ samples }: KeptSpeech) => Buffer.from(samples.buffer).toString('base64').slice(40, 400);

function withAudio(audioId: string, different: Parameters<typeof randomVoiceprint>[0] = {}): Voiceprint {
  const voiceprint = randomVoiceprint({ exemplars: 1, ...different });
  return { ...voiceprint, exemplars: voiceprint.exemplars.map((exemplar) => ({ ...exemplar, audioId })) };
}

async function storeWithSpeech(encryptionKey?: string) {
  const folder = await temporaryFolder();
  const registry = await LowdbRegistry.open(folder, { encryptionKey });
  const speech = spoken();
  await registry.update('t', 'anna', () => withAudio(AUDIO_ID));
  expect(await registry.keepSpeech('t', 'anna', AUDIO_ID, speech)).toBe(true);
  return { folder, registry, speech };
}

test('a store without a key that is given one seals what was kept before', async () => {
  const { folder, speech } = await storeWithSpeech();
  expect((await allBytes(folder)).includes(traceOf(speech))).toBe(true);
  await using registry = await LowdbRegistry.open(folder, { encryptionKey: KEY });
  expect((await allBytes(folder)).includes(traceOf(speech))).toBe(false);
  expect(await registry.speech('t', AUDIO_ID)).toEqual(speech);
});

test('sealed speech cannot be put in the place of another’s', async () => {
  const { folder, registry, speech } = await storeWithSpeech(KEY);
  expect((await allBytes(folder)).includes(traceOf(speech))).toBe(false);
  const other = 'b'.repeat(32);
  await writeFile(join(folder, 'speech', `${other}.json`), await readFile(join(folder, 'speech', `${AUDIO_ID}.json`)));
  await expect(registry.speech('t', other)).rejects.toMatchObject({ code: 'REGISTRY_CORRUPT' });
  await expect(registry.speech('other', AUDIO_ID)).rejects.toMatchObject({ code: 'REGISTRY_CORRUPT' });
});

test('unreferenced speech is erased on opening, once it is old', async () => {
  const { folder, registry } = await storeWithSpeech();
  const [lost, fresh] = ['c', 'd'].map((letter) => join(folder, 'speech', `${letter.repeat(32)}.json`));
  for (const path of [lost!, fresh!]) await writeFile(path, 'left by a process that was killed');
  await utimes(lost!, new Date(0), new Date(0));
  await registry[Symbol.asyncDispose]();
  await using again = await LowdbRegistry.open(folder);
  await until(async () => (await filesOf(folder)).length === 2);
  expect((await filesOf(folder)).sort()).toEqual([`${AUDIO_ID}.json`, `${'d'.repeat(32)}.json`]);
  expect(await again.speech('t', AUDIO_ID)).toBeDefined();
});
