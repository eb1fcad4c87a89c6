import { createHash } from 'node:crypto';
import type { VoiceprintRow } from '../stored/row.js';
import { rowText } from '../stored/shardForm.js';
import { changedSince, type HeadState } from './headFile.js';
import { headOf, type ShardedStore } from './shardedStore.js';
import type { TenantShards } from './tenantShards.js';

/** Rows that are new or changed, and ids of those that are gone. */
export interface RowChanges {
  readonly put: readonly VoiceprintRow[];
  readonly gone: readonly string[];
}

interface KnownShard {
  readonly fingerprint: string | undefined;
  readonly ids: ReadonlySet<string>;
}

/** Where all rows of the single file of an earlier release are said to be. */
const SINGLE = 'single file';

interface KnownRow {
  readonly shard: string;
  readonly digest: string;
}

/** Follows the rows of one tenant: knows each by a digest, and reads only shards that changed. One caller at a time. */
export class RowFollower {
  readonly #store: ShardedStore;
  readonly #tenant: TenantShards;
  readonly #rows = new Map<string, KnownRow>();
  readonly #shards = new Map<string, KnownShard>();
  /** Ids that are no longer in their shard, nor, as far as is known, in another: their absence is given last. */
  readonly #missing = new Set<string>();
  /** The last commit whose changes are known; undefined where there is none. */
  #commitId: string | undefined;

  constructor(store: ShardedStore, tenantId: string) {
    this.#store = store;
    this.#tenant = store.tenant(tenantId);
  }

  /** What changed since the last call, in parts; the first call gives everybody. What a call that fails has not given comes again. */
  async *changes(): AsyncGenerator<RowChanges> {
    const state = await this.#store.settled();
    const looked = new Set<string>();
    if (state.kind === 'single') yield* this.#lookAtSingle();
    else {
      for (let due = await this.#due(state); due.length > 0; due = await this.#added(looked)) {
        for (const name of due) {
          looked.add(name);
          yield* this.#look(name);
        }
      }
    }
    const gone = [...this.#missing];
    if (gone.length > 0) yield { put: [], gone };
    for (const id of gone) this.#rows.delete(id);
    this.#missing.clear();
    this.#commitId = headOf(state).recent.at(-1)?.id;
  }

  /** Shards to look at: those that changed since, where that is known, else all. */
  async #due(state: HeadState): Promise<string[]> {
    const head = headOf(state);
    const since = changedSince(head, this.#commitId);
    if (!since) return [...new Set([...this.#shards.keys(), ...(await this.#tenant.names())])];
    const places = [...since, ...(head.touched ?? [])];
    return [...new Set(places.flatMap((place) => this.#tenant.shardAt(place) ?? []))];
  }

  /** Where a shard was split after it was found due: those in its place. */
  async #added(looked: ReadonlySet<string>): Promise<string[]> {
    const isAllThere = [...looked].every((name) => this.#shards.has(name));
    if (isAllThere) return [];
    return [...(await this.#tenant.names())].filter((name) => !looked.has(name) && !this.#shards.has(name));
  }

  async *#look(name: string): AsyncGenerator<RowChanges> {
    this.#store.onAlive();
    const known = this.#shards.get(name);
    if (known && known.fingerprint === (await this.#tenant.fingerprintOf(name))) return;
    const { rows, fingerprint } = await this.#tenant.shardOnce(name);
    yield* this.#take(name, rows && [...rows.values()], fingerprint);
  }

  async *#lookAtSingle(): AsyncGenerator<RowChanges> {
    yield* this.#take(SINGLE, await this.#store.singleRows(this.#tenant.tenantId));
    for (const name of this.#shards.keys()) if (name !== SINGLE) yield* this.#take(name, undefined);
  }

  /** Remembers the rows of a shard, undefined where it is gone, and gives what is new in it. */
  *#take(name: string, rows: readonly VoiceprintRow[] = [], fingerprint?: string): Generator<RowChanges> {
    const digests = new Map(rows.map((row) => [row.id, digestOf(row)]));
    const put = rows.filter(({ id }) => this.#rows.get(id)?.digest !== digests.get(id));
    if (put.length > 0) yield { put, gone: [] };
    for (const [id, digest] of digests) {
      this.#rows.set(id, { shard: name, digest });
      this.#missing.delete(id);
    }
    for (const id of this.#shards.get(name)?.ids ?? []) {
      if (this.#rows.get(id)?.shard === name && !digests.has(id)) this.#missing.add(id);
    }
    if (digests.size > 0 || fingerprint !== undefined)
      this.#shards.set(name, { fingerprint, ids: new Set(digests.keys()) });
    else this.#shards.delete(name);
  }
}

const digestOf = (row: VoiceprintRow): string =>
  createHash('sha256').update(rowText(row)).digest('base64').slice(0, 16);
