import type { SpeakerSummary } from '../../core/identification.js';
import { InTurn } from '../../core/inTurn.js';
import { inSlices } from '../../core/steps.js';
import type { Voiceprint } from '../../core/voiceprint.js';
import { type GallerySnapshot, VoiceGallery } from '../../identity/gallery/voiceGallery.js';
import type { SpeakerModel } from '../../inference/speakerModel.js';
import type { VoiceprintFollower, VoiceprintRegistry } from '../../registry/voiceprintRegistry.js';
import { canBeReembedded, isStale } from '../enrolment/reembed.js';
import { speakerSummary } from './speakerSummary.js';
import { voicesToMatch } from './voicesToMatch.js';

/** Everybody enrolled in a tenant at one moment. */
export interface EnrolledPeople {
  /** Another object once anybody changed. */
  readonly gallery: GallerySnapshot;
  /** All of them, complete or not, by id. */
  readonly summaries: () => readonly SpeakerSummary[];
  /** Name of a person, as it is now; undefined for somebody who is not enrolled any more. */
  readonly nameOf: (speakerId: string) => string | undefined;
  /** People that this model cannot match. */
  readonly stale: number;
  /** People that it could match, once it has embedded their kept audio. */
  readonly reembeddable: number;
}

interface Card {
  readonly summary: SpeakerSummary;
  readonly isStale: boolean;
  readonly canBeReembedded: boolean;
}

/** Told of people who are not enrolled any more, whichever process erased them. */
export type OnGone = (tenantId: string, speakerId: string) => void;

/** What is in memory of the people of each tenant: what lists show, and their voices as a matrix; only what changed is read again. */
export class EnrolledPeopleOf {
  readonly #registry: Pick<VoiceprintRegistry, 'follow'>;
  readonly #model: Pick<SpeakerModel, 'id' | 'dimensions'>;
  readonly #tenants = new Map<string, FollowedTenant>();

  readonly #onGone: OnGone;

  /** @param registry as the model sees it */
  constructor(
    registry: Pick<VoiceprintRegistry, 'follow'>,
    model: Pick<SpeakerModel, 'id' | 'dimensions'>,
    onGone: OnGone = () => undefined,
  ) {
    this.#registry = registry;
    this.#model = model;
    this.#onGone = onGone;
  }

  /** Looks at once at who was erased, where the tenant's people are followed. */
  async lookAgain(tenantId: string): Promise<void> {
    await this.#tenants.get(tenantId)?.now();
  }

  /** As the registry has them now. */
  now(tenantId: string): Promise<EnrolledPeople> {
    const onGone = (speakerId: string) => this.#onGone(tenantId, speakerId);
    const known =
      this.#tenants.get(tenantId) ?? new FollowedTenant(this.#registry.follow(tenantId), this.#model, onGone);
    this.#tenants.set(tenantId, known);
    return known.now();
  }
}

class FollowedTenant {
  readonly #follower: VoiceprintFollower;
  readonly #onGone: (speakerId: string) => void;
  readonly #model: Pick<SpeakerModel, 'id' | 'dimensions'>;
  readonly #gallery: VoiceGallery;
  readonly #cards = new Map<string, Card>();
  #stale = 0;
  #reembeddable = 0;
  #people: EnrolledPeople | undefined;
  readonly #looks = new InTurn();

  constructor(
    follower: VoiceprintFollower,
    model: Pick<SpeakerModel, 'id' | 'dimensions'>,
    onGone: (speakerId: string) => void,
  ) {
    this.#onGone = onGone;
    this.#follower = follower;
    this.#model = model;
    this.#gallery = new VoiceGallery(model.dimensions);
  }

  now(): Promise<EnrolledPeople> {
    return this.#looks.run(async () => {
      for await (const { put, gone } of this.#follower.changes()) {
        this.#people = undefined;
        for (const voiceprint of put) this.#put(voiceprint);
        for (const id of gone) this.#erase(id);
      }
      if (!this.#people) await inSlices(this.#gallery.tidy());
      this.#people ??= this.#newPeople();
      return this.#people;
    });
  }

  #put(voiceprint: Voiceprint): void {
    const { id } = voiceprint;
    const [voice] = voicesToMatch([voiceprint], this.#model.id);
    if (voice) this.#gallery.put(voice);
    else this.#gallery.erase(id);
    this.#count(id, -1);
    this.#cards.set(id, {
      summary: speakerSummary(voiceprint, this.#model.id),
      isStale: isStale(voiceprint, this.#model.id),
      canBeReembedded: canBeReembedded(voiceprint, this.#model.id),
    });
    this.#count(id, 1);
  }

  #erase(id: string): void {
    this.#gallery.erase(id);
    this.#count(id, -1);
    this.#cards.delete(id);
    this.#onGone(id);
  }

  #count(id: string, sign: 1 | -1): void {
    const card = this.#cards.get(id);
    if (card?.isStale) this.#stale += sign;
    if (card?.canBeReembedded) this.#reembeddable += sign;
  }

  #newPeople(): EnrolledPeople {
    const cards = this.#cards;
    let summaries: readonly SpeakerSummary[] | undefined;
    return {
      gallery: this.#gallery.snapshot(),
      summaries: () => {
        summaries ??= Array.from(cards.values(), ({ summary }) => summary).sort((a, b) =>
          a.speakerId < b.speakerId ? -1 : 1,
        );
        return summaries;
      },
      nameOf: (speakerId) => cards.get(speakerId)?.summary.name,
      stale: this.#stale,
      reembeddable: this.#reembeddable,
    };
  }
}
