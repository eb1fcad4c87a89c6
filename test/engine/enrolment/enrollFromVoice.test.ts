import { expect, test } from 'vitest';
import type { UnknownExemplar, UnknownVoice } from '../../../src/core/unknownVoice.js';
import { enrollFromVoice } from '../../../src/engine/enrolment/enrollFromVoice.js';
import type { EnrolledPerson } from '../../../src/engine/enrolment/enrollSamples.js';
import { LowdbRegistry } from '../../../src/registry/lowdbRegistry.js';
import { LowdbUnknownVoices } from '../../../src/registry/lowdbUnknownVoices.js';
import { temporaryFolder } from '../../support/temporaryFolder.js';
import { PLAIN_CALIBRATION, voice } from './analysedSamples.js';

const MODEL = { id: 'model-1', calibration: PLAIN_CALIBRATION };

async function openStore() {
  const folder = await temporaryFolder();
  const registry = await LowdbRegistry.open(folder);
  const unknownVoices = await LowdbUnknownVoices.open(folder, { keepMs: 1e9, mostVoices: 9, nowMs: () => 0 });
  /** Keeps a voice of these stretches of speech, and enrols it. */
  const enrol = async (person: Partial<EnrolledPerson>, exemplars: readonly UnknownExemplar[], modelId = MODEL.id) => {
    const id = await unknownVoices.newId('t');
    const speechMs = exemplars.reduce((sum, one) => sum + one.speechMs, 0);
    const heard: UnknownVoice = { id, exemplars, speechMs, firstHeardMs: 0, lastHeardMs: 0, modelId };
    await unknownVoices.put('t', heard);
    const dependencies = { model: MODEL, registry, unknownVoices, nowMs: () => 5 };
    return enrollFromVoice({ tenantId: 't', speakerId: 'anna', ...person }, heard, dependencies);
  };
  return { registry, unknownVoices, enrol };
}

/** Stretches of 2 s of one person, no two quite alike. */
const stretches = (person: number, count: number, different: Partial<UnknownExemplar> = {}): UnknownExemplar[] =>
  Array.from({ length: count }, (_, i) => ({
    embedding: { modelId: MODEL.id, values: voice(person, 0.2 + 0.02 * i) },
    speechMs: 2_000,
    snrDb: 25,
    bandwidthHz: 7_000,
    ...different,
  }));

const codes = ({ reasons }: { readonly reasons: readonly { readonly code: string }[] }) =>
  reasons.map(({ code }) => code);

test('a voice with enough clean speech becomes a voiceprint, with consent, and is unknown no more', async () => {
  const { registry, unknownVoices, enrol } = await openStore();
  const result = await enrol({ name: 'Anna', consentText: 'yes, at the door' }, stretches(0, 7));
  expect(result).toMatchObject({ status: 'complete', name: 'Anna', speechSeconds: 14, reasons: [] });
  expect(result.samples.map(({ file, speechSeconds }) => [file, speechSeconds])).toEqual([
    ['unknown-1, part 1', 6],
    ['unknown-1, part 2', 8],
  ]);
  const stored = await registry.get('t', 'anna');
  expect(stored).toMatchObject({ isComplete: true, speechMs: 14_000, quality: 'good' });
  expect(stored?.consent).toEqual({ text: 'yes, at the door', givenAtMs: 5 });
  expect(await unknownVoices.list('t')).toEqual([]);
});

test('it is added to a voiceprint that is there, where it agrees', async () => {
  const { registry, enrol } = await openStore();
  await enrol({}, stretches(0, 4));
  expect(await enrol({}, stretches(0, 5))).toMatchObject({ status: 'complete', speechSeconds: 18 });
  const other = await enrol({}, stretches(1, 4));
  expect([other.status, codes(other)]).toEqual(['rejected', ['DISAGREES_WITH_EARLIER']]);
  expect((await registry.get('t', 'anna'))?.speechMs).toBe(18_000);
});

test.each([
  { name: 'too little speech', exemplars: stretches(0, 2), code: 'TOO_LITTLE_SPEECH' },
  { name: 'hardly any speech', exemplars: stretches(0, 1, { speechMs: 1_000 }), code: 'TOO_LITTLE_SPEECH' },
  { name: 'noise', exemplars: stretches(0, 7, { snrDb: 2 }), code: 'TOO_NOISY' },
  { name: 'two people', exemplars: [...stretches(0, 4), ...stretches(1, 4)], code: 'SECOND_VOICE' },
])('$name is refused, nothing is stored, and the voice stays unknown', async ({ exemplars, code }) => {
  const { registry, unknownVoices, enrol } = await openStore();
  const result = await enrol({}, exemplars);
  expect([result.status, codes(result)]).toEqual(['rejected', [code]]);
  expect(await registry.list('t')).toEqual([]);
  expect(await unknownVoices.list('t')).toHaveLength(1);
});

test('noisy stretches are left out where others are clean', async () => {
  const { registry, enrol } = await openStore();
  const result = await enrol({}, [...stretches(0, 4), ...stretches(5, 3, { snrDb: 1 })]);
  expect(result).toMatchObject({ status: 'accepted', speechSeconds: 8 });
  expect((await registry.get('t', 'anna'))?.exemplars[0]?.snrDb).toBe(25);
});

test('a person who is enrolled already is found', async () => {
  const { enrol } = await openStore();
  await enrol({ speakerId: 'ben' }, stretches(0, 7));
  expect(codes(await enrol({ speakerId: 'anna' }, stretches(0, 7)))).toEqual(['COLLIDES_WITH_OTHER']);
});

test('what was not measured counts as fair', async () => {
  const { registry, enrol } = await openStore();
  const unmeasured = stretches(0, 7, { snrDb: undefined, bandwidthHz: undefined });
  expect(await enrol({}, unmeasured)).toMatchObject({ status: 'complete', quality: 'average', reasons: [] });
  expect((await registry.get('t', 'anna'))?.isComplete).toBe(true);
});

test.each([
  { name: 'a voice of another model', person: {}, modelId: 'model-2', code: 'INPUT_INVALID' },
  { name: 'an id that is none', person: { speakerId: 'a b' }, modelId: 'model-1', code: 'SPEAKER_ID_INVALID' },
  { name: 'a name that is none', person: { name: ' ' }, modelId: 'model-1', code: 'INPUT_INVALID' },
  { name: 'a name with a NUL', person: { name: 'An\0na' }, modelId: 'model-1', code: 'INPUT_INVALID' },
])('$name is refused as an error', async ({ person, modelId, code }) => {
  const { enrol } = await openStore();
  await expect(enrol(person, stretches(0, 7), modelId)).rejects.toMatchObject({ code });
});
