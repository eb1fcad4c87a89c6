import type { Voiceprint } from '../core/voiceprint.js';

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
  /** Erases for good: nothing of it stays in any file of the store. False when there was none. */
  delete(tenantId: string, id: string): Promise<boolean>;
}
