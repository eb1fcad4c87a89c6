import type { SourceReport } from '../../src/api/restOptions.js';
import { guarded } from '../../src/core/guarded.js';
import { present } from '../../src/core/present.js';
import {
  liveSpeakerEvent,
  type MqttMessage,
  type NamedPerson,
  type Port,
  SiteMessages,
  type SiteOptions,
  type SpeakerEvent,
  topicsOf,
  type WarningEvent,
} from '../../src/events/index.js';
import {
  type Engine,
  type EnrollUnknownRequest,
  type FalseAcceptPercent,
  type FeedbackRequest,
  type FeedbackResult,
  type LiveSession,
  type Strangers,
  VoicePrintsError,
} from '../../src/index.js';
import type { StreamState } from '../../src/live.js';
import type { LiveDescription, StreamLabel } from '../shared/liveMessages.js';
import { ListenedStream } from './listenedStream.js';
import { StreamTally } from './streamTally.js';

/** After a failure the audio of a stream is let pass for this long before it is tried again. */
const RETRY_MS = 10_000;
/** While there are events, the people enrolled are looked at this often: each is a trigger in Home Assistant. */
const PEOPLE_MS = 60_000;

export interface ListeningOptions extends SiteOptions {
  readonly topicBase: string;
  /** Of streams that name none. */
  readonly site: string;
  readonly falseAcceptPercent?: FalseAcceptPercent | undefined;
  /** Undefined: as the store. */
  readonly strangers?: Strangers | undefined;
  readonly engine: () => Promise<Engine>;
  /** A message for the given port; `stream` is the stream it came from, if any. */
  readonly tell: (port: Port, message: MqttMessage, stream?: Partial<StreamLabel>) => void;
  readonly onFailure: (failure: VoicePrintsError, stream: Partial<StreamLabel>) => void;
  /** Something the user should know although the stream is listened to. */
  readonly onWarning: (warning: WarningEvent) => void;
  /** Something that the badge shows may have changed. */
  readonly onChange: () => void;
}

/** All streams that reach one node: a session for each, presence for each site. */
export class LiveListening {
  readonly #options: ListeningOptions;
  readonly #streams = new Map<string, ListenedStream>();
  /** By stream, as long as it is listened to. */
  readonly #tallies = new Map<string, StreamTally>();
  readonly #sites = new Map<string, SiteMessages>();
  readonly #restingUntilMs = new Map<string, number>();
  /** Streams that were stopped, until they are started again or end; `undefined`: all. */
  readonly #paused = new Set<string | undefined>();
  /** Streams whose sources report states, which are more reliable than the arrival of messages. */
  readonly #toldBySource = new Set<string>();
  #lastUnknown: { readonly session: LiveSession; readonly cluster: string } | undefined;
  #people: readonly NamedPerson[] = [];
  #peopleReadAtMs = Number.NEGATIVE_INFINITY;
  #isClosed = false;
  droppedSeconds = 0;
  level = 0;
  /** False from a session that began with no one to name until someone is named. */
  isAnybodyEnrolled = true;

  constructor(options: ListeningOptions) {
    this.#options = options;
  }

  get streams(): number {
    return this.#streams.size;
  }

  /** Who is at the sites of this node: `Alice`, `unknown`, `nobody`. */
  get presence(): string {
    const said = [...new Set([...this.#sites.values()].map(({ presence }) => presence))];
    const known = said.filter((text) => text !== 'nobody' && text !== 'unknown');
    if (known.length > 0) return known.join(', ');
    return said.includes('unknown') ? 'unknown' : 'nobody';
  }

  /** How each stream is doing, and who is present at its site. */
  reports(): readonly SourceReport[] {
    return [...this.#tallies.values()].map((tally) => tally.report(this.#sites.get(tally.site)?.presence ?? 'nobody'));
  }

  /** Audio of a stream, as a live source sends it. Throws what PushedAudio.push throws, and CONFIG_INVALID for a site. */
  take(
    bytes: Uint8Array,
    about: Partial<LiveDescription> & { streamId: string },
    speakerIds?: readonly string[],
  ): void {
    const { streamId } = about;
    if (about.isEnd || bytes.length === 0) {
      this.#streams.get(streamId)?.end();
      this.#toldBySource.delete(streamId);
      this.#paused.delete(streamId);
      this.#restingUntilMs.delete(streamId);
      return;
    }
    if (this.#isClosed || this.#paused.has(streamId) || this.#paused.has(undefined)) return;
    if (Date.now() < (this.#restingUntilMs.get(streamId) ?? 0)) return;
    const stream = this.#streams.get(streamId) ?? this.#open(about, speakerIds);
    stream.push(bytes, isOurClock(about) ? about.startSample : undefined);
  }

  /** State of a stream as its source reports it; also before its first audio. */
  heardState(state: StreamState, about: Partial<LiveDescription> & { streamId: string }): void {
    this.#toldBySource.add(about.streamId);
    this.#streams.get(about.streamId)?.tell(state);
    this.#tallies.get(about.streamId)?.changed(state);
    const site = this.#siteNameOf(about);
    const context = { site, sessionId: about.streamId, model: '', threshold: 0 };
    this.#site(site).hear(liveSpeakerEvent({ type: 'state', state, timestampMs: Date.now() }, context));
  }

  /** Everything that is retained, once more. */
  announce(): void {
    if (this.#sites.size === 0) this.#site(this.#options.site);
    else for (const site of this.#sites.values()) site.announce();
  }

  /** Nothing that a broker keeps names a person who was erased, whenever it was published. */
  erase(speakerId: string): void {
    if (this.#isClosed) return;
    this.#people = this.#people.filter((person) => person.speakerId !== speakerId);
    if (this.#sites.size === 0) this.#site(this.#options.site);
    for (const site of this.#sites.values()) site.erase(speakerId);
  }

  remove(): void {
    if (this.#sites.size === 0) this.#site(this.#options.site);
    for (const site of this.#sites.values()) site.remove();
  }

  /** Stops listening to one stream, or to all, until `start`. */
  pause(streamId?: string): void {
    this.#paused.add(streamId);
    for (const [id, stream] of this.#streams) if (streamId === undefined || id === streamId) stream.end();
  }

  start(streamId?: string): void {
    if (streamId === undefined) this.#paused.clear();
    else this.#paused.delete(streamId);
  }

  /** "The last unknown is Alice", during the stream or long after it. Throws what `enrollUnknown` throws. */
  async enroll(request: EnrollUnknownRequest): Promise<MqttMessage> {
    const heard = this.#lastUnknown;
    const asked = { ...(heard && { cluster: heard.cluster }), ...request };
    const isListening = heard && [...this.#streams.values()].some(({ session }) => session === heard.session);
    const voices = isListening ? heard.session : (await this.#options.engine()).speakers();
    const result = await voices.enrollUnknown(asked);
    this.#peopleReadAtMs = Number.NEGATIVE_INFINITY;
    this.#followPeople();
    const site = heard?.session.site ?? this.#options.site;
    const { enrolled } = topicsOf({ base: this.#options.topicBase, site });
    return { topic: enrolled, payload: result, qos: 1, retain: false };
  }

  /** What a person says of a turn, or of an unknown voice; running sessions follow. Throws what `TurnDirectory.feedback` throws. */
  async feedback(request: FeedbackRequest): Promise<MqttMessage> {
    return this.#feedbackMessage(await (await this.#options.engine()).turns().feedback(request));
  }

  async undo(feedbackId: string): Promise<MqttMessage> {
    return this.#feedbackMessage(await (await this.#options.engine()).turns().undo(feedbackId));
  }

  #feedbackMessage(payload: FeedbackResult): MqttMessage {
    const { topicBase: base, site } = this.#options;
    return { topic: topicsOf({ base, site }).feedback, payload, qos: 1, retain: false };
  }

  /** Ends every session; resolves when they have ended. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const stream of this.#streams.values()) stream.stop();
    for (const site of this.#sites.values()) site.close();
    await Promise.all([...this.#streams.values()].map(({ ended }) => ended));
  }

  #open(about: Partial<LiveDescription> & { streamId: string }, speakerIds?: readonly string[]): ListenedStream {
    const { streamId } = about;
    const { falseAcceptPercent, strangers, engine } = this.#options;
    const site = this.#siteNameOf(about);
    const messages = this.#site(site);
    const label = labelOf(about);
    const tally = new StreamTally({ source: label.source ?? streamId, site });
    const stream = new ListenedStream({
      site,
      format: about,
      engine,
      watch: present({ speakerIds, falseAcceptPercent, strangers }),
      onEvent: (event, session) => {
        tally.hear(event);
        this.#heard(event, session, messages, label);
      },
      onFailure: (failure) => {
        this.#restingUntilMs.set(streamId, Date.now() + RETRY_MS);
        this.#options.onFailure(failure, label);
      },
    });
    this.#streams.set(streamId, stream);
    this.#tallies.set(streamId, tally);
    this.#followPeople();
    this.#options.onChange();
    void stream.ended.then(() => {
      if (this.#streams.get(streamId) === stream) {
        this.#streams.delete(streamId);
        this.#tallies.delete(streamId);
      }
      if (!this.#isClosed) this.#options.onChange();
    });
    return stream;
  }

  #heard(event: SpeakerEvent, session: LiveSession, messages: SiteMessages, label: Partial<StreamLabel>): void {
    const isSourcesToTell = event.event_type === 'stream' && this.#toldBySource.has(label.streamId ?? '');
    if (this.#isClosed || isSourcesToTell) return;
    if (event.event_type === 'warning') {
      this.isAnybodyEnrolled = event.code !== 'NOBODY_ENROLLED';
      this.#options.onWarning(event);
    }
    if (event.event_type === 'identified') this.isAnybodyEnrolled = true;
    if (event.event_type === 'dropped') this.droppedSeconds += event.seconds;
    if (event.event_type === 'degraded') this.level = event.level;
    if ((event.event_type === 'unknown' || event.event_type === 'uncertain') && event.cluster) {
      this.#lastUnknown = { session, cluster: event.cluster };
    }
    this.#followPeople();
    this.#speaking = label;
    messages.hear(event);
    this.#speaking = undefined;
    this.#options.onChange();
  }

  #followPeople(): void {
    const nowMs = performance.now();
    if (!this.#options.discovery || nowMs - this.#peopleReadAtMs < PEOPLE_MS) return;
    this.#peopleReadAtMs = nowMs;
    const read = async (): Promise<void> => {
      const people = await (await this.#options.engine()).speakers().list();
      if (this.#isClosed) return;
      this.#people = people.map(({ speakerId, name }) => ({ speakerId, name }));
      for (const site of this.#sites.values()) site.setPeople(this.#people);
    };
    guarded(() => undefined, read)(); // what fails here fails the stream as well, and is shown there
  }

  /** The stream whose event is being emitted: its label goes with the messages. */
  #speaking: Partial<StreamLabel> | undefined;

  #site(site: string): SiteMessages {
    const known = this.#sites.get(site);
    if (known) return known;
    const { topicBase: base, tell, onChange } = this.#options;
    const made = new SiteMessages({ base, site }, this.#options, (port, message) => {
      tell(port, message, this.#speaking);
      if (message.topic === topicsOf({ base, site }).speaker) onChange();
    });
    this.#sites.set(site, made);
    made.setPeople(this.#people);
    made.announce();
    return made;
  }

  #siteNameOf({ site }: Partial<LiveDescription>): string {
    if (site === undefined || site === '') return this.#options.site;
    if (typeof site === 'string' && isSite(site)) return site;
    throw new VoicePrintsError(
      'CONFIG_INVALID',
      'the site of a stream must not contain # or +; correct it at its source',
    );
  }
}

/** Whether `startSample` counts what our own sources count. */
const isOurClock = ({ encoding, sampleRateHz, channels }: Partial<LiveDescription>): boolean =>
  encoding === 's16le' && sampleRateHz === 16_000 && channels === 1;

/** A level of an MQTT topic, or several. */
const isSite = (site: string): boolean => /^[^#+/][^#+]*$/.test(site) && !site.endsWith('/');

const labelOf = ({ streamId, source, call }: Partial<LiveDescription>): Partial<StreamLabel> => ({
  ...(streamId !== undefined && { streamId }),
  ...(source !== undefined && { source }),
  ...(call !== undefined && { call }),
});
