import { z } from 'zod';
import { present } from '../../core/present.js';
import type { UnknownVoice } from '../../core/unknownVoice.js';
import { embeddingRow, fromEmbeddingRow, toEmbeddingRow } from './embeddingRow.js';
import { parseSealedBody, type ReadableForm, type StoredForm } from './storedForm.js';
import { rowKey } from './voiceprintForm.js';

const FORMAT = 'voice-prints-unknown-voices';
const VERSION = 1;

const exemplarRow = z.object({
  embedding: embeddingRow,
  speechMs: z.number().nonnegative(),
  snrDb: z.number().exactOptional(),
  bandwidthHz: z.number().nonnegative().exactOptional(),
});

const unknownVoiceRow = z.object({
  id: z.string().min(1),
  tenantId: z.string().min(1),
  exemplars: z.array(exemplarRow),
  speechMs: z.number().nonnegative(),
  firstHeardMs: z.number(),
  lastHeardMs: z.number(),
  /** Absent in rows of releases before 0.3. */
  expiresAtMs: z.number().exactOptional(),
  modelId: z.string().min(1),
});
/** An unknown voice as stored: plain JSON. */
export type UnknownVoiceRow = Readonly<z.output<typeof unknownVoiceRow>>;

/** Content of the file of unknown voices. */
export interface UnknownVoiceRows {
  /** By `rowKey`. */
  readonly voices: Map<string, UnknownVoiceRow>;
  /** The last number assigned, by tenant. */
  readonly lastNumbers: Map<string, number>;
}

/** All unknown voices of a store, of all tenants. */
export interface StoredUnknownVoices {
  readonly voices: readonly UnknownVoiceRow[];
  /** The last number given, by tenant: of every tenant with voices. */
  readonly lastNumbers: ReadonlyMap<string, number>;
}

const numbersRow = z.object({ tenantId: z.string().min(1), last: z.number().int().nonnegative() });

/** The file of the unknown voices. Rows never change in place, so their text is cached. */
export const UNKNOWN_VOICE_FORM: StoredForm<UnknownVoiceRows> = {
  format: FORMAT,
  version: VERSION,
  migrations: {},
  purpose: 'voice-prints unknown voices',
  noun: 'unknown voices',
  schema: z.object({ voices: z.array(unknownVoiceRow), numbers: z.array(numbersRow) }).transform(
    ({ voices, numbers }): UnknownVoiceRows => ({
      voices: new Map(voices.map((row) => [rowKey(row.tenantId, row.id), row])),
      lastNumbers: new Map(numbers.map(({ tenantId, last }) => [tenantId, last])),
    }),
  ),
  textOf: ({ voices, lastNumbers }) => {
    const numbers = Array.from(lastNumbers, ([tenantId, last]) => ({ tenantId, last }));
    const rows = Array.from(voices.values(), rowText).join(',\n');
    return `{"format":"${FORMAT}","version":${VERSION},"numbers":${JSON.stringify(numbers)},"voices":[\n${rows}\n]}\n`;
  },
  empty: () => ({ voices: new Map(), lastNumbers: new Map() }),
  copyOf: ({ voices, lastNumbers }) => ({ voices: new Map(voices), lastNumbers: new Map(lastNumbers) }),
  isSame: (a, b) => isSameMap(a.voices, b.voices) && isSameMap(a.lastNumbers, b.lastNumbers),
};

/** Stored form of an unknown voice. */
export function toUnknownRow(
  tenantId: string,
  { id, exemplars, speechMs, firstHeardMs, lastHeardMs, expiresAtMs, modelId }: UnknownVoice,
): UnknownVoiceRow {
  const rows = exemplars.map((exemplar) => ({
    embedding: toEmbeddingRow(exemplar.embedding),
    speechMs: exemplar.speechMs,
    ...present({ snrDb: exemplar.snrDb, bandwidthHz: exemplar.bandwidthHz }),
  }));
  const times = { firstHeardMs, lastHeardMs, ...present({ expiresAtMs }) };
  return { id, tenantId, exemplars: rows, speechMs, ...times, modelId };
}

/** A new unknown voice from a row: it owns its arrays. */
export function fromUnknownRow({ tenantId: _, exemplars, ...plain }: UnknownVoiceRow): UnknownVoice {
  return {
    ...plain,
    exemplars: exemplars.map((exemplar) => ({ ...exemplar, embedding: fromEmbeddingRow(exemplar.embedding) })),
  };
}

/** One unknown voice as a database has it. */
const ONE_FORM: ReadableForm<UnknownVoiceRow> = {
  format: 'voice-prints-unknown-voice',
  version: VERSION,
  migrations: {},
  purpose: 'voice-prints unknown voice',
  noun: 'unknown voice',
  schema: z.object({ voice: unknownVoiceRow }).transform(({ voice }) => voice),
  textOf: (voice) => JSON.stringify({ format: 'voice-prints-unknown-voice', version: VERSION, voice }),
};

export const unknownVoiceBytes = (row: UnknownVoiceRow): Buffer => Buffer.from(ONE_FORM.textOf(row), 'utf8');

/** Throws REGISTRY_CORRUPT, REGISTRY_VERSION_NEWER. */
export const unknownVoiceOf = (bytes: Buffer): UnknownVoiceRow => parseSealedBody(ONE_FORM, bytes);

const isSameMap = <K, V>(a: ReadonlyMap<K, V>, b: ReadonlyMap<K, V>): boolean =>
  a.size === b.size && [...a].every(([key, value]) => b.get(key) === value);

const texts = new WeakMap<UnknownVoiceRow, string>();
function rowText(row: UnknownVoiceRow): string {
  const known = texts.get(row);
  if (known !== undefined) return known;
  const text = JSON.stringify(row);
  texts.set(row, text);
  return text;
}
