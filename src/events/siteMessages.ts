import { discoveryMessage, removalMessages } from './homeAssistant.js';
import type { NamedPerson } from './homeAssistantTriggers.js';
import { Presence } from './presence.js';
import { isoTime, isTurnEvent, type SpeakerEvent, type StreamEvent } from './speakerEvent.js';
import { errorMessage, eventMessage, type MqttMessage, type TopicPlace, topicsOf } from './topics.js';

/** While Home Assistant (2026.11) sets up a device, it passes over what an update adds: the update is sent once more afterwards. */
const SETTLE_MS = 5_000;

export interface SiteOptions {
  readonly presenceWindowMs: number;
  /** Whether tentative events are sent. */
  readonly isTellingTentative: boolean;
  /** Undefined: not announced to Home Assistant. */
  readonly discovery: { readonly prefix: string; readonly softwareVersion: string } | undefined;
  /** Whether `availability` is called: the device is then unavailable while no source of the site delivers audio. */
  readonly hasAvailability?: boolean;
}

/** The output of a message: known people, other turns, or all that is not a turn. */
export type Port = 'known' | 'others' | 'state';

export type Tell = (port: Port, message: MqttMessage) => void;

/** All messages of one site: its events, who is present, its device in Home Assistant. Owns the one timer of presence. */
export class SiteMessages {
  readonly #place: TopicPlace;
  readonly #options: SiteOptions;
  readonly #tell: Tell;
  readonly #presence: Presence;
  #timer: NodeJS.Timeout | undefined;
  #isAvailable = false;
  #isAnnounced = false;
  #announcedAtMs = 0;
  #repeat: NodeJS.Timeout | undefined;
  #people: readonly NamedPerson[] = [];
  readonly #formerPeople = new Set<string>();
  /** As the broker keeps it. */
  #stream: StreamEvent | undefined;

  constructor(place: TopicPlace, options: SiteOptions, tell: Tell) {
    this.#place = place;
    this.#options = options;
    this.#tell = tell;
    this.#presence = new Presence(place, options.presenceWindowMs);
  }

  /** `Alice`, `unknown`, `nobody` … */
  get presence(): string {
    return this.#presence.text;
  }

  /** What is retained, for a broker or a Home Assistant that has just started. Never an event. */
  announce(): void {
    const { hasAvailability = false } = this.#options;
    this.#isAnnounced = true;
    this.#announcedAtMs = Date.now();
    this.#discover();
    if (hasAvailability) this.#state([this.#availability()]);
    this.#state(this.#presence.announce(Date.now()));
    this.#schedule();
  }

  hear(event: SpeakerEvent): void {
    const message = eventMessage(event, this.#place);
    if (isTurnEvent(event)) this.#tell(event.event_type === 'identified' ? 'known' : 'others', message);
    else if (event.event_type !== 'tentative' || this.#options.isTellingTentative) this.#state([message]);
    if (event.event_type === 'stream') this.#stream = event;
    const fault = errorMessage(event, this.#place);
    if (fault) this.#state([fault]);
    this.#state(this.#presence.hear(event, Date.now()));
    this.#schedule();
  }

  /** Whether any source of the site delivers audio; sent on change. */
  available(isAvailable: boolean): void {
    if (isAvailable === this.#isAvailable) return;
    this.#isAvailable = isAvailable;
    this.#state([this.#availability()]);
  }

  /** These people are enrolled: each is a trigger in Home Assistant. */
  setPeople(people: readonly NamedPerson[]): void {
    const key = (all: readonly NamedPerson[]) => JSON.stringify(all.map(({ speakerId, name }) => [speakerId, name]));
    if (key(people) === key(this.#people)) return;
    for (const { speakerId } of this.#people) this.#formerPeople.add(speakerId);
    for (const { speakerId } of people) this.#formerPeople.delete(speakerId);
    const before = new Map(this.#people.map(({ speakerId, name }) => [speakerId, name]));
    this.#people = people;
    for (const { speakerId, name } of people) {
      const former = before.get(speakerId);
      if (former !== undefined && former !== name) this.#state(this.#presence.rename(speakerId, name));
    }
    if (!this.#isAnnounced) return;
    this.#discover();
    if (Date.now() - this.#announcedAtMs >= SETTLE_MS) return;
    clearTimeout(this.#repeat);
    this.#repeat = setTimeout(() => this.#discover(), SETTLE_MS);
    this.#repeat.unref();
  }

  /** Clears the retained messages of an erased person. */
  erase(speakerId: string): void {
    this.setPeople(this.#people.filter((person) => person.speakerId !== speakerId));
    this.#state(this.#presence.erase(speakerId));
    this.#schedule();
  }

  /** Removes the device, and clears the retained messages of the site. */
  remove(): void {
    this.#isAnnounced = false;
    clearTimeout(this.#repeat);
    this.#state(removalMessages(this.#place, this.#options.discovery?.prefix));
    if (this.#options.hasAvailability) this.#state([{ ...this.#availability(), payload: '' }]);
  }

  /** Nothing is heard from here on, and nobody shall read that something is. */
  leave(): void {
    this.available(false);
    if (this.#stream && this.#stream.status !== 'ended') {
      const { event_type, site, session_id } = this.#stream;
      this.hear({ event_type, status: 'ended', site, session_id, timestamp: isoTime(Date.now()) });
    }
    this.close();
  }

  close(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#repeat);
  }

  #discover(): void {
    const { discovery, presenceWindowMs: windowMs, hasAvailability = false } = this.#options;
    if (!discovery) return;
    const people = { people: this.#people, formerPeople: [...this.#formerPeople] };
    this.#state([discoveryMessage(this.#place, { ...discovery, windowMs, hasAvailability, ...people })]);
  }

  #availability(): MqttMessage {
    const payload = this.#isAvailable ? 'online' : 'offline';
    return { topic: topicsOf(this.#place).availability, payload, qos: 1, retain: true };
  }

  #state(messages: readonly MqttMessage[]): void {
    for (const message of messages) this.#tell('state', message);
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    const next = this.#presence.nextChangeAtMs;
    if (next === undefined) return;
    this.#timer = setTimeout(
      () => {
        this.#state(this.#presence.tick(Date.now()));
        this.#schedule();
      },
      Math.max(1, next - Date.now()),
    );
  }
}
