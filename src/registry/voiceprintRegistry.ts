import type { KeptSpeech, Voiceprint } from '../core/voiceprint.js';

/** Where voiceprints live. Every adapter passes test/contract/voiceprintRegistry.ts. A resolved promise means: on disk. */
export interface VoiceprintRegistry extends AsyncDisposable {
  /** All of one tenant, by id. */
  list(tenantId: string): Promise<readonly Voiceprint[]>;
  /** Absent is undefined; unreachable is thrown. */
  get(tenantId: string, id: string): Promise<Voiceprint | undefined>;
  /**
   * Reads, changes and writes one voiceprint as a single step: no other write can come between.
   * `change` gets undefined where there is none yet; returning undefined deletes it, returning what it was given writes nothing.
   */
  update(
    tenantId: string,
    id: string,
    change: (current: Voiceprint | undefined) => Voiceprint | undefined,
  ): Promise<Voiceprint | undefined>;
  /**
   * Stores all of them or, where anything stands in the way, none. Throws SPEAKER_EXISTS (details.speakerIds) where
   * one is there already, unless `replace`.
   */
  putAll(tenantId: string, voiceprints: readonly Voiceprint[], options: { readonly replace: boolean }): Promise<void>;
  /** Erases for good: nothing of it, nor of speech kept for it, stays in any file. False when there was none. */
  delete(tenantId: string, id: string): Promise<boolean>;
  /**
   * Keeps the speech of a sample that an exemplar names by `audioId`: 32 hexadecimal digits, chosen by the caller. It is
   * erased as soon as no exemplar names it any more. False where none does: then nothing is kept.
   */
  keepSpeech(tenantId: string, audioId: string, speech: KeptSpeech): Promise<boolean>;
  /** Undefined where it was not kept, or was erased. */
  speech(tenantId: string, audioId: string): Promise<KeptSpeech | undefined>;
}
