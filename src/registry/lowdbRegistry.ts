import { VoicePrintsError } from '../core/errors.js';
import type { Voiceprint } from '../core/voiceprint.js';
import { fromRow, toRow } from './row.js';
import { SharedStore, type SharedStoreOptions } from './sharedStore.js';
import { type Rows, rowKey, VOICEPRINT_FORM } from './voiceprintForm.js';
import type { VoiceprintRegistry } from './voiceprintRegistry.js';

export type LowdbRegistryOptions = SharedStoreOptions;

/** Voiceprints in one JSON file of a folder, for one machine; several processes may share the folder. */
export class LowdbRegistry implements VoiceprintRegistry {
  readonly #store: SharedStore<Rows>;

  private constructor(directory: string, options: LowdbRegistryOptions) {
    const place = { directory, file: 'voiceprints.json', lock: '.voiceprints.lock' };
    this.#store = new SharedStore(VOICEPRINT_FORM, place, options);
  }

  /**
   * Opens a folder, made when missing. Throws REGISTRY_UNAVAILABLE, REGISTRY_CORRUPT, REGISTRY_VERSION_NEWER,
   * REGISTRY_KEY_MISSING or REGISTRY_KEY_WRONG. A plain store given a key stays plain until its next write.
   */
  static async open(directory: string, options: LowdbRegistryOptions = {}): Promise<LowdbRegistry> {
    const registry = new LowdbRegistry(directory, options);
    await registry.#store.open();
    return registry;
  }

  async list(tenantId: string): Promise<readonly Voiceprint[]> {
    const rows = await this.#store.read();
    const own = [...rows.values()].filter((row) => row.tenantId === tenantId);
    return own.sort((a, b) => (a.id < b.id ? -1 : 1)).map(fromRow);
  }

  async get(tenantId: string, id: string): Promise<Voiceprint | undefined> {
    const row = (await this.#store.read()).get(rowKey(tenantId, id));
    return row && fromRow(row);
  }

  update(
    tenantId: string,
    id: string,
    change: (current: Voiceprint | undefined) => Voiceprint | undefined,
  ): Promise<Voiceprint | undefined> {
    return this.#store.write((rows) => {
      const key = rowKey(tenantId, id);
      const row = rows.get(key);
      const current = row && fromRow(row);
      const after = change(current);
      if (after === current) return current;
      if (after) rows.set(key, toRow({ ...after, tenantId, id }));
      else rows.delete(key);
      return after;
    });
  }

  putAll(
    tenantId: string,
    voiceprints: readonly Voiceprint[],
    { replace }: { readonly replace: boolean },
  ): Promise<void> {
    return this.#store.write((rows) => {
      const taken = voiceprints.filter(({ id }) => rows.has(rowKey(tenantId, id))).map(({ id }) => id);
      if (taken.length > 0 && !replace) throw speakersExist(taken);
      for (const voiceprint of voiceprints)
        rows.set(rowKey(tenantId, voiceprint.id), toRow({ ...voiceprint, tenantId }));
    });
  }

  delete(tenantId: string, id: string): Promise<boolean> {
    return this.#store.write((rows) => rows.delete(rowKey(tenantId, id)));
  }

  /** Waits for writes under way; afterwards every call is refused. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#store.close();
  }
}

const speakersExist = (ids: readonly string[]) =>
  new VoicePrintsError(
    'SPEAKER_EXISTS',
    `${ids.length === 1 ? 'this speaker is' : 'these speakers are'} already enrolled: ${ids.join(', ')}; ask to replace them, or leave them out`,
    { details: { speakerIds: ids.join(',') } },
  );
