import { VoicePrintsError } from '../core/errors.js';

/** Where the broker is and how to log in. */
export interface BrokerSettings {
  /** `mqtt://host[:port]`, `mqtts://…`, `ws://…` or `wss://…`, without user and password. */
  readonly url: string;
  readonly user?: string;
  readonly password?: string;
  /** PEM: certificates of the authorities that may have signed the broker's; by default those of Node.js. */
  readonly authorities?: Uint8Array;
  /** PEM: certificate of this client, with its key. */
  readonly certificate?: Uint8Array;
  readonly privateKey?: Uint8Array;
}

const SCHEMES: readonly string[] = ['mqtt:', 'mqtts:', 'ws:', 'wss:'];

/**
 * The address of a broker as given on the command line. Throws INPUT_INVALID, and CREDENTIALS_IN_URL where it contains a user or
 * a password: command lines are visible in the list of processes. Never quotes the address.
 */
export function parseBrokerUrl(text: string): string {
  if (!URL.canParse(text)) throw invalid('the address of the MQTT broker cannot be read');
  const url = new URL(text);
  if (!SCHEMES.includes(url.protocol) || url.hostname === '')
    throw invalid('the address of the MQTT broker is of another kind');
  if (url.username !== '' || url.password !== '') {
    throw new VoicePrintsError(
      'CREDENTIALS_IN_URL',
      'the address of the MQTT broker contains a user or a password, which others can read in the list of processes; set VOICE_PRINTS_MQTT_USER and VOICE_PRINTS_MQTT_PASSWORD, or name a file with --mqtt-credentials',
    );
  }
  const isWeb = url.protocol.startsWith('ws');
  if (url.search !== '' || url.hash !== '' || (!isWeb && !['', '/'].includes(url.pathname)))
    throw invalid('the address of the MQTT broker has more than host and port');
  return isWeb ? url.href : `${url.protocol}//${url.host}`;
}

/** True where the connection is encrypted. */
export const isTlsUrl = (url: string): boolean => /^(mqtts|wss):/.test(url);

const invalid = (problem: string): VoicePrintsError =>
  new VoicePrintsError('INPUT_INVALID', `${problem}; write it as mqtt://host:port or mqtts://host:port`);
