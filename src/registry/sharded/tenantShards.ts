import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Low } from 'lowdb';
import { VoicePrintsError } from '../../core/errors.js';
import { InTurn } from '../../core/inTurn.js';
import type { SealingKeys } from '../sealingKeys.js';
import { type ShardRows, shardForm } from '../stored/shardForm.js';
import { fingerprintOf, StoreFile } from '../stored/storeFile.js';
import { tenantFolder } from '../tenantFolder.js';
import { leavesOf, pathOfId, SHARDS, shardOf } from './shardNames.js';

/** Shards whose rows are kept in memory, of one tenant. */
const MOST_CACHED = 16;

/** One shard as it was found. */
export interface FoundShard {
  readonly name: string;
  /** Undefined where there is no such file. Must not be modified. */
  readonly rows: ShardRows | undefined;
  readonly fingerprint: string | undefined;
  /** True where the file is not encrypted. */
  readonly isPlain: boolean;
}

/** The shards of one tenant: reads need no lock. */
export class TenantShards {
  readonly tenantId: string;
  readonly folder: string;
  readonly #place: string;
  readonly #keys: SealingKeys;
  /** Undefined where the folder has to be listed anew. */
  #names: ReadonlySet<string> | undefined;
  #leftover: readonly string[] = [];
  readonly #cached = new Map<string, CachedShard>();

  constructor(storeFolder: string, tenantId: string, keys: SealingKeys) {
    this.tenantId = tenantId;
    this.#place = tenantFolder(tenantId);
    this.folder = join(storeFolder, SHARDS, this.#place);
    this.#keys = keys;
  }

  /** A shard as the head of the store names it. */
  placeOf(shard: string): string {
    return `${this.#place}/${shard}`;
  }

  /** The shard of a place; undefined where it is another tenant's. */
  shardAt(place: string): string | undefined {
    return place.startsWith(`${this.#place}/`) ? place.slice(this.#place.length + 1) : undefined;
  }

  /** The names of all shards, as the folder has them now. */
  async names(): Promise<ReadonlySet<string>> {
    const files = (await readdir(this.folder).catch(absent)) ?? [];
    const { names, leftover } = leavesOf(
      files.filter((name) => /^r[01]*\.json$/.test(name)).map((name) => name.slice(0, -5)),
    );
    this.#names = names;
    this.#leftover = leftover;
    return names;
  }

  /** Shards that do not count any more, as the folder was last listed: to be deleted with the next write. */
  get leftover(): readonly string[] {
    return this.#leftover;
  }

  /** The shard that holds an id, as far as is known without looking. */
  knownShardOf(id: string): string | undefined {
    return this.#names && shardOf(pathOfId(this.tenantId, id), this.#names);
  }

  /** What identifies the version of a shard; undefined where there is none. */
  async fingerprintOf(name: string): Promise<string | undefined> {
    const found = await stat(this.#pathOf(name), { bigint: true }).catch(absent);
    return found && fingerprintOf(found);
  }

  /** The shard that holds an id, or would hold it. Throws REGISTRY_CORRUPT, REGISTRY_KEY_MISSING, REGISTRY_KEY_WRONG. */
  async shardWith(id: string): Promise<FoundShard> {
    const path = pathOfId(this.tenantId, id);
    let names = this.#names ?? (await this.names());
    for (;;) {
      const name = shardOf(path, names);
      const found = await this.shard(name);
      if (found.rows) return found;
      // Not there: nothing was ever stored in it, or another process has split it.
      names = await this.names();
      if (shardOf(path, names) === name) return found;
    }
  }

  shard(name: string): Promise<FoundShard> {
    const cached = this.#cached.get(name) ?? new CachedShard(this.#pathOf(name), this.fileForm(name), this.#keys);
    this.#cached.delete(name);
    this.#cached.set(name, cached);
    for (const oldest of this.#cached.keys()) {
      if (this.#cached.size <= MOST_CACHED) break;
      this.#cached.delete(oldest);
    }
    return cached.read(name);
  }

  /** A shard that is read once, as when all are. */
  shardOnce(name: string): Promise<FoundShard> {
    const cached = this.#cached.get(name);
    return (cached ?? new CachedShard(this.#pathOf(name), this.fileForm(name), this.#keys)).read(name);
  }

  fileForm(name: string) {
    return shardForm(this.tenantId, name);
  }

  /** Forgets which shards there are: after a change of this process. */
  forgetNames(): void {
    this.#names = undefined;
  }

  #pathOf(name: string): string {
    return join(this.folder, `${name}.json`);
  }
}

/** A shard in memory, read again where its file changed. */
class CachedShard {
  readonly #file: StoreFile<ShardRows>;
  readonly #db: Low<ShardRows>;
  /** Serializes reads: a slow one must not undo a later one. */
  readonly #reads = new InTurn();

  constructor(path: string, form: ReturnType<typeof shardForm>, keys: SealingKeys) {
    this.#file = new StoreFile(path, form, keys);
    this.#db = new Low<ShardRows>(this.#file, form.empty());
  }

  read(name: string): Promise<FoundShard> {
    return this.#reads.run(async (): Promise<FoundShard> => {
      await this.#db.read().catch((error: unknown) => {
        throw inShard(name, error);
      });
      const { isThere, isPlain, fingerprint } = this.#file;
      return { name, rows: isThere ? this.#db.data : undefined, isPlain, fingerprint };
    });
  }
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

/** Damage names the file: the others can still be read, and a backup of this one is enough. */
function inShard(name: string, error: unknown): unknown {
  if (!(error instanceof VoicePrintsError) || error.code !== 'REGISTRY_CORRUPT') return error;
  const message = `${error.message} (file ${SHARDS}/…/${name}.json; the others are not affected)`;
  return new VoicePrintsError('REGISTRY_CORRUPT', message, { details: { file: `${name}.json` }, cause: error.cause });
}
