import type { ManifestEntry } from './modelManifest.js';

/** Where a model file comes from, and what is known of it besides its own words. */
export interface ModelOrigin {
  readonly path: string;
  /** Begins the id of a model that is not in the package. */
  readonly name: string;
  readonly isBuiltIn: boolean;
  readonly storedAs?: string;
  readonly entry?: ManifestEntry;
}
