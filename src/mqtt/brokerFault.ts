import type { ErrorCode } from '../core/errors.js';
import { isTlsUrl } from './brokerSettings.js';

/** Something about the connection to the broker that its operator should know. Never an address or a payload. */
export interface BrokerReport {
  /** Absent: all is well again. */
  readonly code?: ErrorCode;
  readonly message: string;
  readonly retryInMs?: number;
  /** Of MQTT_MESSAGES_LOST. */
  readonly lost?: number;
}

/** CONNACK and PUBACK: bad user name or password, not authorized, banned (MQTT 5, 3.2.2.2). */
const UNAUTHORIZED: readonly unknown[] = [0x86, 0x87, 0x8a];
const UNSUPPORTED_VERSION: readonly unknown[] = [1, 0x84];

/** How a port answers that expects TLS and gets none, or the reverse. */
const WRONG_PROTOCOL: readonly unknown[] = ['ECONNRESET', 'EPROTO', 'ERR_SSL_WRONG_VERSION_NUMBER'];

/** What a failure of the client library means for this address. */
export function brokerFault(error: unknown, url: string): { readonly code: ErrorCode; readonly message: string } {
  const { code, message = '' } = (error ?? {}) as { code?: unknown; message?: string };
  if (UNAUTHORIZED.includes(code)) {
    return {
      code: 'MQTT_UNAUTHORIZED',
      message: 'the MQTT broker refuses this client; check user, password, client certificate and its access list',
    };
  }
  if (UNSUPPORTED_VERSION.includes(code)) {
    return { code: 'MQTT_UNREACHABLE', message: 'the MQTT broker does not speak MQTT 5; update it' };
  }
  if (WRONG_PROTOCOL.includes(code)) {
    const remedy = isTlsUrl(url)
      ? 'this port may be without TLS: try mqtt:// (1883) or ws://, or the port for TLS (8883)'
      : 'this port may be for TLS: try mqtts:// (8883) or wss://';
    return { code: 'MQTT_UNREACHABLE', message: `the MQTT broker hung up (${String(code)}); ${remedy}` };
  }
  if (typeof code === 'string' && /CERT|_TLS_|_SSL_|SIGNED|_CRL_|ISSUER/.test(code)) {
    return {
      code: 'MQTT_TLS_FAILED',
      message: `there is no secure connection to the MQTT broker (${code}); check its certificate, --mqtt-ca, and --mqtt-cert with --mqtt-key where it asks for one`,
    };
  }
  const reason = typeof code === 'string' ? ` (${code})` : /timeout/i.test(message) ? ' (no answer)' : '';
  return {
    code: 'MQTT_UNREACHABLE',
    message: `the MQTT broker does not answer${reason}; check the address and that it runs`,
  };
}

/** True where the broker refuses one message, not the connection. */
export const isRefusedMessage = (error: unknown): boolean => {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'number' && code >= 0x80;
};
