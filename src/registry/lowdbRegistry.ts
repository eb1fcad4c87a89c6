import type { KeptSpeech, Voiceprint } from '../core/voiceprint.js';
import { guarded } from './guarded.js';
import { SealingKeys } from './sealingKeys.js';
import { RowFollower } from './sharded/rowFollower.js';
import { tenantsIn } from './sharded/sealEverything.js';
import { type OnAlive, ShardedStore } from './sharded/shardedStore.js';
import { SortedIds } from './sharded/sortedIds.js';
import type { SharedStoreOptions } from './sharedStore.js';
import { speakersExist } from './speakersExist.js';
import { SpeechFolder } from './speechFolder.js';
import { audioIdsOf, fromRow, toRow } from './stored/row.js';
import type { VoiceprintFollower, VoiceprintPage, VoiceprintRegistry } from './voiceprintRegistry.js';

export interface LowdbRegistryOptions extends SharedStoreOptions {
  /** Called now and then during work that may take minutes: a store of an earlier release is moved, many people are imported or read. */
  readonly onAlive?: OnAlive | undefined;
}

/**
 * Voiceprints in JSON files of a folder, for one machine; several processes may share the folder. The people of a tenant are
 * spread over files of bounded size (docs/adr/0010-shards.md). Kept speech is stored beside them, one file per sample.
 */
export class LowdbRegistry implements VoiceprintRegistry {
  readonly #folder: string;
  readonly #store: ShardedStore;
  readonly #speech: SpeechFolder;
  readonly #sorted = new Map<string, SortedIds>();
  #tidying: Promise<void> = Promise.resolve();
  #isClosed = false;

  private constructor(folder: string, options: LowdbRegistryOptions) {
    const { encryptionKey, lockWaitMs = 10_000, onAlive = () => undefined } = options;
    const keys = new SealingKeys(encryptionKey);
    this.#folder = folder;
    this.#speech = new SpeechFolder(folder, keys);
    this.#store = new ShardedStore({ folder, keys, speech: this.#speech, lockWaitMs, onAlive });
  }

  /**
   * Opens a folder, creating it if necessary. Throws REGISTRY_UNAVAILABLE, REGISTRY_CORRUPT, REGISTRY_VERSION_NEWER,
   * REGISTRY_KEY_MISSING or REGISTRY_KEY_WRONG. A store of an earlier release is moved to shards and a plain store given a key
   * is encrypted at once, unless it is read-only.
   */
  static async open(folder: string, options: LowdbRegistryOptions = {}): Promise<LowdbRegistry> {
    const registry = new LowdbRegistry(folder, options);
    await registry.#store.open();
    registry.#tidying = registry.#tidySpeech().catch(() => undefined); // a read-only or damaged folder must still open
    return registry;
  }

  async list(tenantId: string): Promise<readonly Voiceprint[]> {
    const all: Voiceprint[] = [];
    for await (const { put } of new RowFollower(this.#store, tenantId).changes()) all.push(...put.map(fromRow));
    return all.sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  async page(
    tenantId: string,
    { limit, after }: { readonly limit: number; readonly after?: string | undefined },
  ): Promise<VoiceprintPage> {
    const sorted = this.#sorted.get(tenantId) ?? new SortedIds(new RowFollower(this.#store, tenantId));
    this.#sorted.set(tenantId, sorted);
    const { ids, hasMore } = await sorted.page(after, limit);
    const voiceprints: Voiceprint[] = [];
    for (const id of ids) {
      const found = await this.get(tenantId, id);
      if (found) voiceprints.push(found);
    }
    return { voiceprints, ...(hasMore && { next: ids.at(-1)! }) };
  }

  follow(tenantId: string): VoiceprintFollower {
    const follower = new RowFollower(this.#store, tenantId);
    return {
      async *changes() {
        for await (const { put, gone } of follower.changes()) yield { put: put.map(fromRow), gone };
      },
    };
  }

  async get(tenantId: string, id: string): Promise<Voiceprint | undefined> {
    const row = await this.#store.get(tenantId, id);
    return row && fromRow(row);
  }

  update(
    tenantId: string,
    id: string,
    change: (current: Voiceprint | undefined) => Voiceprint | undefined,
  ): Promise<Voiceprint | undefined> {
    return this.#store.change(tenantId, [id], (rows) => {
      const row = rows.get(id);
      const current = row && fromRow(row);
      const after = change(current);
      if (after === current) return current;
      if (after) rows.set(id, toRow({ ...after, tenantId, id }));
      else rows.delete(id);
      return after;
    });
  }

  putAll(
    tenantId: string,
    voiceprints: readonly Voiceprint[],
    { replace }: { readonly replace: boolean },
  ): Promise<void> {
    const ids = voiceprints.map(({ id }) => id);
    return this.#store.change(tenantId, ids, (rows) => {
      const taken = ids.filter((id) => rows.get(id));
      if (taken.length > 0 && !replace) throw speakersExist(taken);
      for (const voiceprint of voiceprints) rows.set(voiceprint.id, toRow({ ...voiceprint, tenantId }));
    });
  }

  delete(tenantId: string, id: string): Promise<boolean> {
    return this.#store.change(tenantId, [id], (rows) => rows.delete(id));
  }

  keepSpeech(tenantId: string, id: string, audioId: string, speech: KeptSpeech): Promise<boolean> {
    // No erasure may come between the look and the write: it would not find the file.
    return this.#store.exclusively(async () => {
      const row = await this.#store.get(tenantId, id);
      if (!row || !audioIdsOf(row).includes(audioId)) return false;
      await this.#speech.write(tenantId, audioId, speech);
      return true;
    });
  }

  speech(tenantId: string, audioId: string): Promise<KeptSpeech | undefined> {
    return guarded(() => this.#speech.read(tenantId, audioId));
  }

  /** Waits for pending writes; afterwards every call is refused. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    await this.#tidying;
    await this.#store.close();
  }

  /** Erases speech that no voiceprint refers to: of a backup that was restored in parts, for example. */
  async #tidySpeech(): Promise<void> {
    if (!(await this.#speech.hasAbandoned())) return;
    const named = new Set<string>();
    for (const tenantId of await tenantsIn(this.#folder)) {
      for await (const { put } of new RowFollower(this.#store, tenantId).changes()) {
        if (this.#isClosed) return;
        for (const audioId of put.flatMap(audioIdsOf)) named.add(audioId);
      }
    }
    await this.#speech.eraseAllBut(named);
  }
}
