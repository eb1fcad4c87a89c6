import { createRequire } from 'node:module';
import type { ReconnectConfig } from '../core/backoff.js';
import type { StreamState } from '../core/live.js';
import { present } from '../core/present.js';
import {
  baseTopicsOf,
  homeAssistantStatusTopic,
  type NamedPerson,
  SiteMessages,
  type SiteOptions,
  type SpeakerEvent,
} from '../events/index.js';
import { BrokerConnection, type BrokerCounts, type ReceivedMessage } from './brokerConnection.js';
import type { BrokerReport } from './brokerFault.js';
import type { BrokerSettings } from './brokerSettings.js';
import { CommandDesk, type LiveControl } from './commandDesk.js';

const { version: softwareVersion } = createRequire(import.meta.url)('@voice-prints/node-red/package.json') as {
  version: string;
};

/** What is published of a source. */
export interface SourceState {
  readonly source: string;
  readonly site: string;
  /** `stopped`: by a command; `scheduled`: its schedule does not include this moment. */
  readonly status: StreamState['status'] | 'stopped' | 'scheduled';
  readonly code?: string;
  readonly message?: string;
  /** ISO 8601 time of the last change. */
  readonly since?: string;
  /** Of a source that several processes share: greater for each process that took it over. */
  readonly lease?: number;
}

export interface MqttSurfaceOptions extends Pick<SiteOptions, 'presenceWindowMs' | 'isTellingTentative'> {
  readonly broker: BrokerSettings;
  readonly topicBase: string;
  /** Prefix of Home Assistant's discovery; undefined: nothing is announced there. */
  readonly discoveryPrefix: string | undefined;
  readonly bufferMessages: number;
  /** Undefined: no topic is subscribed to for commands. */
  readonly control: LiveControl | undefined;
  /** A command has enrolled somebody. */
  readonly onEnrolled?: () => void;
  readonly onReport: (report: BrokerReport) => void;
  readonly backoff?: Partial<ReconnectConfig>;
}

/** Live events of this process on a broker, as the nodes publish them; commands from it. */
export class MqttSurface implements AsyncDisposable {
  readonly #options: MqttSurfaceOptions;
  readonly #connection: BrokerConnection;
  readonly #sites = new Map<string, SiteMessages>();
  readonly #sources = new Map<string, SourceState>();
  /** How the one stream of a site is, where it has no name of its own. */
  readonly #streams = new Map<string, StreamState['status']>();
  /** Sites of sources that other processes listen to. */
  readonly #elsewhere = new Map<string, string>();
  /** People whom retained messages name. */
  readonly #people = new Set<string>();
  #enrolled: readonly NamedPerson[] = [];
  readonly #topics: ReturnType<typeof baseTopicsOf>;
  readonly #desk: CommandDesk | undefined;
  #lostUntold = 0;

  constructor(options: MqttSurfaceOptions) {
    this.#options = options;
    const { topicBase, control, onEnrolled = () => undefined } = options;
    this.#topics = baseTopicsOf(topicBase);
    this.#desk =
      control &&
      new CommandDesk({
        ...{ topicBase, control, onEnrolled },
        sites: () => [...this.#sites.keys()],
        isElsewhere: (site) => this.#isElsewhere(site) && !this.#sites.has(site),
        publish: (message) => this.#connection.publish(message),
        announce: () => this.announce(),
        remove: (site) => this.#remove(site),
      });
    this.#connection = new BrokerConnection({
      settings: options.broker,
      statusTopic: this.#topics.status,
      bufferMessages: options.bufferMessages,
      onConnected: () => this.announce(),
      onMessage: (message) => this.#receive(message),
      onReport: (report) => this.#report(report),
      ...present({ backoff: options.backoff }),
    });
  }

  get counts(): BrokerCounts {
    return this.#connection.counts;
  }

  open(): void {
    this.#subscribe();
    this.#connection.open();
  }

  /** Creates the site, so that it is known before its first event. */
  openSite(site: string): void {
    this.#site(site);
  }

  /** Ids of the people whom retained messages of this process name. */
  get people(): readonly string[] {
    return [...this.#people];
  }

  /** These people are enrolled: automations of Home Assistant can wait for each. */
  setPeople(people: readonly NamedPerson[]): void {
    this.#enrolled = people;
    for (const site of this.#sites.values()) site.setPeople(people);
  }

  /** Publishes an event at its site. */
  hear(event: SpeakerEvent): void {
    if ((event.event_type === 'identified' || event.event_type === 'relabel') && event.speaker_id !== null)
      this.#people.add(event.speaker_id);
    this.#site(event.site).hear(event);
  }

  /** Who is present at a site. */
  presence(site: string): string {
    return this.#sites.get(site)?.presence ?? 'nobody';
  }

  /** Publishes the state of a source, and whether its site has any that delivers audio. */
  sourceState(state: SourceState): void {
    this.#elsewhere.delete(state.source);
    this.#sources.set(state.source, state);
    this.#publishSource(state);
    this.#site(state.site).available(this.#isAvailable(state.site));
  }

  /** Publishes whether the site of a stream delivers audio. */
  streamState(site: string, status: StreamState['status']): void {
    this.#streams.set(site, status);
    this.#site(site).available(this.#isAvailable(site));
  }

  /** Withdraws what is retained of a source; of its site, too, where it was the last one. */
  removeSource(source: string): void {
    this.#elsewhere.delete(source);
    const state = this.#sources.get(source);
    if (!state) return;
    this.#sources.delete(source);
    this.#withdrawSource(source);
    if ([...this.#sources.values()].some(({ site }) => site === state.site)) {
      this.#site(state.site).available(this.#isAvailable(state.site));
      return;
    }
    const messages = this.#sites.get(state.site);
    this.#sites.delete(state.site);
    messages?.remove();
    messages?.close();
    this.#subscribe();
  }

  /** Another process has the source now: what is retained of it, and of its site where it was the last one, is that one's. */
  leaveSource(source: string, site: string): void {
    this.#elsewhere.set(source, site);
    const isKnown = this.#sources.delete(source);
    if (isKnown) this.#connection.forget((topic) => topic === this.#topics.source(source));
    if ([...this.#sources.values()].some((other) => other.site === site)) return;
    const messages = this.#sites.get(site);
    if (!messages) return;
    messages.close();
    this.#sites.delete(site);
    this.#connection.forget((topic) => topic.startsWith(`${this.#options.topicBase}/${site}/`));
    this.#subscribe();
  }

  /** Everything that is retained, once more. */
  announce(): void {
    for (const site of this.#sites.values()) site.announce();
    for (const source of this.#sources.values()) this.#publishSource(source);
  }

  /** Nothing that the broker keeps names a person who was erased. */
  erase(speakerId: string): void {
    this.#people.delete(speakerId);
    this.#enrolled = this.#enrolled.filter((person) => person.speakerId !== speakerId);
    for (const site of this.#sites.values()) site.erase(speakerId);
  }

  /** Says `offline`, also for its sites, and leaves the broker. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const [name, site] of this.#sites) {
      if (this.#isElsewhere(name)) site.close();
      else site.leave();
    }
    await this.#connection[Symbol.asyncDispose]();
  }

  #site(name: string): SiteMessages {
    const known = this.#sites.get(name);
    if (known) return known;
    const { topicBase: base, discoveryPrefix: prefix, presenceWindowMs, isTellingTentative } = this.#options;
    const options = {
      presenceWindowMs,
      isTellingTentative,
      discovery: prefix === undefined ? undefined : { prefix, softwareVersion },
      hasAvailability: true,
    };
    const made = new SiteMessages({ base, site: name }, options, (_port, message) => this.#connection.publish(message));
    this.#sites.set(name, made);
    made.setPeople(this.#enrolled);
    made.available(this.#isAvailable(name));
    made.announce();
    this.#subscribe();
    return made;
  }

  #isAvailable(site: string): boolean {
    const own = [...this.#sources.values()].filter((source) => source.site === site).map(({ status }) => status);
    const stream = this.#streams.get(site);
    const all = stream === undefined ? own : [...own, stream];
    // Streams that others send come and go: their site is there while this process is.
    return all.length === 0 || all.some((status) => status === 'open' || status === 'held');
  }

  #isElsewhere(site: string): boolean {
    return [...this.#elsewhere.values()].includes(site);
  }

  #publishSource(state: SourceState): void {
    const topic = this.#topics.source(state.source);
    this.#connection.publish({ topic, payload: state, qos: 1, retain: true });
  }

  #subscribe(): void {
    const { discoveryPrefix } = this.#options;
    const greeting = discoveryPrefix === undefined ? [] : [homeAssistantStatusTopic(discoveryPrefix)];
    this.#connection.subscribe([...greeting, ...(this.#desk?.topics ?? [])]);
  }

  #receive({ topic, payload }: ReceivedMessage): void {
    const { discoveryPrefix } = this.#options;
    if (discoveryPrefix === undefined || topic !== homeAssistantStatusTopic(discoveryPrefix)) {
      this.#desk?.receive(topic, payload);
    } else if (Buffer.from(payload).toString('latin1') === 'online') this.announce();
  }

  /** What the broker keeps of a site, or of all: also of its sources, until one changes. */
  #remove(site: string | undefined): void {
    const isMeant = (name: string): boolean => site === undefined || name === site;
    for (const [name, messages] of this.#sites) if (isMeant(name)) messages.remove();
    for (const state of this.#sources.values()) if (isMeant(state.site)) this.#withdrawSource(state.source);
  }

  #withdrawSource(source: string): void {
    this.#connection.publish({ topic: this.#topics.source(source), payload: '', qos: 1, retain: true });
  }

  #report(report: BrokerReport): void {
    const { code, message, lost = 0 } = report;
    this.#options.onReport(report);
    if (code !== 'MQTT_MESSAGES_LOST') return;
    // Whoever counts turns there should know that some are missing: once there is room for saying so.
    this.#lostUntold += lost;
    if (this.#connection.counts.waiting > 0) return;
    const payload = { code, message, lost: this.#lostUntold };
    this.#lostUntold = 0;
    this.#connection.publish({ topic: this.#topics.errors, payload, qos: 1, retain: false });
  }
}
