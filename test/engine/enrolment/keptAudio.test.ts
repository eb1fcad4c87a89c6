import { mkdtempSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { dot } from '../../../src/core/vector.js';
import { WorkerCompute } from '../../../src/engine/compute/workerCompute.js';
import { createEngine } from '../../../src/engine/createEngine.js';
import { embedKept } from '../../../src/engine/enrolment/keptSpeech.js';
import { ModelStore } from '../../../src/inference/modelStore.js';
import { LowdbRegistry } from '../../../src/registry/lowdbRegistry.js';
import { type FliteVoice, speak, TEXTS } from '../../support/fliteVoices.js';
import { allBytes } from '../../support/temporaryFolder.js';

const [FIRST, SECOND] = ['voice-prints-1', 'voice-prints-2'];
const KEY = 'eight or more';
const PASSPHRASE = 'correct horse';
const root = mkdtempSync(join(tmpdir(), 'voice-prints-kept-'));
let stores = 0;
afterAll(() => rm(root, { recursive: true, force: true }));

const file = (voice: FliteVoice, text: number) =>
  ({ kind: 'file', path: speak(voice, TEXTS[text]!, root, `${voice}-${text}.wav`) }) as const;

function newStore(): string {
  stores += 1;
  return join(root, `store${stores}`);
}

const open = (storeDirectory: string, model: string | undefined, keepAudio = false, encryptionKey = KEY) =>
  createEngine({ storeDirectory, model, keepAudio, encryptionKey, workerThreads: 1 });

/** A store of one person, enrolled with the first model. */
async function storeWithSally({ keepAudio }: { readonly keepAudio: boolean }): Promise<string> {
  const folder = newStore();
  await using engine = await open(folder, FIRST, keepAudio);
  const result = await engine.enroll({ speakerId: 'sally', samples: [file('slt', 0), file('slt', 2)] });
  expect(result).toMatchObject({ status: 'complete', samples: [{ accepted: true }, { accepted: true }] });
  return folder;
}

const namesIn = async (folder: string, model: string) => {
  await using engine = await open(folder, model);
  const { segments, warnings } = await engine.identify({ source: file('slt', 1) });
  return { names: [...new Set(segments.map(({ speakerId }) => speakerId))], codes: warnings.map(({ code }) => code) };
};

describe('with kept audio', () => {
  test('another model knows the same people, and the first one still does', async () => {
    const folder = await storeWithSally({ keepAudio: true });
    expect((await namesIn(folder, SECOND)).names).toEqual(['sally']);
    expect((await namesIn(folder, FIRST)).names).toEqual(['sally']);
    await using engine = await open(folder, SECOND);
    expect(await engine.speakers().get('sally')).toMatchObject({ isStale: false, samplesWithAudio: 2, samples: 2 });
    expect(await engine.speakers().reembed()).toEqual({ reembedded: 0, stale: 0 });
    expect(await engine.enroll({ speakerId: 'sally', samples: [file('slt', 1)] })).toMatchObject({
      status: 'complete',
      samples: [{ accepted: true }],
    });
  });

  test('embedding kept audio again gives the result of enrolling', async () => {
    const folder = await storeWithSally({ keepAudio: true });
    await using registry = await LowdbRegistry.open(folder, { encryptionKey: KEY });
    const sally = await registry.get('local', 'sally');
    await using compute = new WorkerCompute({ model: await (await ModelStore.open()).resolve(FIRST), threads: 1 });
    for (const { audioId, embedding } of sally!.exemplars) {
      const speech = await registry.speech('local', audioId!);
      const again = await embedKept(speech!, compute, new AbortController().signal);
      expect(again.modelId).toBe(embedding.modelId);
      expect(dot(again.values, embedding.values)).toBeGreaterThan(0.9999);
    }
  });

  test('all at once, with progress', async () => {
    const folder = await storeWithSally({ keepAudio: true });
    await using engine = await open(folder, SECOND);
    expect((await engine.speakers().list())[0]).toMatchObject({ isStale: true, samplesWithAudio: 2 });
    const seen: number[][] = [];
    expect(await engine.speakers().reembed({ onPerson: (...step) => seen.push(step) })).toEqual({
      reembedded: 1,
      stale: 0,
    });
    expect(seen).toEqual([[1, 1]]);
    expect((await engine.speakers().list())[0]).toMatchObject({ isStale: false });
  });

  test('deleting a person removes their audio, and an export does not hold it', async () => {
    const folder = await storeWithSally({ keepAudio: true });
    await using engine = await open(folder, FIRST);
    const files = await readdir(join(folder, 'speech'));
    expect(files).toHaveLength(2);
    const before = await allBytes(folder);
    const exported = await engine.speakers().export(PASSPHRASE);
    expect(exported.length).toBeLessThan(before.length / 5);
    expect(await engine.speakers().delete('sally')).toBe(true);
    expect(await readdir(join(folder, 'speech'))).toEqual([]);
    await engine.speakers().import(exported, PASSPHRASE);
    expect(await engine.speakers().get('sally')).toMatchObject({ samples: 2, samplesWithAudio: 0 });
  });

  test('another key opens nothing', async () => {
    const folder = await storeWithSally({ keepAudio: true });
    await expect(open(folder, SECOND, true, 'another key')).rejects.toMatchObject({ code: 'REGISTRY_KEY_WRONG' });
  });
});

test('without kept audio, another model says that the voiceprint is stale', async () => {
  const folder = await storeWithSally({ keepAudio: false });
  await expect(readdir(join(folder, 'speech'))).rejects.toMatchObject({ code: 'ENOENT' });
  expect(await namesIn(folder, SECOND)).toEqual({
    names: [null],
    codes: expect.arrayContaining(['VOICEPRINT_STALE']),
  });
  await using engine = await open(folder, SECOND);
  expect(await engine.speakers().reembed()).toEqual({ reembedded: 0, stale: 1 });
  expect(await engine.speakers().get('sally')).toMatchObject({ isStale: true, samplesWithAudio: 0 });
  const failed = engine.identify({ source: file('slt', 1), speakerIds: ['sally'] });
  await expect(failed).rejects.toMatchObject({ code: 'SPEAKER_INCOMPLETE' });
});

test('of refused samples no audio is kept', async () => {
  const folder = newStore();
  await using engine = await open(folder, FIRST, true);
  const first = await engine.enroll({ speakerId: 'sally', samples: [file('slt', 0)] });
  expect(first.status).toBe('complete');
  const second = await engine.enroll({ speakerId: 'sally', samples: [file('kal16', 0)] });
  expect(second.status).toBe('rejected');
  expect(await readdir(join(folder, 'speech'))).toHaveLength(1);
});
