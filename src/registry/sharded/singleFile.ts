import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Low } from 'lowdb';
import { syncFolder } from '../../files/atomicFile.js';
import type { SealingKeys } from '../sealingKeys.js';
import type { ShardRows } from '../stored/shardForm.js';
import { StoreFile } from '../stored/storeFile.js';
import { type Rows, VOICEPRINT_FORM } from '../stored/voiceprintForm.js';
import { committed, EMPTY_HEAD, type HeadFile } from './headFile.js';
import { keyCheckOf } from './sealEverything.js';
import { ROOT, SHARDS } from './shardNames.js';
import { splitShard } from './splitShard.js';
import { TenantShards } from './tenantShards.js';

/** The one file in which releases before 0.3 kept all voiceprints. */
export class SingleFile {
  readonly #file: StoreFile<Rows>;
  readonly #db: Low<Rows>;

  constructor(path: string, keys: SealingKeys) {
    this.#file = new StoreFile(path, VOICEPRINT_FORM, keys);
    this.#db = new Low<Rows>(this.#file, new Map());
  }

  /** True where the file is not encrypted, as it was last read. */
  get isPlain(): boolean {
    return this.#file.isPlain;
  }

  /** Throws REGISTRY_CORRUPT, REGISTRY_KEY_MISSING, REGISTRY_KEY_WRONG. */
  async rows(): Promise<Rows> {
    await this.#db.read();
    return this.#db.data;
  }
}

interface MoveParts {
  readonly folder: string;
  readonly keys: SealingKeys;
  readonly headFile: HeadFile;
}

/**
 * Moves the rows of the single file to shards. The single file is replaced by the head last: until then it is what counts, and
 * whoever finds it begins anew. Nothing of it is left. Only while holding the store's lock.
 */
export async function moveSingleFile(
  { rows, isPlain }: { readonly rows: Rows; readonly isPlain: boolean },
  { folder, keys, headFile }: MoveParts,
  renew: () => Promise<void>,
): Promise<void> {
  const shards = join(folder, SHARDS);
  await rm(shards, { recursive: true, force: true }); // left by a move that was interrupted
  await mkdir(shards, { recursive: true, mode: 0o700 });
  for (const [tenantId, own] of byTenant(rows)) {
    const tenant = new TenantShards(folder, tenantId, keys);
    await mkdir(tenant.folder, { mode: 0o700 });
    for (const [name, part] of splitShard(tenantId, ROOT, own)) {
      const path = join(tenant.folder, `${name}.json`);
      await rename(await new StoreFile(path, tenant.fileForm(name), keys).stage(part, headFile.path), path);
      await renew();
    }
    await syncFolder(tenant.folder);
  }
  await syncFolder(shards);
  await syncFolder(folder);
  // Of a plain file, kept speech is still to be sealed: see sealEverything.
  await headFile.write(committed({ ...EMPTY_HEAD, ...(isPlain ? {} : await keyCheckOf(keys)) }, []));
}

function byTenant(rows: Rows): Map<string, ShardRows> {
  const tenants = new Map<string, ShardRows>();
  for (const row of rows.values()) {
    const own = tenants.get(row.tenantId) ?? new Map();
    tenants.set(row.tenantId, own.set(row.id, row));
  }
  return tenants;
}
