import type { Voiceprint } from '../../core/voiceprint.js';
import type { EnrolledVoice } from '../../identity/resolveVoices.js';
import type { VoiceprintRegistry } from '../../registry/voiceprintRegistry.js';
import { voiceprintsFor } from '../voiceprintsFor.js';
import { voicesToMatch } from '../voicesToMatch.js';

/** The enrolled people as one session sees them. */
export interface Gallery {
  readonly voices: readonly EnrolledVoice[];
  readonly names: ReadonlyMap<string, string>;
}

export interface LiveGalleryOptions {
  readonly registry: VoiceprintRegistry;
  readonly tenantId: string;
  readonly modelId: string;
  readonly speakerIds: readonly string[] | undefined;
  readonly nowMs: () => number;
}

/** Between two looks at the registry. */
const REFRESH_MS = 1_000;

/** Keeps up with what is enrolled, renamed and deleted while a session goes on. */
export class LiveGallery {
  readonly #options: LiveGalleryOptions;
  #readAtMs = Number.NEGATIVE_INFINITY;
  #all: readonly Voiceprint[] | undefined;

  constructor(options: LiveGalleryOptions) {
    this.#options = options;
  }

  /** Throws SPEAKER_NOT_FOUND, SPEAKER_INCOMPLETE for the asked ones; once, at the beginning. */
  async open(): Promise<Gallery> {
    const { registry, tenantId, speakerIds, modelId } = this.#options;
    const all = await registry.list(tenantId);
    voiceprintsFor(all, speakerIds, modelId);
    return this.#take(all);
  }

  /** The gallery where it changed since the last call; looks at most once a second. */
  async changed(): Promise<Gallery | undefined> {
    const { registry, tenantId, nowMs } = this.#options;
    if (nowMs() - this.#readAtMs < REFRESH_MS) return undefined;
    const all = await registry.list(tenantId);
    this.#readAtMs = nowMs();
    return isSame(all, this.#all) ? undefined : this.#take(all);
  }

  /** The next call of `changed` looks, however soon. */
  expire(): void {
    this.#readAtMs = Number.NEGATIVE_INFINITY;
  }

  #take(all: readonly Voiceprint[]): Gallery {
    const { modelId, speakerIds, nowMs } = this.#options;
    this.#readAtMs = nowMs();
    this.#all = all;
    const asked = speakerIds?.length ? all.filter(({ id }) => speakerIds.includes(id)) : all;
    return { voices: voicesToMatch(asked, modelId), names: new Map(all.map(({ id, name }) => [id, name])) };
  }
}

function isSame(all: readonly Voiceprint[], before: readonly Voiceprint[] | undefined): boolean {
  if (all === before) return true;
  if (all.length !== before?.length) return false;
  return all.every(({ id, updatedAtMs }, i) => id === before[i]!.id && updatedAtMs === before[i]!.updatedAtMs);
}
