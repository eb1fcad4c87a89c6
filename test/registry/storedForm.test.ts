import { expect, test } from 'vitest';
import { fromRow, toRow } from '../../src/registry/stored/row.js';
import { migrate, parseStore } from '../../src/registry/stored/storedForm.js';
import { UNKNOWN_VOICE_FORM } from '../../src/registry/stored/unknownVoiceForm.js';
import { rowKey, VOICEPRINT_FORM } from '../../src/registry/stored/voiceprintForm.js';
import { randomVoiceprint } from './randomVoiceprint.js';

/** A store as version 1 wrote it, kept by hand: whatever comes later must still read it. */
const VERSION_1 = `{"format":"voice-prints-store","version":1,"voiceprints":[
{"id":"anna","tenantId":"local","name":"Anna","languageCode":"en-US","speechMs":12500,"audioMs":15000,"quality":"good",
"isComplete":true,"createdAtMs":1700000000000,"updatedAtMs":1700000000001,
"exemplars":[{"embedding":{"modelId":"m","values":"AACAPwAAAMAAAAA/AAAAAA=="},"speechMs":12500,"snrDb":20,"bandwidthHz":7000,"enrolledAtMs":1700000000000}],
"mean":{"modelId":"m","values":"AACAPwAAAMAAAAA/AAAAAA=="},"consent":{"text":"yes","givenAtMs":1700000000000}}]}`;

test('a store of version 1 reads as it was meant', () => {
  const content = parseStore(VOICEPRINT_FORM, VERSION_1);
  expect(content.kind).toBe('plain');
  const rows = content.kind === 'plain' ? content.body : new Map();
  expect(fromRow(rows.get(rowKey('local', 'anna')))).toEqual({
    id: 'anna',
    tenantId: 'local',
    name: 'Anna',
    languageCode: 'en-US',
    exemplars: [
      {
        embedding: { modelId: 'm', values: Float32Array.of(1, -2, 0.5, 0) },
        speechMs: 12_500,
        snrDb: 20,
        bandwidthHz: 7_000,
        enrolledAtMs: 1_700_000_000_000,
      },
    ],
    mean: { modelId: 'm', values: Float32Array.of(1, -2, 0.5, 0) },
    speechMs: 12_500,
    audioMs: 15_000,
    quality: 'good',
    isComplete: true,
    consent: { text: 'yes', givenAtMs: 1_700_000_000_000 },
    createdAtMs: 1_700_000_000_000,
    updatedAtMs: 1_700_000_000_001,
  });
});

test('what is written today reads back, exactly', () => {
  const voiceprint = randomVoiceprint({ exemplars: 3 });
  const rows = new Map([[rowKey('t', 'anna'), toRow(voiceprint)]]);
  const content = parseStore(VOICEPRINT_FORM, VOICEPRINT_FORM.textOf(rows));
  expect(content).toEqual({ kind: 'plain', body: rows });
  expect(fromRow(toRow(voiceprint))).toEqual(voiceprint);
});

test('migrations run one after the other, each from its version', () => {
  const steps = {
    1: (body: Record<string, unknown>) => ({ ...body, seen: [1] }),
    2: (body: Record<string, unknown>) => ({ ...body, seen: [...(body.seen as number[]), 2] }),
  };
  const form = { version: 3, migrations: steps, noun: 'things' };
  expect(migrate(form, { version: 1, kept: true })).toEqual({ version: 3, kept: true, seen: [1, 2] });
  expect(migrate(form, { version: 3, kept: true })).toEqual({ version: 3, kept: true });
  expect(() => migrate(form, { version: 4 })).toThrow(expect.objectContaining({ code: 'REGISTRY_VERSION_NEWER' }));
});

test.each([VOICEPRINT_FORM, UNKNOWN_VOICE_FORM])('$format: a step leads from every version to the newest', (form) => {
  for (let version = 1; version <= form.version; version += 1) {
    expect(migrate<unknown>(form, { version }).version).toBe(form.version);
  }
});

test.each([
  { name: 'not base64', values: 'AACA*w==' },
  { name: 'not whole floats', values: 'AACA' },
  { name: 'empty', values: '' },
])('a vector that is $name is refused', ({ values }) => {
  const text = VERSION_1.replaceAll('AACAPwAAAMAAAAA/AAAAAA==', values);
  expect(() => parseStore(VOICEPRINT_FORM, text)).toThrow(expect.objectContaining({ code: 'REGISTRY_CORRUPT' }));
});
