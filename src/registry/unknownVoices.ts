import type { UnknownVoice } from '../core/unknownVoice.js';

/**
 * Where unknown voices live between sessions. Every adapter passes test/contract/unknownVoices.ts. They are biometric
 * data like voiceprints: kept with the same care, for a limited time, and erased on demand.
 */
export interface UnknownVoices extends AsyncDisposable {
  /** A new `unknown-N`: numbers count up within a tenant and are never given twice, also not after erasing. */
  newId(tenantId: string): Promise<string>;
  /** All of one tenant that have not expired, in the order of their numbers, as put last: written yet or not. */
  list(tenantId: string): Promise<readonly UnknownVoice[]>;
  /**
   * Keeps a voice, in place of an earlier form of it. Cheap: it is written within some seconds, together with others;
   * `flush` and closing write at once. Of more than 20 exemplars those with most speech are kept.
   *
   * @returns false where the voice was erased since (here, or by another process): it stays erased; forget it
   */
  put(tenantId: string, voice: UnknownVoice): Promise<boolean>;
  /** Erases for good, at once. False when there was none. */
  delete(tenantId: string, id: string): Promise<boolean>;
  /** Erases, in all tenants, voices that were last heard too long before `nowMs`. Answers how many. */
  expire(nowMs: number): Promise<number>;
  /** Resolves when everything put so far is on disk. */
  flush(): Promise<void>;
}
