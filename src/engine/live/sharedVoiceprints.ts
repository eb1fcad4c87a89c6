import type { Voiceprint } from '../../core/voiceprint.js';
import type { FollowedVoiceprints } from '../voiceprints/followedVoiceprints.js';

/** Between two looks at the registry. */
const REFRESH_MS = 1_000;

interface Look {
  readonly atMs: number;
  readonly voiceprints: Promise<readonly Voiceprint[]>;
}

/** The registry as all live sessions of an engine look at it: once a second for each tenant, however many there are. */
export class SharedVoiceprints {
  readonly #followed: FollowedVoiceprints;
  readonly #looks = new Map<string, Look>();

  constructor(followed: FollowedVoiceprints) {
    this.#followed = followed;
  }

  /** All of one tenant, or the failure to read them, at most a second old. */
  list(tenantId: string): Promise<readonly Voiceprint[]> {
    const atMs = performance.now();
    const last = this.#looks.get(tenantId);
    if (last && atMs - last.atMs < REFRESH_MS) return last.voiceprints;
    const voiceprints = this.#followed.list(tenantId);
    this.#looks.set(tenantId, { atMs, voiceprints });
    voiceprints.catch(() => undefined); // reported to the callers
    return voiceprints;
  }

  /** The next call looks, however soon. */
  expire(tenantId: string): void {
    this.#looks.delete(tenantId);
  }
}
