import { z } from 'zod';
import { type VoiceprintRow, voiceprintRow } from './row.js';
import { bodyFrom, type StoredForm } from './storedForm.js';

const FORMAT = 'voice-prints-shard';
const VERSION = 1;

/** Voiceprints of one shard of a tenant, by id. A Map, and an array on disk: ids such as `__proto__` must be ordinary keys. */
export type ShardRows = Map<string, VoiceprintRow>;

const schema = bodyFrom(
  z.object({ voiceprints: z.array(voiceprintRow) }),
  ({ voiceprints }): ShardRows => new Map(voiceprints.map((row) => [row.id, row])),
);

/** The file of one shard. The purpose contains its place, so that sealed files cannot be exchanged. */
export const shardForm = (tenantId: string, shard: string): StoredForm<ShardRows> => ({
  format: FORMAT,
  version: VERSION,
  migrations: {},
  purpose: `voice-prints shard\n${tenantId}\n${shard}`,
  noun: `voiceprints in ${shard}.json`,
  schema,
  textOf: (rows) =>
    `{"format":"${FORMAT}","version":${VERSION},"voiceprints":[\n${Array.from(rows.values(), rowText).join(',\n')}\n]}\n`,
  empty: () => new Map(),
  copyOf: (rows) => new Map(rows),
  isSame: (a, b) => a.size === b.size && [...a].every(([id, row]) => b.get(id) === row),
});

/** A row as it is written. Rows never change in place, so their text is cached. */
export function rowText(row: VoiceprintRow): string {
  const known = texts.get(row);
  if (known !== undefined) return known;
  const text = JSON.stringify(row);
  texts.set(row, text);
  return text;
}

const texts = new WeakMap<VoiceprintRow, string>();
