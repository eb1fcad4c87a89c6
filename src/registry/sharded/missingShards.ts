import { join } from 'node:path';
import { SealingKeys } from '../sealingKeys.js';
import { HeadFile } from './headFile.js';
import { tenantsIn } from './sealEverything.js';
import { headOf } from './shardedStore.js';
import { gapsOf, SHARDS } from './shardNames.js';
import { TenantShards } from './tenantShards.js';

/**
 * Files of voiceprints, of any tenant, that were there and are lost, relative to the folder of the store. Found by the other half of a
 * split, and by what the head remembers of the last writes: of a tenant who was never split nor written to of late there is no trace.
 */
export async function missingShards(folder: string): Promise<string[]> {
  const keys = new SealingKeys(undefined); // only names are looked at
  const { recent } = headOf(await new HeadFile(join(folder, 'voiceprints.json')).read());
  const written = recent.flatMap(({ shards }) => shards ?? []);
  const writers = written.map((place) => decodeURIComponent(place.slice(0, place.lastIndexOf('/'))));
  const missing = new Set<string>();
  for (const tenantId of new Set([...(await tenantsIn(folder)), ...writers])) {
    const tenant = new TenantShards(folder, tenantId, keys);
    const names = await tenant.names();
    const isThere = (name: string): boolean => [...names].some((one) => one.startsWith(name) || name.startsWith(one));
    const known = written.flatMap((place) => tenant.shardAt(place) ?? []);
    for (const name of [...gapsOf(names), ...known.filter((one) => !isThere(one))]) missing.add(tenant.placeOf(name));
  }
  return [...missing].map((place) => `${SHARDS}/${place}.json`);
}
