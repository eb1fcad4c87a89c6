import { expect, test } from 'vitest';
import { fromRow, toRow } from '../../src/registry/row.js';
import { migrate, parseStore, rowKey, STORE_VERSION, storeText } from '../../src/registry/storedForm.js';
import { randomVoiceprint } from './randomVoiceprint.js';

/** A store as version 1 wrote it, kept by hand: whatever comes later must still read it. */
const VERSION_1 = `{"format":"voice-prints-store","version":1,"voiceprints":[
{"id":"anna","tenantId":"local","name":"Anna","languageCode":"en-US","speechMs":12500,"audioMs":15000,"quality":"good",
"isComplete":true,"createdAtMs":1700000000000,"updatedAtMs":1700000000001,
"exemplars":[{"embedding":{"modelId":"m","values":"AACAPwAAAMAAAAA/AAAAAA=="},"speechMs":12500,"snrDb":20,"bandwidthHz":7000,"enrolledAtMs":1700000000000}],
"mean":{"modelId":"m","values":"AACAPwAAAMAAAAA/AAAAAA=="},"consent":{"text":"yes","givenAtMs":1700000000000}}]}`;

test('a store of version 1 reads as it was meant', () => {
  const content = parseStore(VERSION_1);
  expect(content.kind).toBe('plain');
  const rows = content.kind === 'plain' ? content.rows : new Map();
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
  const content = parseStore(storeText(rows));
  expect(content).toEqual({ kind: 'plain', rows });
  expect(fromRow(toRow(voiceprint))).toEqual(voiceprint);
});

test('migrations run one after the other, each from its version', () => {
  const steps = {
    1: (body: Record<string, unknown>) => ({ ...body, seen: [1] }),
    2: (body: Record<string, unknown>) => ({ ...body, seen: [...(body.seen as number[]), 2] }),
  };
  expect(migrate({ version: 1, kept: true }, 3, steps)).toEqual({ version: 3, kept: true, seen: [1, 2] });
  expect(migrate({ version: 3, kept: true }, 3, steps)).toEqual({ version: 3, kept: true });
  expect(() => migrate({ version: 4 }, 3, steps)).toThrow(expect.objectContaining({ code: 'REGISTRY_VERSION_NEWER' }));
});

test('there is a step from every version to the newest', () => {
  for (let version = 1; version <= STORE_VERSION; version += 1) {
    expect(migrate({ version }).version).toBe(STORE_VERSION);
  }
});

test.each([
  { name: 'not base64', values: 'AACA*w==' },
  { name: 'not whole floats', values: 'AACA' },
  { name: 'empty', values: '' },
])('a vector that is $name is refused', ({ values }) => {
  const text = VERSION_1.replaceAll('AACAPwAAAMAAAAA/AAAAAA==', values);
  expect(() => parseStore(text)).toThrow(expect.objectContaining({ code: 'REGISTRY_CORRUPT' }));
});
