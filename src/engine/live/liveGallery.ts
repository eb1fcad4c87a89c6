import type { Voiceprint } from '../../core/voiceprint.js';
import type { EnrolledVoice } from '../../identity/voices.js';
import { voiceprintsFor } from '../voiceprints/voiceprintsFor.js';
import { voicesToMatch } from '../voiceprints/voicesToMatch.js';
import type { SharedVoiceprints } from './sharedVoiceprints.js';

/** The enrolled people as one session sees them. */
export interface Gallery {
  readonly voices: readonly EnrolledVoice[];
  readonly names: ReadonlyMap<string, string>;
}

export interface LiveGalleryOptions {
  readonly voiceprints: SharedVoiceprints;
  readonly tenantId: string;
  readonly modelId: string;
  readonly speakerIds: readonly string[] | undefined;
}

/** Follows enrolments, renames and deletions during a session. */
export class LiveGallery {
  readonly #options: LiveGalleryOptions;
  #all: readonly Voiceprint[] | undefined;

  constructor(options: LiveGalleryOptions) {
    this.#options = options;
  }

  /** Throws SPEAKER_NOT_FOUND, SPEAKER_INCOMPLETE for the asked ones; once, at the beginning. */
  async open(): Promise<Gallery> {
    const { voiceprints, tenantId, speakerIds, modelId } = this.#options;
    voiceprints.expire(tenantId);
    const all = await voiceprints.list(tenantId);
    voiceprintsFor(all, speakerIds, modelId);
    return this.#take(all);
  }

  /** The gallery where it changed since the last call. */
  async changed(): Promise<Gallery | undefined> {
    const all = await this.#options.voiceprints.list(this.#options.tenantId);
    return isSame(all, this.#all) ? undefined : this.#take(all);
  }

  /** What was just written is seen by the next call. */
  expire(): void {
    this.#options.voiceprints.expire(this.#options.tenantId);
  }

  #take(all: readonly Voiceprint[]): Gallery {
    const { modelId, speakerIds } = this.#options;
    this.#all = all;
    const asked = speakerIds?.length ? all.filter(({ id }) => speakerIds.includes(id)) : all;
    return { voices: voicesToMatch(asked, modelId), names: new Map(all.map(({ id, name }) => [id, name])) };
  }
}

function isSame(all: readonly Voiceprint[], before: readonly Voiceprint[] | undefined): boolean {
  if (all === before) return true;
  if (all.length !== before?.length) return false;
  return all.every(({ id, updatedAtMs, speechMs }, i) => {
    const earlier = before[i]!;
    return id === earlier.id && updatedAtMs === earlier.updatedAtMs && speechMs === earlier.speechMs;
  });
}
