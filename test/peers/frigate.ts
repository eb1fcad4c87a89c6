import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { MqttClient } from 'mqtt';

/** A request that named somebody. */
interface SubLabel {
  readonly eventId: string;
  readonly subLabel: string;
  readonly subLabelScore?: number;
}

/**
 * What others see of Frigate: `frigate/events` on its broker, as the documentation of its MQTT integration shows them, and the
 * call of its API that sets the sub label of a tracked object (`EventsSubLabelBody`: at most 100 characters, a score above 0).
 */
export class Frigate implements AsyncDisposable {
  readonly subLabels: SubLabel[] = [];
  readonly #mqtt: MqttClient;
  readonly #server = createServer();
  readonly #known = new Set<string>();

  private constructor(mqtt: MqttClient) {
    this.#mqtt = mqtt;
  }

  static async start(mqtt: MqttClient): Promise<Frigate> {
    const frigate = new Frigate(mqtt);
    frigate.#server.on('request', async (request, response) => {
      const id = /^\/api\/events\/([^/]+)\/sub_label$/.exec(request.url ?? '')?.[1];
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const status = request.method !== 'POST' || id === undefined ? 405 : frigate.#named(id, chunks);
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ success: status === 200 }));
    });
    frigate.#server.listen(0, '127.0.0.1');
    await once(frigate.#server, 'listening');
    await mqtt.publishAsync('frigate/available', 'online', { retain: true });
    return frigate;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Publishes a state of a tracked object. */
  async sees(type: 'new' | 'update' | 'end', camera: string, id: string, label = 'person'): Promise<void> {
    this.#known.add(id);
    const now = Date.now() / 1_000;
    const state = {
      ...{ id, camera, frame_time: now, label, sub_label: null, top_score: 0.95, false_positive: false },
      ...{ start_time: now - 2, end_time: type === 'end' ? now : null, score: 0.79, box: [424, 500, 536, 712] },
      ...{ area: 23744, ratio: 2.1, region: [264, 450, 667, 853], current_zones: [], entered_zones: [] },
      ...{ stationary: false, motionless_count: 0, position_changes: 2, has_clip: false, has_snapshot: true },
    };
    // Acknowledged: what others publish afterwards comes afterwards.
    await this.#mqtt.publishAsync('frigate/events', JSON.stringify({ type, before: state, after: state }), { qos: 1 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #named(eventId: string, chunks: readonly Buffer[]): number {
    const body = JSON.parse(Buffer.concat(chunks).toString()) as Omit<SubLabel, 'eventId'>;
    const { subLabel, subLabelScore = 1 } = body;
    if (typeof subLabel !== 'string' || subLabel.length > 100 || subLabelScore <= 0 || subLabelScore > 1) return 422;
    if (!this.#known.has(eventId)) return 404;
    this.subLabels.push({ eventId, subLabel, subLabelScore });
    return 200;
  }
}
