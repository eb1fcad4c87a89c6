import type { StorePlace } from '../../core/storePlace.js';

export interface CopyRequest {
  readonly from: StorePlace;
  readonly to: StorePlace;
  /** Of the target, and of the source if that is encrypted. */
  readonly encryptionKey?: string | undefined;
  /** People, unknown voices and calibrations of the target that differ are replaced. */
  readonly isReplacing?: boolean | undefined;
  readonly signal: AbortSignal;
  readonly onProgress?: ((what: string, done: number, total: number) => void) | undefined;
}

/** How many were copied now, and how many were in the target already, as they are in the source. */
export interface CopyCount {
  copied: number;
  there: number;
}

export const newCount = (): CopyCount => ({ copied: 0, there: 0 });

/** In `there` also those of the target that differ and were kept. */
export interface CopiedStore {
  readonly people: CopyCount;
  readonly speech: CopyCount;
  readonly unknownVoices: CopyCount;
  readonly auditEntries: CopyCount;
  readonly calibrations: CopyCount;
}
