import type { ManifestEntry } from './modelManifest.js';

/** Origin of a model file, and information about it beyond its metadata. */
export interface ModelOrigin {
  readonly path: string;
  /** Prefix of the id of a model that is not in the package. */
  readonly name: string;
  readonly isBuiltIn: boolean;
  readonly storedAs?: string;
  readonly entry?: ManifestEntry;
}
