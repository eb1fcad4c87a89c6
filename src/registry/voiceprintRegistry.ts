import type { KeptSpeech, Voiceprint } from '../core/voiceprint.js';

/** Storage of voiceprints. Every adapter passes test/contract/voiceprintRegistry.ts. A resolved promise means: on disk. */
export interface VoiceprintRegistry extends AsyncDisposable {
  /** All voiceprints of one tenant, by id. */
  list(tenantId: string): Promise<readonly Voiceprint[]>;
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
   * Stores the speech of a sample that an exemplar refers to by `audioId`: 32 hexadecimal digits, chosen by the caller. It is
   * erased as soon as no exemplar refers to it. False where none does: then nothing is stored.
   */
  keepSpeech(tenantId: string, audioId: string, speech: KeptSpeech): Promise<boolean>;
  /** Undefined where it was not kept, or was erased. */
  speech(tenantId: string, audioId: string): Promise<KeptSpeech | undefined>;
}
