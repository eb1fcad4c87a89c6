import type { IClientOptions } from 'mqtt';
import { present } from '../core/present.js';
import { type BrokerSettings, isTlsUrl } from './brokerSettings.js';
import type { Outgoing } from './outbox.js';

/** Sent and not acknowledged at most; brokers take at least 20 at a time, Mosquitto 20 by default. */
export const MAX_UNDER_WAY = 20;
/** Larger messages are not delivered to us by the broker (MQTT 5, 3.1.2.11.4). */
const MAX_PACKET_BYTES = 16 * 2 ** 10;
const CONNECT_MS = 15_000;
const KEEPALIVE_SECONDS = 30;

/** Options of the client library for one connection. `farewell`: what the broker publishes where it is lost. */
export function clientOptions(settings: BrokerSettings, farewell: Outgoing): IClientOptions {
  const { user, password, authorities, certificate, privateKey, url } = settings;
  const pem = (bytes: Uint8Array | undefined) => (bytes === undefined ? undefined : Buffer.from(bytes));
  const secure = isTlsUrl(url) ? { ca: pem(authorities), cert: pem(certificate), key: pem(privateKey) } : {};
  const { topic, payload, qos, retain } = farewell;
  return {
    protocolVersion: 5,
    properties: { maximumPacketSize: MAX_PACKET_BYTES, receiveMaximum: MAX_UNDER_WAY },
    clean: true,
    reconnectPeriod: 0, // a new client takes its place
    connectTimeout: CONNECT_MS,
    keepalive: KEEPALIVE_SECONDS,
    queueQoSZero: false,
    will: { topic, payload: Buffer.from(payload), qos, retain },
    ...present({ username: user, password, ...secure }),
  };
}
