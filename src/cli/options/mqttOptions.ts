import { createSecureContext } from 'node:tls';
import { present } from '../../core/present.js';
import { DISCOVERY_PREFIX, PRESENCE_WINDOW_MS, TOPIC_BASE } from '../../events/index.js';
import { VoicePrintsError } from '../../index.js';
import { type BrokerSettings, isTlsUrl, parseBrokerUrl } from '../../mqtt/brokerSettings.js';
import type { MqttSurfaceOptions } from '../../mqtt/mqttSurface.js';
import type { OptionSpec, ParsedArguments, Terminal } from '../command.js';
import { hasFlag, numberOption, textOption, usageError } from './parseCommandLine.js';
import { readBytes, readText } from './readBytes.js';

const DEFAULT_BUFFER = 1_000;

/** Options of the commands that publish over MQTT. */
export const mqttOptions = {
  mqtt: {
    value: 'URL',
    about: 'Publish on this MQTT broker: mqtt://host, mqtts://host (TLS), ws:// or wss://; no user or password in it',
  },
  'mqtt-credentials': {
    value: 'FILE',
    about: 'File with one line, user:password (default: VOICE_PRINTS_MQTT_USER and VOICE_PRINTS_MQTT_PASSWORD)',
  },
  'mqtt-ca': { value: 'FILE', about: 'Certificates of the authorities of the broker (PEM; default: the public ones)' },
  'mqtt-cert': { value: 'FILE', about: 'Client certificate for the broker (PEM); with --mqtt-key' },
  'mqtt-key': { value: 'FILE', about: 'Private key of that certificate (PEM)' },
  'mqtt-base': { value: 'TOPIC', about: `Base of all topics (default ${TOPIC_BASE})` },
  'mqtt-discovery': {
    value: 'PREFIX',
    about: `Announce each site to Home Assistant under this prefix, usually ${DISCOVERY_PREFIX} (default: not)`,
  },
  'mqtt-presence': {
    value: 'SECONDS',
    about: `How long a person counts as present after their speech (default ${PRESENCE_WINDOW_MS / 1000})`,
  },
  'mqtt-tentative': { about: 'Also publish tentative names during a turn' },
  'mqtt-buffer': {
    value: 'N',
    about: `Messages kept while the broker is away; the oldest events are lost beyond (default ${DEFAULT_BUFFER})`,
  },
  'mqtt-commands': { about: 'Accept commands from the broker: enroll, start, stop, announce, remove' },
} as const satisfies Record<string, OptionSpec>;

/** What the options say of the publisher; its owner adds the rest. */
export type MqttChoice = Omit<MqttSurfaceOptions, 'control' | 'onReport'> & { readonly takesCommands: boolean };

/**
 * The broker and how to publish on it; undefined without `--mqtt`. Throws USAGE, INPUT_INVALID, CREDENTIALS_IN_URL,
 * FILE_NOT_FOUND, FILE_UNREADABLE, CONFIG_INVALID.
 */
export async function mqttChoice(args: ParsedArguments, env: Terminal['env']): Promise<MqttChoice | undefined> {
  const url = textOption(args, 'mqtt');
  if (url === undefined) {
    const stray = Object.keys(mqttOptions).find((name) => args.values[name] !== undefined);
    if (stray !== undefined) throw usageError(`--${stray} is for --mqtt; give both`);
    return undefined;
  }
  const broker = await brokerOf(parseBrokerUrl(url), args, env);
  const presenceSeconds = numberOption(args, 'mqtt-presence', { least: 1, most: 86_400 });
  const bufferMessages = numberOption(args, 'mqtt-buffer', { least: 10, most: 100_000, isWhole: true });
  return {
    broker,
    topicBase: topicOf(args, 'mqtt-base') ?? TOPIC_BASE,
    discoveryPrefix: topicOf(args, 'mqtt-discovery'),
    presenceWindowMs: presenceSeconds === undefined ? PRESENCE_WINDOW_MS : 1000 * presenceSeconds,
    isTellingTentative: hasFlag(args, 'mqtt-tentative'),
    bufferMessages: bufferMessages ?? DEFAULT_BUFFER,
    takesCommands: hasFlag(args, 'mqtt-commands'),
  };
}

async function brokerOf(url: string, args: ParsedArguments, env: Terminal['env']): Promise<BrokerSettings> {
  const [ca, cert, key] = ['mqtt-ca', 'mqtt-cert', 'mqtt-key'].map((name) => textOption(args, name));
  if ((cert === undefined) !== (key === undefined))
    throw usageError('--mqtt-cert and --mqtt-key belong together; give both');
  if (!isTlsUrl(url) && (ca ?? cert) !== undefined) {
    throw usageError('--mqtt-ca, --mqtt-cert and --mqtt-key are for TLS; write the address as mqtts://… or wss://…');
  }
  const read = async (file: string | undefined) => (file === undefined ? undefined : await readBytes(file));
  const [authorities, certificate, privateKey] = await Promise.all([read(ca), read(cert), read(key)]);
  const pem = (bytes: Uint8Array | undefined) => (bytes === undefined ? undefined : Buffer.from(bytes));
  try {
    createSecureContext(present({ ca: pem(authorities), cert: pem(certificate), key: pem(privateKey) }));
  } catch (cause) {
    const message =
      'the files of --mqtt-ca, --mqtt-cert and --mqtt-key cannot be used; give PEM files, the key without a passphrase';
    throw new VoicePrintsError('CONFIG_INVALID', message, { cause });
  }
  const login = await loginOf(args, env);
  return { url, ...login, ...present({ authorities, certificate, privateKey }) };
}

async function loginOf(
  args: ParsedArguments,
  env: Terminal['env'],
): Promise<Pick<BrokerSettings, 'user' | 'password'>> {
  const file = textOption(args, 'mqtt-credentials');
  if (file === undefined) {
    const user = env.VOICE_PRINTS_MQTT_USER || undefined;
    const password = env.VOICE_PRINTS_MQTT_PASSWORD || undefined;
    if (password !== undefined && user === undefined)
      throw usageError('VOICE_PRINTS_MQTT_PASSWORD is set without VOICE_PRINTS_MQTT_USER; set both');
    return present({ user, password });
  }
  const [, user, password] = /^([^:\r\n]+):([^\r\n]*)/.exec(await readText(file)) ?? [];
  if (user !== undefined && password !== undefined) return { user, password };
  throw new VoicePrintsError('CONFIG_INVALID', `${file} holds no credentials; write one line, user:password`);
}

/** Levels of a topic without wildcards. Throws USAGE. */
function topicOf(args: ParsedArguments, name: string): string | undefined {
  const text = textOption(args, name)?.replace(/^\/+|\/+$/g, '');
  if (text === undefined) return undefined;
  if (/^[^#+\0]{1,128}$/.test(text)) return text;
  throw usageError(`--${name} is no topic; give 1 to 128 characters without # and +`);
}
