import type { Lazy } from '../core/lazy.js';
import type { SpeakerModel } from '../inference/speakerModel.js';
import type { VoiceprintRegistry } from '../registry/voiceprintRegistry.js';
import type { Compute } from './compute/compute.js';
import { type OthersOf, othersInGallery } from './enrolment/otherPeople.js';
import { type Reembedded, type ReembedOptions, reembedStale } from './enrolment/reembed.js';
import { SharedPeople } from './live/sharedPeople.js';
import { type EnrolledPeople, EnrolledPeopleOf, type OnGone } from './voiceprints/enrolledPeople.js';
import { everybodyOf, type Nameable, someOf } from './voiceprints/nameable.js';
import { voiceprintsFor } from './voiceprints/voiceprintsFor.js';

export interface TenantPeopleOptions {
  readonly registry: VoiceprintRegistry;
  readonly model: SpeakerModel;
  readonly compute: Lazy<Compute>;
  readonly onGone: OnGone;
  /** Called for people whose kept audio was embedded again. */
  readonly onReembedded: (tenantId: string, speakerIds: readonly string[]) => Promise<void>;
}

/** The enrolled people of each tenant, as all calls of an engine see them. */
export class TenantPeople {
  readonly #options: TenantPeopleOptions;
  readonly #people: EnrolledPeopleOf;
  /** As live streams see them. */
  readonly live: SharedPeople;

  constructor(options: TenantPeopleOptions) {
    this.#options = options;
    this.#people = new EnrolledPeopleOf(options.registry, options.model, options.onGone);
    this.live = new SharedPeople(this.#people);
  }

  /** As the registry has them now. */
  now(tenantId: string): Promise<EnrolledPeople> {
    return this.#people.now(tenantId);
  }

  readonly othersOf: OthersOf = async (tenantId, speakerId) =>
    othersInGallery((await this.#people.now(tenantId)).gallery, speakerId);

  /** All people of a tenant, after the model in use has embedded the kept audio of those it has not seen. */
  async reembedKept(tenantId: string, signal: AbortSignal): Promise<EnrolledPeople> {
    const people = await this.#people.now(tenantId);
    if (people.reembeddable === 0) return people;
    await this.reembed(tenantId, { signal });
    return this.#people.now(tenantId);
  }

  /** Those asked for, or everybody. Throws SPEAKER_NOT_FOUND, SPEAKER_INCOMPLETE. */
  async nameable(tenantId: string, everybody: EnrolledPeople, speakerIds?: readonly string[]): Promise<Nameable> {
    if (!speakerIds?.length) return everybodyOf(everybody);
    const asked = [...new Set(speakerIds)].map((id) => this.#options.registry.get(tenantId, id));
    const found = (await Promise.all(asked)).flatMap((voiceprint) => voiceprint ?? []);
    const { id: modelId } = this.#options.model;
    return someOf(voiceprintsFor(found, speakerIds, modelId), modelId);
  }

  /** See reembedStale. */
  reembed(tenantId: string, options: ReembedOptions): Promise<Reembedded> {
    const { registry, model, compute } = this.#options;
    const openCompute = () => compute.get();
    const onReembedded = (speakerIds: readonly string[]) => this.#options.onReembedded(tenantId, speakerIds);
    return reembedStale({ registry, tenantId, modelId: model.id, openCompute, onReembedded }, options);
  }

  /** Takes who was erased out of the memory, and what changed into it. */
  async lookAgain(tenantId: string): Promise<void> {
    this.live.expire(tenantId); // no live stream names them for another second
    await this.#people.lookAgain(tenantId);
  }
}
