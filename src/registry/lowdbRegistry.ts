import { VoicePrintsError } from '../core/errors.js';
import type { KeptSpeech, Voiceprint } from '../core/voiceprint.js';
import { SealingKeys } from './sealingKeys.js';
import { guarded, SharedStore, type SharedStoreOptions } from './sharedStore.js';
import { SpeechFolder } from './speechFolder.js';
import { fromRow, toRow, type VoiceprintRow } from './stored/row.js';
import { type Rows, rowKey, VOICEPRINT_FORM } from './stored/voiceprintForm.js';
import type { VoiceprintRegistry } from './voiceprintRegistry.js';

export type LowdbRegistryOptions = SharedStoreOptions;

/**
 * Voiceprints in one JSON file of a folder, for one machine; several processes may share the folder. Kept speech is stored
 * beside it, one file per sample.
 */
export class LowdbRegistry implements VoiceprintRegistry {
  readonly #store: SharedStore<Rows>;
  readonly #speech: SpeechFolder;

  private constructor(folder: string, { encryptionKey, lockWaitMs }: LowdbRegistryOptions) {
    const place = { folder, file: 'voiceprints.json', lock: '.voiceprints.lock' };
    const keys = new SealingKeys(encryptionKey);
    this.#store = new SharedStore(VOICEPRINT_FORM, place, keys, lockWaitMs);
    this.#speech = new SpeechFolder(folder, keys);
  }

  /**
   * Opens a folder, creating it if necessary. Throws REGISTRY_UNAVAILABLE, REGISTRY_CORRUPT, REGISTRY_VERSION_NEWER,
   * REGISTRY_KEY_MISSING or REGISTRY_KEY_WRONG. A plain store given a key is encrypted at once, unless it is read-only.
   */
  static async open(folder: string, options: LowdbRegistryOptions = {}): Promise<LowdbRegistry> {
    const registry = new LowdbRegistry(folder, options);
    await registry.#store.open();
    await registry.#tidySpeech().catch(() => undefined); // a read-only folder must still open
    await registry.#sealWhatIsPlain().catch((error: unknown) => {
      if (!isReadOnly(error)) throw error;
    });
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
    return this.#change((rows) => {
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
    return this.#change((rows) => {
      const taken = voiceprints.filter(({ id }) => rows.has(rowKey(tenantId, id))).map(({ id }) => id);
      if (taken.length > 0 && !replace) throw speakersExist(taken);
      for (const voiceprint of voiceprints)
        rows.set(rowKey(tenantId, voiceprint.id), toRow({ ...voiceprint, tenantId }));
    });
  }

  delete(tenantId: string, id: string): Promise<boolean> {
    return this.#change((rows) => rows.delete(rowKey(tenantId, id)));
  }

  async keepSpeech(tenantId: string, audioId: string, speech: KeptSpeech): Promise<boolean> {
    await guarded(() => this.#speech.write(tenantId, audioId, speech));
    // Checked after writing: an erasure from now on finds the file by the reference, and erases it, too.
    const isNamed = [...(await this.#store.read()).values()].some(
      (row) => row.tenantId === tenantId && audioIdsOf(row).includes(audioId),
    );
    if (!isNamed) await guarded(() => this.#speech.erase([audioId]));
    return isNamed;
  }

  speech(tenantId: string, audioId: string): Promise<KeptSpeech | undefined> {
    return guarded(() => this.#speech.read(tenantId, audioId));
  }

  /** Waits for pending writes; afterwards every call is refused. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#store.close();
  }

  /** Erases speech that no voiceprint refers to. */
  async #tidySpeech(): Promise<void> {
    const rows = [...(await this.#store.read()).values()];
    await this.#speech.eraseAllBut(new Set(rows.flatMap(audioIdsOf)));
  }

  /** Seals data stored before there was a key: the speech first, so that a plain store shows that something is left to seal. */
  async #sealWhatIsPlain(): Promise<void> {
    const rows = [...(await this.#store.read()).values()];
    if (!this.#store.isToBeSealed) return;
    for (const row of rows) {
      for (const audioId of audioIdsOf(row)) {
        const speech = await guarded(() => this.#speech.read(row.tenantId, audioId));
        if (speech) await guarded(() => this.#speech.write(row.tenantId, audioId, speech));
      }
    }
    await this.#store.write(() => undefined);
  }

  /** Runs a step on the rows; speech that they no longer refer to is erased before the promise resolves. */
  async #change<T>(step: (rows: Rows) => T): Promise<T> {
    let dropped: string[] = [];
    const answer = await this.#store.write((rows) => {
      const before = new Map(rows);
      const made = step(rows);
      const changed = [...before].filter(([key, row]) => rows.get(key) !== row);
      const kept = new Set(changed.flatMap(([key]) => audioIdsOf(rows.get(key))));
      dropped = changed.flatMap(([, row]) => audioIdsOf(row)).filter((audioId) => !kept.has(audioId));
      return made;
    });
    if (dropped.length > 0) await guarded(() => this.#speech.erase(dropped));
    return answer;
  }
}

const READ_ONLY: readonly unknown[] = ['EROFS', 'EACCES', 'EPERM'];

const isReadOnly = (error: unknown): boolean =>
  error instanceof VoicePrintsError && READ_ONLY.includes(error.details.systemCode);

const audioIdsOf = (row: VoiceprintRow | undefined): string[] =>
  (row?.exemplars ?? []).flatMap(({ audioId }) => audioId ?? []);

const speakersExist = (ids: readonly string[]) =>
  new VoicePrintsError(
    'SPEAKER_EXISTS',
    `${ids.length === 1 ? 'this speaker is' : 'these speakers are'} already enrolled: ${ids.join(', ')}; ask to replace them, or leave them out`,
    { details: { speakerIds: ids.join(',') } },
  );
