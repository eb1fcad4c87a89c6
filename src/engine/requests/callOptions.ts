import type { Actor } from '../../core/audit.js';
import type { OnProgress } from '../../core/progress.js';

/** The tenant of everything that has no API key: Node-RED flows and the command line. */
export const LOCAL_TENANT = 'local';

export interface CallOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
  /** The actor for the audit log; by default the engine's. */
  readonly actor?: Actor;
}
