import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { EnrolmentsUnderWay } from '../../../src/engine/enrolment/enrolmentsUnderWay.js';
import { speakerDirectory } from '../../../src/engine/speakerDirectory.js';
import { speakerSummary } from '../../../src/engine/voiceprints/speakerSummary.js';
import { sealExport } from '../../../src/registry/exportFile.js';
import { LowdbRegistry } from '../../../src/registry/lowdbRegistry.js';
import { LowdbUnknownVoices } from '../../../src/registry/lowdbUnknownVoices.js';
import { randomUnknownVoice } from '../../registry/randomUnknownVoice.js';
import { randomVoiceprint } from '../../registry/randomVoiceprint.js';
import { allBytes, temporaryFolder } from '../../support/temporaryFolder.js';
import { PLAIN_CALIBRATION } from '../enrolment/analysedSamples.js';

const PASSPHRASE = 'correct horse';

async function directoryOf(...voiceprints: ReturnType<typeof randomVoiceprint>[]) {
  const folder = await temporaryFolder();
  const registry = await LowdbRegistry.open(folder);
  await registry.putAll('t', voiceprints, { replace: false });
  const nowMs = () => 1_800_000_000_000;
  const unknownVoices = await LowdbUnknownVoices.open(folder, { keepMs: 30 * 86_400_000, mostVoices: 10, nowMs });
  const model = { id: 'model-1', calibration: PLAIN_CALIBRATION };
  const who = {
    tenantId: 't',
    list: async () => (await registry.list('t')).map((voiceprint) => speakerSummary(voiceprint, model.id)),
    model,
    enrolments: new EnrolmentsUnderWay(),
    inOrder: <T>(work: () => Promise<T>) => work(),
    onMerged: () => undefined,
    eraseEverywhere: (_speakerId: string, erase: () => Promise<boolean>) => erase(),
    assertOpen: () => {},
    nowMs,
    reembed: async () => ({ reembedded: 0, stale: 0 }),
  };
  const directory = speakerDirectory({ registry, unknownVoices, ...who });
  return { folder, registry, unknownVoices, directory };
}

test('lists people without their embeddings', async () => {
  const { directory } = await directoryOf(
    randomVoiceprint({ id: 'b', modelId: 'old-model' }),
    randomVoiceprint({ id: 'a', name: 'Anna' }),
  );
  const people = await directory.list();
  expect(people).toEqual([
    {
      speakerId: 'a',
      name: 'Anna',
      isComplete: true,
      speechSeconds: 12,
      audioSeconds: 15,
      quality: 'good',
      samples: 2,
      samplesWithAudio: 0,
      languageCode: 'en-US',
      isStale: false,
      model: 'model-1',
      consent: {
        text: 'Yes, for the door.',
        version: null,
        givenAt: '2023-11-14T22:13:20.000Z',
        recordedBy: null,
      },
      createdAt: '2023-11-14T22:13:20.000Z',
      updatedAt: '2023-11-14T22:13:20.001Z',
    },
    expect.objectContaining({ speakerId: 'b', isStale: true, model: 'old-model' }),
  ]);
  expect(await directory.get('a')).toEqual(people[0]);
  expect(await directory.get('nobody')).toBeUndefined();
});

test('renames, and only who is there', async () => {
  const { directory } = await directoryOf(randomVoiceprint({ id: 'a' }));
  const renamed = await directory.rename('a', 'Dr. Anna');
  expect(renamed).toMatchObject({ name: 'Dr. Anna', updatedAt: '2027-01-15T08:00:00.000Z' });
  expect((await directory.get('a'))?.name).toBe('Dr. Anna');
  await expect(directory.rename('b', 'Ben')).rejects.toMatchObject({ code: 'SPEAKER_NOT_FOUND' });
  for (const name of [' ', 'An\0na', 'Anna\n', 'An\x1b[31mna', 'An\u0085na', 'An\u2028na', 'An\ud800na']) {
    await expect(directory.rename('a', name)).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  }
  await directory.rename('a', 'Zoë 王 👩‍👧');
  expect(await directory.get('b')).toBeUndefined();
});

test('deletes for good', async () => {
  const { directory, folder } = await directoryOf(randomVoiceprint({ id: 'a', name: 'Anna Nirgendwo' }));
  expect(await directory.delete('a')).toBe(true);
  expect(await directory.delete('a')).toBe(false);
  expect((await allBytes(folder)).includes('Nirgendwo')).toBe(false);
});

test('an export opens elsewhere, whole, and shows nothing by itself', async () => {
  const [anna, ben] = [randomVoiceprint({ id: 'anna', name: 'Anna Nirgendwo' }), randomVoiceprint({ id: 'ben' })];
  const { directory } = await directoryOf(anna, ben);
  const bytes = await directory.export(PASSPHRASE);
  expect(Buffer.from(bytes).includes('Nirgendwo')).toBe(false);
  expect(Buffer.from(bytes).includes('anna')).toBe(false);
  expect(JSON.parse(Buffer.from(bytes).toString())).toMatchObject({
    format: 'voice-prints-export',
    version: 1,
  });
  const other = await directoryOf();
  expect((await other.directory.import(bytes, PASSPHRASE)).map(({ speakerId }) => speakerId)).toEqual(['anna', 'ben']);
  expect(await other.registry.list('t')).toEqual([anna, ben]);
});

test('an export of named people has only those', async () => {
  const { directory } = await directoryOf(randomVoiceprint({ id: 'anna' }), randomVoiceprint({ id: 'ben' }));
  const bytes = await directory.export(PASSPHRASE, ['ben']);
  const other = await directoryOf();
  expect((await other.directory.import(bytes, PASSPHRASE)).map(({ speakerId }) => speakerId)).toEqual(['ben']);
  await expect(directory.export(PASSPHRASE, ['ben', 'carla'])).rejects.toMatchObject({
    code: 'SPEAKER_NOT_FOUND',
    details: { speakerIds: 'carla' },
  });
});

test('an import is all or nothing', async () => {
  const { directory } = await directoryOf(randomVoiceprint({ id: 'anna' }), randomVoiceprint({ id: 'ben' }));
  const bytes = await directory.export(PASSPHRASE);
  const mine = randomVoiceprint({ id: 'ben', name: 'My Ben' });
  const other = await directoryOf(mine);
  await expect(other.directory.import(bytes, PASSPHRASE)).rejects.toMatchObject({ code: 'SPEAKER_EXISTS' });
  expect(await other.registry.list('t')).toEqual([mine]);
  await other.directory.import(bytes, PASSPHRASE, { replace: true });
  expect((await other.directory.list()).map(({ name }) => name)).toEqual(['Anna', 'Anna']);
});

test.each([
  {
    name: 'the wrong passphrase',
    spoil: (bytes: Uint8Array) => bytes,
    passphrase: 'wrong horse',
    code: 'REGISTRY_KEY_WRONG',
  },
  {
    name: 'half of it',
    spoil: (bytes: Uint8Array) => bytes.subarray(0, 400),
    passphrase: PASSPHRASE,
    code: 'REGISTRY_CORRUPT',
  },
  { name: 'something else', spoil: () => Buffer.from('{"a":1}'), passphrase: PASSPHRASE, code: 'REGISTRY_CORRUPT' },
  {
    name: 'one of a newer version',
    spoil: (bytes: Uint8Array) => Buffer.from(Buffer.from(bytes).toString().replace('"version":1', '"version":2')),
    passphrase: PASSPHRASE,
    code: 'REGISTRY_VERSION_NEWER',
  },
])('an import of $name is refused', async ({ spoil, passphrase, code }) => {
  const { directory, registry } = await directoryOf(randomVoiceprint({ id: 'anna' }));
  const bytes = await directory.export(PASSPHRASE);
  await directory.delete('anna');
  await expect(directory.import(spoil(bytes), passphrase)).rejects.toMatchObject({ code });
  expect(await registry.list('t')).toEqual([]);
});

test('a store file is no export, even under the same key', async () => {
  const folder = await temporaryFolder();
  await using registry = await LowdbRegistry.open(folder, { encryptionKey: PASSPHRASE });
  await registry.putAll('t', [randomVoiceprint({ id: 'anna' })], { replace: false });
  const store = JSON.parse(await readFile(join(folder, 'voiceprints', 't', 'r.json'), 'utf8'));
  const disguised = Buffer.from(JSON.stringify({ ...store, version: 1, format: 'voice-prints-export' }));
  const { directory } = await directoryOf();
  await expect(directory.import(disguised, PASSPHRASE)).rejects.toMatchObject({ code: 'REGISTRY_CORRUPT' });
});

test.each([
  { name: 'An\0na' },
  { languageCode: 'en\0' },
  { consent: { text: 'Yes\0', givenAtMs: 1 } },
  { consent: { text: 'Yes', version: '1\0', givenAtMs: 1 } },
])('an export with control characters (%o) is not imported', async (texts) => {
  const { directory, registry } = await directoryOf();
  const bytes = await sealExport(
    [randomVoiceprint({ id: 'ben' }), { ...randomVoiceprint({ id: 'anna' }), ...texts }],
    PASSPHRASE,
  );
  await expect(directory.import(bytes, PASSPHRASE)).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  expect(await registry.list('t')).toEqual([]);
});

test('a passphrase has eight characters', async () => {
  const { directory } = await directoryOf();
  await expect(directory.export('short')).rejects.toMatchObject({ code: 'INPUT_INVALID' });
});

test('lists unknown voices without their embeddings, and forgets them for good', async () => {
  const { directory, unknownVoices, folder } = await directoryOf();
  const voice = randomUnknownVoice({ id: await unknownVoices.newId('t'), lastHeardMs: 1_800_000_000_000 });
  await unknownVoices.put('t', voice);
  expect(await directory.unknowns()).toEqual([
    {
      unknownId: 'unknown-1',
      speechSeconds: 40,
      firstHeardAt: '2027-01-15T07:59:59.990Z',
      lastHeardAt: '2027-01-15T08:00:00.000Z',
      expiresAt: '2027-02-14T08:00:00.000Z',
      isStale: false,
      model: 'model-1',
    },
  ]);
  await unknownVoices.flush();
  const trace = Buffer.from(voice.exemplars[0]!.embedding.values.buffer).toString('base64');
  expect((await allBytes(folder)).includes(trace)).toBe(true);
  expect(await directory.forgetUnknown('unknown-1')).toBe(true);
  expect(await directory.forgetUnknown('unknown-1')).toBe(false);
  expect((await allBytes(folder)).includes(trace)).toBe(false);
});
