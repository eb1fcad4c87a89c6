import { connect, type MqttClient } from 'mqtt';
import { RECONNECT, type ReconnectConfig, reconnectMs } from '../core/backoff.js';
import { guarded } from '../core/guarded.js';
import type { MqttMessage } from '../events/index.js';
import { type BrokerReport, brokerFault, isRefusedMessage } from './brokerFault.js';
import type { BrokerSettings } from './brokerSettings.js';
import { clientOptions, MAX_UNDER_WAY } from './clientOptions.js';
import { Outbox, type Outgoing } from './outbox.js';

const MAX_BYTES = 8 * 2 ** 20;
/** How long `close` waits for acknowledgements. */
const FAREWELL_MS = 3_000;

export interface ReceivedMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
}

export interface BrokerConnectionOptions {
  readonly settings: BrokerSettings;
  /** Retained on this topic: `online` with each connection, `offline` at the end, however it comes. */
  readonly statusTopic: string;
  /** Messages held at most while the broker is away or slow. */
  readonly bufferMessages: number;
  /** Called with each new connection, after `online`: the retained messages are to be published again. */
  readonly onConnected: () => void;
  readonly onMessage: (message: ReceivedMessage) => void;
  /** Called once for each fault, however often it is tried again, and when it is over. */
  readonly onReport: (report: BrokerReport) => void;
  readonly backoff?: Partial<ReconnectConfig>;
}

/** Counts since the start. */
export interface BrokerCounts {
  readonly isConnected: boolean;
  readonly connections: number;
  readonly published: number;
  /** Dropped because the buffer was full. */
  readonly lost: number;
  /** Refused by the broker, one by one. */
  readonly refused: number;
  readonly waiting: number;
}

/**
 * One client of a broker for as long as the process runs: connected anew whenever the connection is lost, never throwing. Each
 * connection is a client of the library of its own; what it had not delivered is sent again by the next one, so that
 * everything with QoS 1 arrives at least once or is counted as lost.
 */
export class BrokerConnection implements AsyncDisposable {
  readonly #options: BrokerConnectionOptions;
  readonly #backoff: ReconnectConfig;
  readonly #outbox: Outbox;
  readonly #topics = new Set<string>();
  #client: MqttClient | undefined;
  #isConnected = false;
  #isClosed = false;
  #isLeaving = false;
  #failures = 0;
  #retry: NodeJS.Timeout | undefined;
  #faultShown: string | undefined;
  #lostReported = 0;
  /** From the first loss until the buffer is empty again. */
  #isLosing = false;
  #isRefusalReported = false;
  #published = 0;
  #refused = 0;
  #connections = 0;
  #onDrained: () => void = () => undefined;

  constructor(options: BrokerConnectionOptions) {
    this.#options = options;
    this.#backoff = { ...RECONNECT, ...options.backoff };
    this.#outbox = new Outbox({ maxMessages: options.bufferMessages, maxBytes: MAX_BYTES });
  }

  get counts(): BrokerCounts {
    return {
      isConnected: this.#isConnected,
      connections: this.#connections,
      published: this.#published,
      lost: this.#outbox.lost,
      refused: this.#refused,
      waiting: this.#outbox.size,
    };
  }

  open(): void {
    if (this.#isClosed || this.#client) return;
    const client = connect(this.#options.settings.url, clientOptions(this.#options.settings, this.#status('offline')));
    this.#client = client;
    // Of an earlier connection nothing counts any more.
    const own = <A extends unknown[]>(callback: (...args: A) => unknown) =>
      guarded(
        (thrown) => this.#lose(client, thrown),
        (...args: A) => (this.#client === client ? callback(...args) : undefined),
      );
    client.on(
      'connect',
      own(() => this.#connected(client)),
    );
    client.on(
      'error',
      own((error) => this.#lose(client, error)),
    );
    client.on(
      'close',
      own(() => this.#lose(client, undefined)),
    );
    client.on(
      'message',
      own((topic, payload, { retain }) => {
        if (topic === this.#options.statusTopic) return this.#statusHeard(client, payload);
        // A command that the broker kept must not be carried out again with each connection.
        if (!retain) this.#options.onMessage({ topic, payload });
      }),
    );
  }

  /** Sends the message as soon as possible; with QoS 0 only while there is a connection. */
  publish({ payload, ...message }: MqttMessage): void {
    if (this.#isClosed || (message.qos === 0 && !this.#isConnected)) return;
    this.#outbox.push({ ...message, payload: typeof payload === 'string' ? payload : JSON.stringify(payload) });
    this.#send();
    if (!this.#isLosing) this.#reportLoss();
  }

  /** What is retained on these topics and was not delivered yet is not sent any more. */
  forget(isMeant: (topic: string) => boolean): void {
    this.#outbox.forget(isMeant);
    if (this.#outbox.size === 0) this.#onDrained();
  }

  /** Exactly these topics are received from now on. */
  subscribe(topics: readonly string[]): void {
    const wanted = new Set(topics);
    const gone = [...this.#topics].filter((topic) => !wanted.has(topic));
    const added = topics.filter((topic) => !this.#topics.has(topic));
    for (const topic of gone) this.#topics.delete(topic);
    for (const topic of added) this.#topics.add(topic);
    if (!this.#isConnected) return;
    if (gone.length > 0) this.#client?.unsubscribe(gone, () => undefined);
    this.#listen(added);
  }

  /** Says `offline`, waits a moment for what is under way, and leaves. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#isLeaving = true;
    if (this.#isConnected) {
      this.publish(this.#status('offline'));
      await this.#drained();
    }
    this.#isClosed = true;
    clearTimeout(this.#retry);
    const client = this.#client;
    this.#client = undefined;
    if (!client) return;
    await new Promise<void>((resolve) => {
      client.on('error', () => undefined);
      const forced = setTimeout(() => client.end(true, () => resolve()), FAREWELL_MS);
      client.end(!this.#isConnected, () => {
        clearTimeout(forced);
        resolve();
      });
    });
    this.#isConnected = false;
  }

  #status(payload: 'online' | 'offline') {
    return { topic: this.#options.statusTopic, payload, qos: 1, retain: true } as const;
  }

  #connected(client: MqttClient): void {
    this.#connections += 1;
    this.#failures = 0;
    this.#isRefusalReported = false;
    if (this.#faultShown !== undefined) this.#options.onReport({ message: 'connected to the MQTT broker again' });
    this.#faultShown = undefined;
    const { topic, payload, qos, retain } = this.#status('online');
    client.publish(topic, payload, { qos, retain }, (error) => this.#assertTaken(error ?? undefined));
    this.#listen([...this.#topics]);
    // Not what this connection itself publishes there, nor what is kept.
    client.subscribe(topic, { qos: 1, nl: true, rh: 2 }, (error) => this.#assertTaken(error ?? undefined));
    this.#options.onConnected(); // takes the place of older states that wait
    this.#isConnected = true;
    this.#send();
  }

  /**
   * The broker says `offline` late, of an earlier connection of this process, or another process with the same base has ended:
   * this one is there all the same.
   */
  #statusHeard(client: MqttClient, said: Uint8Array): void {
    if (this.#isLeaving || Buffer.from(said).toString('latin1') !== 'offline') return;
    const { topic, payload, qos, retain } = this.#status('online');
    client.publish(topic, payload, { qos, retain }, (error) => this.#assertTaken(error ?? undefined));
  }

  #listen(topics: readonly string[]): void {
    if (topics.length === 0) return;
    // 2: nothing that the broker keeps.
    const wanted = Object.fromEntries(topics.map((topic) => [topic, { qos: 1 as const, rh: 2 }]));
    this.#client?.subscribe(wanted, (error) => this.#assertTaken(error ?? undefined));
  }

  #send(): void {
    const client = this.#client;
    while (client && this.#isConnected) {
      const message = this.#outbox.next(MAX_UNDER_WAY);
      if (!message) return;
      const { topic, payload, qos, retain } = message;
      client.publish(topic, payload, { qos, retain }, (error) => {
        if (this.#client === client) this.#sent(message, error ?? undefined);
      });
    }
  }

  #sent(message: Outgoing, error: unknown): void {
    // Any other error ends the connection; the message is sent again by the next.
    if (error !== undefined && !isRefusedMessage(error)) return;
    this.#outbox.done(message);
    if (error === undefined) this.#published += 1;
    else this.#refused += 1;
    this.#assertTaken(error);
    if (this.#outbox.size === 0) {
      this.#reportLoss();
      this.#isLosing = false;
      this.#onDrained();
    }
    this.#send();
  }

  /** Reports, once a connection, that the broker refuses a topic. */
  #assertTaken(error: unknown): void {
    if (error === undefined || !isRefusedMessage(error) || this.#isRefusalReported) return;
    this.#isRefusalReported = true;
    this.#options.onReport({
      code: 'MQTT_UNAUTHORIZED',
      message: 'the MQTT broker refuses a topic to this client; check its access list',
    });
  }

  #reportLoss(): void {
    const lost = this.#outbox.lost - this.#lostReported;
    if (lost === 0) return;
    this.#isLosing = true;
    this.#lostReported = this.#outbox.lost;
    const message = `messages for the MQTT broker do not fit into the buffer and are lost (${lost}); check the broker, or allow more with --mqtt-buffer`;
    this.#options.onReport({ code: 'MQTT_MESSAGES_LOST', message, lost });
  }

  #lose(client: MqttClient, error: unknown): void {
    if (this.#client !== client) return;
    this.#client = undefined;
    this.#isConnected = false;
    client.on('error', () => undefined); // whatever else it says
    client.end(true, () => undefined);
    this.#outbox.rewind();
    this.#onDrained();
    if (this.#isClosed) return;
    this.#failures += 1;
    const retryInMs = reconnectMs(this.#backoff, this.#failures, false);
    const { code, message } = brokerFault(error, this.#options.settings.url);
    if (this.#faultShown !== code) this.#options.onReport({ code, message, retryInMs });
    this.#faultShown = code;
    this.#retry = setTimeout(
      guarded(
        () => undefined,
        () => this.open(),
      ),
      retryInMs,
    );
  }

  async #drained(): Promise<void> {
    if (this.#outbox.size === 0) return;
    await new Promise<void>((resolve) => {
      const late = setTimeout(resolve, FAREWELL_MS);
      this.#onDrained = () => {
        clearTimeout(late);
        resolve();
      };
    });
  }
}
