import type { Command, OptionSpec } from './command.js';
import { commonOptions } from './options/parseCommandLine.js';

const optionName = (name: string, { value, short }: OptionSpec): string =>
  `${short ? `-${short}, ` : ''}--${name}${value ? ` ${value}` : ''}`;

const columns = (rows: readonly (readonly [string, string])[]): string => {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join('\n');
};

const optionRows = (options: Readonly<Record<string, OptionSpec>>) =>
  Object.entries(options).map(([name, spec]) => [optionName(name, spec), spec.about] as const);

/** The text of `voice-prints --help`. */
export function generalHelp(commands: readonly Command[], version: string): string {
  return `voice-prints ${version}: who speaks, when

Usage: voice-prints COMMAND …

Commands:
${columns(commands.map((c) => [`${c.name} ${c.operands}`.trim(), c.summary] as const))}

Options of every command:
${columns(optionRows(commonOptions))}

Environment:
${columns([
  ['VOICE_PRINTS_HOME', 'Folder of the voiceprints, where --store is not given'],
  ['VOICE_PRINTS_DATABASE_URL', 'PostgreSQL that many processes share, in place of the folder'],
  ['VOICE_PRINTS_MIGRATE', 'off: only the command migrate brings the tables of that database up to date'],
  ['VOICE_PRINTS_AUDIO_URL', 'Folder or bucket where the audio of their jobs waits'],
  ['VOICE_PRINTS_KEY', 'Encrypts the voiceprints at rest; 8 characters or more'],
  ['VOICE_PRINTS_STRANGERS', '--strangers of serve and watch, where it is not given'],
  [
    'VOICE_PRINTS_REQUIRE_CONSENT',
    '1: enrolments without a recorded consent are refused, as by serve --require-consent',
  ],
  ['VOICE_PRINTS_PASSPHRASE', 'Passphrase of speakers export and import'],
  ['VOICE_PRINTS_API_KEYS', 'Keys of serve: tenant:key,tenant:key'],
  ['VOICE_PRINTS_API_KEY', 'Key with which webhooks --server asks a running server'],
  ['VOICE_PRINTS_TRUSTED_PROXIES', '--trusted-proxies of serve, where it is not given'],
  ['VOICE_PRINTS_CORS_ORIGINS', '--cors-origins of serve, where it is not given'],
  ['VOICE_PRINTS_SIP_PASSWORD', 'Password of the account of watch sip:USER@REGISTRAR'],
  ['VOICE_PRINTS_TLS_KEY_PASSWORD', 'Password of the private key of watch sips:… --key'],
  ['VOICE_PRINTS_RUNTIME', 'native or wasm: the build of ONNX Runtime; chosen by itself where not set'],
  ['VOICE_PRINTS_MQTT_USER', 'User of serve --mqtt and watch --mqtt'],
  ['VOICE_PRINTS_MQTT_PASSWORD', 'Password of that user'],
  ['VOICE_PRINTS_ALLOWED_HOSTS', 'Private hosts that serve, models add and radios of watch may refer to: host,host'],
  ['VOICE_PRINTS_MODEL_MIRROR', 'URL of a folder with the files of the catalogue of models add'],
  ['VOICE_PRINTS_TRACES', 'on: serve makes OpenTelemetry spans'],
  ['VOICE_PRINTS_WEBHOOK_ALLOW', 'The older name of VOICE_PRINTS_ALLOWED_HOSTS, read where that is not set'],
])}

Exit codes: 0 done, 1 failed, 2 wrong usage, 130 stopped by Ctrl-C (watch and serve, which run until Ctrl-C: 0).
\`voice-prints COMMAND --help\` shows an example of each command.
A voiceprint is biometric data: ask for consent. A voice is not a password: never unlock a door with it alone.
`;
}

/** The text of `voice-prints GROUP --help`, of a group of commands such as `keys`. */
export function groupHelp(name: string, commands: readonly Command[]): string {
  const first = commands[0]!.name;
  return `Usage: voice-prints ${name} COMMAND …

Commands:
${columns(commands.map((c) => [`${c.name.slice(name.length + 1)} ${c.operands}`.trim(), c.summary] as const))}

\`voice-prints ${first} --help\` shows the options of ${first} and an example; so do the others.
`;
}

/** The text of `voice-prints COMMAND --help`. */
export function commandHelp(command: Command): string {
  const own = Object.keys(command.options).length > 0 ? `Options:\n${columns(optionRows(command.options))}\n\n` : '';
  return `${command.summary}

Usage: voice-prints ${`${command.name} ${command.operands}`.trim()}

${own}Options of every command:
${columns(optionRows(commonOptions))}

Example:
${command.example
  .split('\n')
  .map((line) => `  ${line}`)
  .join('\n')}
${command.notes ? `\n${command.notes}\n` : ''}`;
}
