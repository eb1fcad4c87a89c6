import { randomUUID } from 'node:crypto';
import type { MqttClient } from 'mqtt';
import { until } from '../support/until.js';
import type { Broker } from './broker.js';

interface Component {
  readonly platform: string;
  readonly state_topic?: string;
  readonly json_attributes_topic?: string;
  readonly event_types?: readonly string[];
  readonly unique_id: string;
}

interface Discovery {
  readonly device: { readonly name: string; readonly identifiers: readonly string[] };
  readonly origin: { readonly name: string };
  readonly availability: readonly { readonly topic: string }[];
  readonly components: Readonly<Record<string, Component>>;
}

/**
 * Reads a broker as Home Assistant does: devices from `homeassistant/device/+/config`, then the topics these name. An
 * event that was retained is not taken, an empty config removes the device.
 */
export class HomeAssistantReader implements AsyncDisposable {
  readonly devices = new Map<string, Discovery>();
  /** How often a device was told, by the topic of its config. */
  readonly told = new Map<string, number>();
  /** Latest payload of each topic that a device names. */
  readonly states = new Map<string, string>();
  readonly events: Record<string, unknown>[] = [];
  readonly #client: MqttClient;

  private constructor(client: MqttClient) {
    this.#client = client;
    client.on('message', (topic, payload, { retain }) => this.#take(topic, payload.toString(), retain));
  }

  static async start(broker: Broker): Promise<HomeAssistantReader> {
    const reader = new HomeAssistantReader(await broker.client());
    await reader.#client.subscribeAsync('homeassistant/device/+/config');
    return reader;
  }

  get device(): Discovery | undefined {
    return this.devices.values().next().value;
  }

  /** What the component of this name shows. */
  state(component: string): string | undefined {
    return this.states.get(this.device?.components[component]?.state_topic ?? '');
  }

  /** What Home Assistant publishes when it has started. */
  async greet(): Promise<void> {
    await this.#client.publishAsync('homeassistant/status', 'online');
  }

  /** Resolves once everything that the broker retained has come: it sends in order, and this comes last. */
  async caughtUp(): Promise<void> {
    const topic = `homeassistant/device/${randomUUID()}/config`;
    await this.#client.publishAsync(topic, ''); // a device that is removed
    await until(() => this.told.has(topic));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.endAsync();
  }

  #take(topic: string, payload: string, isRetained: boolean): void {
    const device = /^homeassistant\/device\/([a-zA-Z0-9_-]+)\/config$/.exec(topic)?.[1];
    if (device !== undefined) this.#discover(topic, device, payload);
    else if (topic.endsWith('/event')) {
      if (!isRetained) this.events.push(JSON.parse(payload));
    } else this.states.set(topic, payload);
  }

  #discover(topic: string, device: string, payload: string): void {
    this.told.set(topic, (this.told.get(topic) ?? 0) + 1);
    if (payload === '') {
      this.devices.delete(device);
      return;
    }
    const config = JSON.parse(payload) as Discovery;
    this.devices.set(device, config);
    const topics = Object.values(config.components).flatMap(({ state_topic, json_attributes_topic }) => [
      ...(state_topic ? [state_topic] : []), // triggers have none
      ...(json_attributes_topic ? [json_attributes_topic] : []),
    ]);
    this.#client.subscribe([...new Set([...topics, ...config.availability.map((a) => a.topic)])]);
  }
}
