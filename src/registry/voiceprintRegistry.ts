import type { KeptSpeech, Voiceprint } from '../core/voiceprint.js';

/** Voiceprints that are new or changed since the last look, and ids of those that are gone. */
export interface VoiceprintChanges {
  readonly put: readonly Voiceprint[];
  readonly gone: readonly string[];
}

/** Follows the voiceprints of one tenant, whatever process changes them. One reader at a time. */
export interface VoiceprintFollower {
  /**
   * What changed since the last call, in parts of bounded size; the first call gives everybody. Cheap where nothing changed: to
   * be called before each use. After a failure or an early end, the next call gives again what this one has not given.
   */
  changes(): AsyncGenerator<VoiceprintChanges>;
}

/** A part of a list by id. */
export interface VoiceprintPage {
  readonly voiceprints: readonly Voiceprint[];
  /** Last id of this page, where there may be more. */
  readonly next?: string;
}

/** Storage of voiceprints. Every adapter passes test/contract/voiceprintRegistry.ts. A resolved promise means: on disk. */
export interface VoiceprintRegistry extends AsyncDisposable {
  /** All voiceprints of one tenant, by id: for few people, or exports. Others page, or follow. */
  list(tenantId: string): Promise<readonly Voiceprint[]>;
  /** Up to `limit` voiceprints by id, after the id `after`: it need not exist any more. */
  page(
    tenantId: string,
    options: { readonly limit: number; readonly after?: string | undefined },
  ): Promise<VoiceprintPage>;
  /** Begins to follow. Holds nothing that has to be closed. */
  follow(tenantId: string): VoiceprintFollower;
  /** Undefined where there is none; throws where the store is unavailable. */
  get(tenantId: string, id: string): Promise<Voiceprint | undefined>;
  /**
   * Reads, changes and writes one voiceprint atomically.
   * `change` gets undefined where there is none yet; returning undefined deletes it, returning the given value writes nothing.
   */
  update(
    tenantId: string,
    id: string,
    change: (current: Voiceprint | undefined) => Voiceprint | undefined,
  ): Promise<Voiceprint | undefined>;
  /**
   * Stores all of them or none. Throws SPEAKER_EXISTS (details.speakerIds) where one exists already, unless `replace`.
   */
  putAll(tenantId: string, voiceprints: readonly Voiceprint[], options: { readonly replace: boolean }): Promise<void>;
  /** Erases permanently: no file keeps any of it or of its speech. False when there was none. */
  delete(tenantId: string, id: string): Promise<boolean>;
  /**
   * Stores the speech of a sample that an exemplar of the voiceprint `id` refers to by `audioId`: 32 hexadecimal digits, chosen
   * by the caller. It is erased as soon as no exemplar refers to it. False where none does: then nothing is stored.
   */
  keepSpeech(tenantId: string, id: string, audioId: string, speech: KeptSpeech): Promise<boolean>;
  /** Undefined where it was not kept, or was erased. */
  speech(tenantId: string, audioId: string): Promise<KeptSpeech | undefined>;
}
