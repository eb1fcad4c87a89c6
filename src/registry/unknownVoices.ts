import type { UnknownVoice } from '../core/unknownVoice.js';

/**
 * Storage of unknown voices between sessions. Every adapter passes test/contract/unknownVoices.ts. They are biometric
 * data like voiceprints: kept with the same care, for a limited time, and erased on demand.
 */
export interface UnknownVoices extends AsyncDisposable {
  /** A new `unknown-N`: numbers count up within a tenant and are never reused, not even after erasure. */
  newId(tenantId: string): Promise<string>;
  /** All voices of one tenant that have not expired, in the order of their numbers, as last put, whether written or not. */
  list(tenantId: string): Promise<readonly UnknownVoice[]>;
  /**
   * Stores or replaces a voice. Cheap: it is written within some seconds, together with others; `flush` and closing write at
   * once. Of more than 20 exemplars those with most speech are kept.
   *
   * @returns false where the voice was erased since (here, or by another process): it stays erased, discard it
   */
  put(tenantId: string, voice: UnknownVoice): Promise<boolean>;
  /** Erases permanently and at once. False when there was none. */
  delete(tenantId: string, id: string): Promise<boolean>;
  /** Erases expired voices of all tenants, by their last speech before `nowMs`. Returns how many. */
  expire(nowMs: number): Promise<number>;
  /** Resolves when everything put so far is on disk. */
  flush(): Promise<void>;
}
