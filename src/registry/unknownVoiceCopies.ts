import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { StorePlace } from '../core/storePlace.js';
import { UNKNOWN_VOICES_PLACE } from './lowdbUnknownVoices.js';
import { SealingKeys } from './sealingKeys.js';
import { SharedStore } from './sharedStore.js';
import { type StoredUnknownVoices, UNKNOWN_VOICE_FORM } from './stored/unknownVoiceForm.js';
import { rowKey } from './stored/voiceprintForm.js';

/** What a store holds of unknown voices. Throws the errors of LowdbRegistry.open. */
export async function storedUnknownVoices(
  { storeDirectory, databaseUrl }: StorePlace,
  encryptionKey: string | undefined,
): Promise<StoredUnknownVoices> {
  if (databaseUrl !== undefined) return (await postgres()).unknownVoicesOfDatabase(databaseUrl, encryptionKey);
  if (!existsSync(join(storeDirectory, UNKNOWN_VOICES_PLACE.file))) return { voices: [], lastNumbers: new Map() };
  const file = fileOf(storeDirectory, encryptionKey);
  await file.open();
  const { voices, lastNumbers } = await file.read();
  await file.close();
  return { voices: [...voices.values()], lastNumbers };
}

/** Adds unknown voices with their numbers, in place of those that have the same. */
export async function putUnknownVoices(
  { storeDirectory, databaseUrl }: StorePlace,
  encryptionKey: string | undefined,
  given: StoredUnknownVoices,
): Promise<void> {
  if (databaseUrl !== undefined) {
    await (await postgres()).putUnknownVoicesInDatabase(databaseUrl, encryptionKey, given);
    return;
  }
  const file = fileOf(storeDirectory, encryptionKey);
  await file.open();
  try {
    await file.write(({ voices, lastNumbers }) => {
      for (const row of given.voices) voices.set(rowKey(row.tenantId, row.id), row);
      for (const [tenantId, last] of given.lastNumbers)
        lastNumbers.set(tenantId, Math.max(last, lastNumbers.get(tenantId) ?? 0));
    });
  } finally {
    await file.close();
  }
}

const fileOf = (folder: string, encryptionKey: string | undefined) =>
  new SharedStore(UNKNOWN_VOICE_FORM, { folder, ...UNKNOWN_VOICES_PLACE }, new SealingKeys(encryptionKey));

const postgres = () => import('./postgres/postgresCopies.js');
