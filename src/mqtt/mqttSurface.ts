import { createRequire } from 'node:module';
import type { Actor } from '../core/audit.js';
import type { ReconnectConfig } from '../core/backoff.js';
import { asVoicePrintsError, VoicePrintsError } from '../core/errors.js';
import type { EnrollResult } from '../core/identification.js';
import type { StreamState } from '../core/live.js';
import { present } from '../core/present.js';
import type { EnrollUnknownRequest } from '../engine/engine.js';
import {
  baseTopicsOf,
  homeAssistantStatusTopic,
  type NamedPerson,
  SiteMessages,
  type SiteOptions,
  type SpeakerEvent,
  topicsOf,
} from '../events/index.js';
import { BrokerConnection, type BrokerCounts, type ReceivedMessage } from './brokerConnection.js';
import type { BrokerReport } from './brokerFault.js';
import type { BrokerSettings } from './brokerSettings.js';
import { type MqttCommand, parseCommand } from './commands.js';

const { version: softwareVersion } = createRequire(import.meta.url)('@voice-prints/node-red/package.json') as {
  version: string;
};

/** Commands that wait for others; more are refused. */
const MAX_COMMANDS = 16;

/** What a publisher offers to command. Methods throw VoicePrintsError. */
export interface LiveControl {
  /** Enrols an unknown voice heard at `site`, by default the one heard last anywhere. */
  enroll(
    request: EnrollUnknownRequest,
    site: string | undefined,
    actor: Actor,
  ): Promise<{ readonly site: string | undefined; readonly result: EnrollResult }>;
  /** The source of that id, or all of the site, or all. */
  start(target: ControlTarget): void;
  stop(target: ControlTarget): void;
}

export interface ControlTarget {
  readonly source: string | undefined;
  readonly site: string | undefined;
}

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
  /** People whom retained messages name. */
  readonly #people = new Set<string>();
  #enrolled: readonly NamedPerson[] = [];
  readonly #topics: ReturnType<typeof baseTopicsOf>;
  #commands: Promise<void> = Promise.resolve();
  #waitingCommands = 0;
  #lostUntold = 0;

  constructor(options: MqttSurfaceOptions) {
    this.#options = options;
    this.#topics = baseTopicsOf(options.topicBase);
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
    this.#sources.set(state.source, state);
    this.#publishSource(state);
    this.#site(state.site).available(this.#isAvailable(state.site));
  }

  /** Withdraws what is retained of a source; of its site, too, where it was the last one. */
  removeSource(source: string): void {
    const state = this.#sources.get(source);
    if (!state) return;
    this.#sources.delete(source);
    const topic = this.#topics.source(source);
    this.#connection.publish({ topic, payload: '', qos: 1, retain: true });
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

  /** Says `offline` and leaves the broker. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const site of this.#sites.values()) site.close();
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
    const own = [...this.#sources.values()].filter((source) => source.site === site);
    return own.length === 0 || own.some(({ status }) => status === 'open' || status === 'held');
  }

  #publishSource(state: SourceState): void {
    const topic = this.#topics.source(state.source);
    this.#connection.publish({ topic, payload: state, qos: 1, retain: true });
  }

  #subscribe(): void {
    const { topicBase: base, discoveryPrefix, control } = this.#options;
    const greeting = discoveryPrefix === undefined ? [] : [homeAssistantStatusTopic(discoveryPrefix)];
    const commands = control
      ? [this.#topics.command, ...[...this.#sites.keys()].map((site) => topicsOf({ base, site }).command)]
      : [];
    this.#connection.subscribe([...greeting, ...commands]);
  }

  #receive({ topic, payload }: ReceivedMessage): void {
    const { discoveryPrefix, topicBase: base } = this.#options;
    if (discoveryPrefix !== undefined && topic === homeAssistantStatusTopic(discoveryPrefix)) {
      if (Buffer.from(payload).toString('latin1') === 'online') this.announce();
      return;
    }
    const site = [...this.#sites.keys()].find((name) => topicsOf({ base, site: name }).command === topic);
    if (topic !== this.#topics.command && site === undefined) return;
    if (this.#waitingCommands >= MAX_COMMANDS) {
      this.#refuse(new VoicePrintsError('ENGINE_BUSY', 'too many commands at a time; send fewer'), site, undefined);
      return;
    }
    this.#waitingCommands += 1;
    this.#commands = this.#commands
      .then(() => this.#obey(payload, site))
      .finally(() => {
        this.#waitingCommands -= 1;
      });
  }

  /** Never rejects: a command that fails is answered on the topic of errors. */
  async #obey(payload: Uint8Array, site: string | undefined): Promise<void> {
    let command: MqttCommand | undefined;
    try {
      command = parseCommand(payload);
      await this.#perform(command, site);
    } catch (thrown) {
      this.#refuse(thrown, site, command?.id);
    }
  }

  async #perform(command: MqttCommand, site: string | undefined): Promise<void> {
    const { control, topicBase: base } = this.#options;
    if (!control) return;
    switch (command.action) {
      case 'enroll': {
        const { id, speakerId, name, cluster, consent: consentText, consentVersion } = command;
        const person = { speakerId, ...present({ name, cluster, consentText, consentVersion }) };
        const answer = await control.enroll(person, site, { name: 'mqtt' });
        const payload = { ...answer.result, ...present({ id }) };
        const topic = answer.site === undefined ? `${base}/enrolled` : topicsOf({ base, site: answer.site }).enrolled;
        this.#connection.publish({ topic, payload, qos: 1, retain: false });
        this.#options.onEnrolled?.();
        return;
      }
      case 'start':
        return control.start({ source: command.source, site });
      case 'stop':
        return control.stop({ source: command.source, site });
      case 'announce':
        return this.announce();
      case 'remove':
        for (const [name, messages] of this.#sites) if (site === undefined || name === site) messages.remove();
    }
  }

  #refuse(thrown: unknown, site: string | undefined, id: string | undefined): void {
    const { code, message } = asVoicePrintsError(thrown);
    const payload = { code, message, ...present({ site, id }) };
    this.#connection.publish({ topic: this.#topics.errors, payload, qos: 1, retain: false });
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
