import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Voiceprint } from '../../src/core/voiceprint.js';
import { toRow } from '../../src/registry/stored/row.js';
import { newSealingKey, STORE_ROUNDS, seal } from '../../src/sealing/sealing.js';

/** Writes a store as 0.1.0 (version 1) and 0.2.0 (version 2) did: everybody in one file. */
export async function writeEarlierStore(
  folder: string,
  people: readonly Voiceprint[],
  { version = 2, encryptionKey }: { readonly version?: 1 | 2; readonly encryptionKey?: string | undefined } = {},
): Promise<void> {
  const rows = people.map((voiceprint) => JSON.stringify(toRow(voiceprint))).join(',\n');
  const head = `{"format":"voice-prints-store","version":${version},`;
  const text = `${head}"voiceprints":[\n${rows}\n]}\n`;
  const sealed =
    encryptionKey && seal(Buffer.from(text), await newSealingKey(encryptionKey, STORE_ROUNDS), 'voice-prints store');
  await writeFile(join(folder, 'voiceprints.json'), sealed ? `${head}"sealed":${JSON.stringify(sealed)}}\n` : text);
}
