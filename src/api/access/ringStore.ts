import type { StoredRing } from './keyFile.js';

/** Where the keys of a store and the limits of its tenants are kept. Every adapter passes test/contract/keyRing.ts. */
export interface RingStore extends AsyncDisposable {
  /** An empty ring where none was kept yet. Throws FILE_UNREADABLE, REGISTRY_UNAVAILABLE, and CONFIG_INVALID for what is no ring. */
  read(): Promise<StoredRing>;
  /**
   * Reads, changes and stores the ring while no other process does; `change` may be called again where the store has to try again. Calls
   * `onChanged` before anybody else can change it. Throws as `read`, FILE_UNWRITABLE, and what `change` throws.
   */
  change(change: (ring: StoredRing) => StoredRing, onChanged: (ring: StoredRing) => void): Promise<void>;
  /** Calls `onChange`, which is to read the ring, within a second after each change by any process. */
  follow(onChange: () => Promise<void>): void;
  /** False where it could not be found out for so long whether the ring has changed that keys are not to be believed any more. */
  readonly isCertain: boolean;
}
