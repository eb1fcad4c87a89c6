import { z } from 'zod';
import { type VoiceprintRow, voiceprintRow } from './row.js';
import type { StoredForm } from './storedForm.js';

const FORMAT = 'voice-prints-store';
/** Version 2: exemplars may refer to kept audio, which older code would not erase with the person. */
const VERSION = 2;

/** Rows by `rowKey`. A Map, and an array on disk: ids such as `__proto__` must be ordinary keys. */
export type Rows = Map<string, VoiceprintRow>;
/** Newline cannot occur in an id, so keys of two tenants never collide. */
export const rowKey = (tenantId: string, id: string): string => `${tenantId}\n${id}`;

/** The one file that held all voiceprints before version 3 of the store (see headForm.ts); read, and moved to shards. */
export const VOICEPRINT_FORM: StoredForm<Rows> = {
  format: FORMAT,
  version: VERSION,
  migrations: { 1: (document) => document },
  purpose: 'voice-prints store',
  noun: 'voiceprints',
  schema: z
    .object({ voiceprints: z.array(voiceprintRow) })
    .transform(({ voiceprints }): Rows => new Map(voiceprints.map((row) => [rowKey(row.tenantId, row.id), row]))),
  textOf: (rows) =>
    `{"format":"${FORMAT}","version":${VERSION},"voiceprints":[\n${Array.from(rows.values(), (row) => JSON.stringify(row)).join(',\n')}\n]}\n`,
  empty: () => new Map(),
  copyOf: (rows) => new Map(rows),
  isSame: (a, b) => a.size === b.size && [...a].every(([key, row]) => b.get(key) === row),
};
