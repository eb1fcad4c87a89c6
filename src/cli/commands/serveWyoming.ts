import { isIP } from 'node:net';
import { AllowedNetworks } from '../../api/access/allowedNetworks.js';
import type { FailureReport } from '../../api/calls/call.js';
import type { WyomingAddress } from '../../api/wyoming/asrLink.js';
import type { RunningWyomingServer, ServeWyomingOptions } from '../../api/wyoming/serveWyoming.js';
import { present } from '../../core/present.js';
import { isTopicName, type TurnEvent } from '../../events/index.js';
import type { Engine } from '../../index.js';
import type { OptionSpec, ParsedArguments } from '../command.js';
import { hasFlag, textOption, usageError } from '../options/parseCommandLine.js';

/** Site of commands where none is chosen. */
const COMMAND_SITE = 'assistant';

export const wyomingOptions = {
  wyoming: {
    value: 'ADDRESS',
    about:
      'Serve voice assistants over Wyoming: tcp://127.0.0.1:10300, or tcp://0.0.0.0:10300 for others (default: off)',
  },
  'wyoming-asr': {
    value: 'ADDRESS',
    about: 'Your own speech-to-text service, tcp://HOST:PORT: its transcripts come back with the speaker',
  },
  'wyoming-prefix': {
    value: 'TEXT',
    about: 'Put before transcripts whose speaker is named, {name} being the name: "[{name}] " (default: none)',
  },
  'wyoming-allow': {
    value: 'NETWORK,…',
    about: 'Where Wyoming clients may come from: addresses, networks (default: loopback,linklocal,uniquelocal)',
  },
  'wyoming-announce': {
    about: 'Announce the server on the network, so that Home Assistant finds it (_wyoming._tcp by multicast DNS)',
  },
  'wyoming-site': {
    value: 'SITE',
    about: `Site at which commands are published with --mqtt: who spoke, never what was said (default ${COMMAND_SITE})`,
  },
  'wyoming-enrol': { about: 'Wyoming clients may enrol, delete and list people; the protocol has no passwords' },
} as const satisfies Record<string, OptionSpec>;

/** `tcp://HOST:PORT`. Throws USAGE. */
function addressOf(option: string, text: string): WyomingAddress {
  const url = /^tcp:\/\/[^/?#@]+\/?$/i.test(text) && URL.canParse(text) ? new URL(text) : undefined;
  if (!url?.port || url.hostname === '') throw usageError(`--${option} is an address as in tcp://127.0.0.1:10300`);
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port) };
}

interface WyomingToServe {
  readonly engine: Engine;
  readonly onFailure: (failure: FailureReport) => void;
  readonly publisher: CommandPublisher | undefined;
}

/** Where the speakers of commands are published. */
interface CommandPublisher {
  openSite(site: string): void;
  hear(event: TurnEvent): void;
}

/** What the options say of the server; its owner adds the rest. */
export interface WyomingChoice extends Omit<ServeWyomingOptions, keyof WyomingToServe | 'publish'> {
  readonly site: string;
}

/** Undefined without `--wyoming`. Throws USAGE, CONFIG_INVALID for networks that are none. */
export function wyomingChoice(args: ParsedArguments): WyomingChoice | undefined {
  const listen = textOption(args, 'wyoming');
  if (listen === undefined) {
    const [orphan] = Object.keys(wyomingOptions).filter((name) => args.values[name] !== undefined);
    if (orphan) throw usageError(`--${orphan} belongs to --wyoming; give both`);
    return undefined;
  }
  const { host, port } = addressOf('wyoming', listen);
  const isAnnounced = hasFlag(args, 'wyoming-announce');
  if (isAnnounced && (isIP(host) !== 4 || host.startsWith('127.'))) {
    throw usageError('--wyoming-announce is for a server that others reach: --wyoming tcp://0.0.0.0:PORT');
  }
  const asrText = textOption(args, 'wyoming-asr');
  const asr = asrText === undefined ? undefined : addressOf('wyoming-asr', asrText);
  const site = textOption(args, 'wyoming-site') ?? COMMAND_SITE;
  if (!isTopicName(site)) throw usageError(`--wyoming-site ${site} is no level of an MQTT topic, or reserved`);
  const allow = textOption(args, 'wyoming-allow');
  if (allow !== undefined) new AllowedNetworks(allow); // throws where it is none
  return {
    ...{ host, port, site, isAnnounced, mayEnrol: hasFlag(args, 'wyoming-enrol') },
    ...present({ asr, prefix: textOption(args, 'wyoming-prefix'), allow }),
  };
}

/** Serves Wyoming where it was asked for. Throws CONFIG_INVALID where it cannot listen. */
export async function serveWyomingToo(
  choice: WyomingChoice | undefined,
  { publisher, ...shared }: WyomingToServe,
): Promise<RunningWyomingServer | undefined> {
  if (!choice) return undefined;
  const { site, ...options } = choice;
  publisher?.openSite(site); // known before its first command
  // Loaded here, since few need it.
  const { serveWyoming } = await import('../../api/wyoming/serveWyoming.js');
  const publish = publisher && { site, onEvent: (event: TurnEvent) => publisher.hear(event) };
  return serveWyoming({ ...shared, ...options, ...present({ publish }) });
}
