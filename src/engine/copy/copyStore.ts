import { existsSync } from 'node:fs';
import { asVoicePrintsError, VoicePrintsError } from '../../core/errors.js';
import type { StorePlace } from '../../core/storePlace.js';
import { LowdbRegistry } from '../../registry/lowdbRegistry.js';
import { tenantsIn } from '../../registry/sharded/sealEverything.js';
import type { VoiceprintRegistry } from '../../registry/voiceprintRegistry.js';
import { assertNobodyDiffers, copyPeople } from './copyPeople.js';
import type { CopiedStore, CopyRequest } from './copyRequest.js';
import { copyAuditLog, copyCalibrations, copyUnknownVoices } from './copyRest.js';

/**
 * Copies a store from a folder to a database, back, or between two of a kind. What is there already is not copied again, so that a
 * copy that was interrupted is continued by the next. Jobs and models are not copied, and keys by whoever knows them.
 *
 * @throws VoicePrintsError SPEAKER_EXISTS (nothing was changed), INPUT_INVALID, FILE_NOT_FOUND, ABORTED, and what opening either store throws
 */
export async function copyStore(request: CopyRequest): Promise<CopiedStore> {
  const { from, to, encryptionKey, signal } = request;
  if (from.databaseUrl === to.databaseUrl && from.storeDirectory === to.storeDirectory)
    throw new VoicePrintsError('INPUT_INVALID', 'both are the same store; name two');
  if (from.databaseUrl === undefined && !existsSync(from.storeDirectory))
    throw new VoicePrintsError('FILE_NOT_FOUND', 'there is no folder to copy from; name that of a store');
  try {
    const { source, key } = await openSource(from, encryptionKey);
    await using _source = source;
    await using target = await openRegistry(to, encryptionKey);
    const people = { source, target, tenants: await tenantsOf(from) };
    const total = await assertNobodyDiffers(people, request);
    return {
      ...(await copyPeople(people, request, total)),
      unknownVoices: await copyUnknownVoices(request, key),
      calibrations: await copyCalibrations(request),
      auditEntries: await copyAuditLog(request),
    };
  } catch (error) {
    if (signal.aborted) throw new VoicePrintsError('ABORTED', 'the copy was stopped; run it again to continue it');
    throw asVoicePrintsError(error);
  }
}

/** Without the key where the store has none: it would be encrypted, and a copy leaves its source as it is. */
async function openSource(
  place: StorePlace,
  encryptionKey: string | undefined,
): Promise<{ readonly source: VoiceprintRegistry; readonly key: string | undefined }> {
  try {
    return { source: await openRegistry(place, undefined), key: undefined };
  } catch (error) {
    if (encryptionKey === undefined || asVoicePrintsError(error).code !== 'REGISTRY_KEY_MISSING') throw error;
    return { source: await openRegistry(place, encryptionKey), key: encryptionKey };
  }
}

async function openRegistry(
  { storeDirectory, databaseUrl }: StorePlace,
  encryptionKey: string | undefined,
): Promise<VoiceprintRegistry> {
  if (databaseUrl === undefined) return LowdbRegistry.open(storeDirectory, { encryptionKey });
  const { PostgresRegistry } = await import('../../registry/postgres/postgresRegistry.js');
  return PostgresRegistry.open(databaseUrl, { encryptionKey });
}

async function tenantsOf({ storeDirectory, databaseUrl }: StorePlace): Promise<readonly string[]> {
  if (databaseUrl === undefined) return tenantsIn(storeDirectory);
  const { tenantsOfDatabase } = await import('../../registry/postgres/postgresCopies.js');
  return tenantsOfDatabase(databaseUrl);
}
