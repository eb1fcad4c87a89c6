import type { VoiceprintRegistry } from '../../registry/voiceprintRegistry.js';
import type { EnrolledPeople } from '../voiceprints/enrolledPeople.js';
import { everybodyOf, type Nameable, someOf } from '../voiceprints/nameable.js';
import { voiceprintsFor } from '../voiceprints/voiceprintsFor.js';
import type { SharedPeople } from './sharedPeople.js';

export interface LiveGalleryOptions {
  readonly people: SharedPeople;
  readonly registry: Pick<VoiceprintRegistry, 'get'>;
  readonly tenantId: string;
  readonly modelId: string;
  readonly speakerIds: readonly string[] | undefined;
}

/** The enrolled people as one session sees them: follows enrolments, renames and deletions. */
export class LiveGallery {
  readonly #options: LiveGalleryOptions;
  #taken: EnrolledPeople | undefined;

  constructor(options: LiveGalleryOptions) {
    this.#options = options;
  }

  /** Throws SPEAKER_NOT_FOUND, SPEAKER_INCOMPLETE for the asked ones; once, at the beginning. */
  async open(): Promise<Nameable> {
    const { people, tenantId, speakerIds, modelId } = this.#options;
    people.expire(tenantId);
    const everybody = await people.now(tenantId);
    if (speakerIds?.length) voiceprintsFor(await this.#asked(speakerIds), speakerIds, modelId);
    return this.#take(everybody);
  }

  /** The gallery where it changed since the last call. */
  async changed(): Promise<Nameable | undefined> {
    const everybody = await this.#options.people.now(this.#options.tenantId);
    return everybody === this.#taken ? undefined : this.#take(everybody);
  }

  /** What was just written is seen by the next call. */
  expire(): void {
    this.#options.people.expire(this.#options.tenantId);
  }

  async #take(everybody: EnrolledPeople): Promise<Nameable> {
    const { modelId, speakerIds } = this.#options;
    const all = everybodyOf(everybody);
    // A person who was enrolled from a voice of the session is named, whoever was asked for.
    const taken = speakerIds?.length ? { ...someOf(await this.#asked(speakerIds), modelId), names: all.names } : all;
    this.#taken = everybody;
    return taken;
  }

  /** Those of the asked ones who are enrolled. */
  async #asked(speakerIds: readonly string[]) {
    const { registry, tenantId } = this.#options;
    const found = await Promise.all([...new Set(speakerIds)].map((id) => registry.get(tenantId, id)));
    return found.flatMap((voiceprint) => voiceprint ?? []);
  }
}
