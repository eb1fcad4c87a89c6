import type { Voiceprint } from '../../core/voiceprint.js';
import type { VoiceprintFollower, VoiceprintRegistry } from '../../registry/voiceprintRegistry.js';

interface Followed {
  readonly follower: VoiceprintFollower;
  readonly byId: Map<string, Voiceprint>;
  /** By id; undefined where it has to be made anew. */
  list: readonly Voiceprint[] | undefined;
  turn: Promise<unknown>;
}

/** The voiceprints of each tenant in memory, as the registry has them now: only what changed is read again. */
export class FollowedVoiceprints {
  readonly #registry: Pick<VoiceprintRegistry, 'follow'>;
  readonly #tenants = new Map<string, Followed>();

  constructor(registry: Pick<VoiceprintRegistry, 'follow'>) {
    this.#registry = registry;
  }

  /** All of one tenant, by id: the same list while nothing changes. */
  list(tenantId: string): Promise<readonly Voiceprint[]> {
    const followed = this.#followed(tenantId);
    const list = followed.turn.then(async () => {
      for await (const { put, gone } of followed.follower.changes()) {
        for (const voiceprint of put) followed.byId.set(voiceprint.id, voiceprint);
        for (const id of gone) followed.byId.delete(id);
        followed.list = undefined;
      }
      followed.list ??= [...followed.byId.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
      return followed.list;
    });
    followed.turn = list.catch(() => undefined);
    return list;
  }

  #followed(tenantId: string): Followed {
    const known = this.#tenants.get(tenantId);
    if (known) return known;
    const follower = this.#registry.follow(tenantId);
    const followed: Followed = { follower, byId: new Map(), list: undefined, turn: Promise.resolve() };
    this.#tenants.set(tenantId, followed);
    return followed;
  }
}
