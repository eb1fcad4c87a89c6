import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { moveFile } from '../../files/atomicFile.js';
import { seal } from '../../sealing/sealing.js';
import type { SealingKeys } from '../sealingKeys.js';
import type { KeyCheck, StoreHead } from '../stored/headForm.js';
import { audioIdsOf } from '../stored/row.js';
import { StoreFile } from '../stored/storeFile.js';
import { committed } from './headFile.js';
import type { IntentParts } from './intents.js';
import { SHARDS } from './shardNames.js';
import { TenantShards } from './tenantShards.js';

const PURPOSE = 'voice-prints store key';

export interface SealParts extends IntentParts {
  readonly keys: SealingKeys;
}

/**
 * Encrypts what was stored before there was a key. The head says last that the store is encrypted; whoever finds that it does
 * not, continues. Only while holding the store's lock.
 */
export async function sealEverything(
  head: StoreHead,
  { folder, keys, headFile, speech }: SealParts,
  renew: () => Promise<void>,
): Promise<void> {
  for (const tenantId of await tenantsIn(folder)) {
    const tenant = new TenantShards(folder, tenantId, keys);
    for (const name of await tenant.names()) {
      const { rows, isPlain } = await tenant.shardOnce(name);
      if (!rows) continue;
      for (const audioId of [...rows.values()].flatMap(audioIdsOf)) {
        const kept = await speech.read(tenantId, audioId);
        if (kept) await speech.write(tenantId, audioId, kept);
      }
      if (!isPlain) continue;
      const path = join(tenant.folder, `${name}.json`);
      const temporary = await new StoreFile(path, tenant.fileForm(name), keys).stage(rows, headFile.path);
      await renew();
      await moveFile(temporary, path);
    }
  }
  await headFile.write({ ...committed(head, []), ...(await keyCheckOf(keys)) });
}

/** What proves a key to be the store's: nothing where there is none. */
export async function keyCheckOf(keys: SealingKeys): Promise<{ readonly keyCheck?: KeyCheck }> {
  const key = await keys.forSealing();
  return key ? { keyCheck: seal(Buffer.from(PURPOSE), key, PURPOSE) } : {};
}

/** Tenants with shards. */
export async function tenantsIn(folder: string): Promise<string[]> {
  const entries = await readdir(join(folder, SHARDS), { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  // See tenantFolder: whatever else lies there, such as what file managers leave, is nobody's.
  const folders = entries.filter((entry) => entry.isDirectory() && /^(?:[\w!'()*~-]|%[\dA-F]{2})+$/.test(entry.name));
  return folders.map(({ name }) => decodeURIComponent(name));
}
