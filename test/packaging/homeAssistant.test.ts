import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { validate } from 'dockerfile-utils';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { serveOptions, WYOMING_PORT } from '../../packaging/home-assistant/voice_prints/serveOptions.mjs';
import { SCOPES } from '../../src/api/access/caller.js';
import { serve } from '../../src/cli/commands/serve.js';
import { parseCommandLine } from '../../src/cli/options/parseCommandLine.js';
import { argumentOf, debianPackagesOf, instructionsOf, readDockerfile } from './dockerfile.js';

const repository = fileURLToPath(new URL('../../packaging/home-assistant/', import.meta.url));
const app = `${repository}voice_prints/`;
const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
const textOf = (name: string) => readFileSync(`${app}${name}`, 'utf8');
const config = parse(textOf('config.yaml'));
const dockerfile = readDockerfile(`${app}Dockerfile`);

const text = z.string().min(1);
const port = z.int().min(1).max(65_535);
const portName = z.string().regex(/^\d+(\/(tcp|udp))?$/);
/** The types an option can have, after which `?` makes it one without a default. */
const optionType = z
  .string()
  .regex(
    /^(bool|email|url|port|device(\(subsystem=[a-z]+\))?|(str|password)(\(\d*,\d*\))?|(int|float)(\(-?[\d.]*,-?[\d.]*\))?|match\(.*\)|list\(.+\))\??$/,
  );

/**
 * What the Supervisor (2026) takes in a config.yaml. It ignores names it does not know, and leaves an app out of the store without
 * a word where a value is wrong; here unknown names are faults, too.
 */
const supervisorConfig = z.strictObject({
  name: text,
  version: text,
  slug: z.string().regex(/^[-_.A-Za-z0-9]+$/),
  description: text,
  arch: z.array(z.enum(['aarch64', 'amd64'])).min(1),
  url: z.url(),
  stage: z.enum(['stable', 'experimental', 'deprecated']),
  startup: z.enum(['initialize', 'system', 'services', 'application', 'once']),
  timeout: z.int().min(10).max(300),
  tmpfs: z.boolean(),
  ingress: z.boolean(),
  ingress_port: port,
  ingress_stream: z.boolean(),
  panel_icon: z.string().regex(/^mdi:[a-z-]+$/),
  panel_title: text,
  ports: z.record(portName, port.nullable()),
  watchdog: z.string().regex(/^(https?|tcp|\[PROTO:\w+\]):\/\/\[HOST\]:(\[PORT:\d+\]|\d+).*$/),
  discovery: z.array(z.enum(['mqtt', 'wyoming'])).optional(),
  services: z.array(z.string().regex(/^(mqtt|mysql):(provide|want|need)$/)).optional(),
  backup: z.enum(['hot', 'cold']),
  backup_exclude: z.array(text),
  options: z.record(text, z.unknown()),
  schema: z.record(text, z.union([optionType, z.array(optionType).length(1)])),
});

const translation = z.strictObject({
  configuration: z.record(text, z.strictObject({ name: text, description: text })),
  network: z.record(text, text),
});

/** Width and height of a PNG. */
function sizeOf(name: string): readonly [number, number] {
  const bytes = readFileSync(`${app}${name}`);
  expect(bytes.subarray(1, 4).toString()).toBe('PNG');
  return [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
}

test('the repository has a name, and one app, found by its config.yaml', () => {
  const fields = z.strictObject({ name: text, url: z.url().optional(), maintainer: text.optional() });
  expect(() => fields.parse(parse(readFileSync(`${repository}repository.yaml`, 'utf8')))).not.toThrow();
  const found = readdirSync(repository, { recursive: true }).filter((path) =>
    /(^|\/)config\.(ya?ml|json)$/.test(`${path}`),
  );
  expect(found).toEqual(['voice_prints/config.yaml']);
});

describe('config.yaml', () => {
  test('is one the Supervisor takes, of this version', () => {
    expect(() => supervisorConfig.parse(config)).not.toThrow();
    expect(config.version).toBe(manifest.version);
  });

  test('asks for no rights over the host', () => {
    const rights = [
      'host_network',
      'host_pid',
      'host_dbus',
      'privileged',
      'full_access',
      'docker_api',
      'devices',
      'map',
    ];
    expect(Object.keys(config)).not.toEqual(expect.arrayContaining([expect.stringMatching(`^(${rights.join('|')})$`)]));
  });

  test('ingress, watchdog and the open port are the port that is served', () => {
    const { args } = serveOptions(config.options);
    expect(args.join(' ')).toContain(`--port ${config.ingress_port} `);
    expect(config.watchdog).toContain(`[PORT:${config.ingress_port}]/healthz`);
    expect(config.ports).toEqual({ [`${config.ingress_port}/tcp`]: null });
  });

  test('every option has a default of its type, or none where it ends in a question mark', () => {
    for (const [name, type] of Object.entries<string | string[]>(config.schema)) {
      if (String(type).endsWith('?')) expect(config.options).not.toHaveProperty(name);
      else if (Array.isArray(type)) expect(config.options[name]).toEqual([]);
      else if (type === 'bool') expect(config.options[name]).toBeTypeOf('boolean');
      else expect(/^list\((.*)\)$/.exec(type)![1]!.split('|')).toContain(config.options[name]);
    }
    expect(Object.keys(config.schema)).toEqual(expect.arrayContaining(Object.keys(config.options)));
  });

  test.each(['en', 'de'])('every option and port is explained in %s', (language) => {
    const { configuration, network } = translation.parse(parse(textOf(`translations/${language}.yaml`)));
    expect(Object.keys(configuration).sort()).toEqual(Object.keys(config.schema).sort());
    expect(Object.keys(network)).toEqual(Object.keys(config.ports));
  });
});

describe('what is started', () => {
  const fitting = /^list\((.*)\)$/.exec(config.schema.ingress_users_may)![1]!.split('|');

  test.each(fitting)('users of Home Assistant may %s', (may) => {
    const { args } = serveOptions({ ...config.options, ingress_users_may: may });
    const parsed = parseCommandLine(serve, args.slice(1));
    expect(args[0]).toBe('serve');
    const scopes = String(parsed.values['ingress-scopes']).split(',');
    expect(SCOPES).toEqual(expect.arrayContaining(scopes));
    expect(scopes).toContain(may);
    expect(parsed.values['trusted-ingress']).toBe('172.30.32.2');
  });

  test('secrets are variables, not arguments, and absent where they are empty', () => {
    const key = 'a-long-secret-of-home';
    const given = { ...config.options, api_keys: [key], encryption_key: 'sealing', allow_hosts: ['frigate:5000'] };
    const { args, env } = serveOptions(given);
    expect(args.join(' ')).not.toMatch(/a-long-secret|sealing/);
    expect(env).toEqual({
      VOICE_PRINTS_API_KEYS: `local:${key}`,
      VOICE_PRINTS_KEY: 'sealing',
      VOICE_PRINTS_ALLOWED_HOSTS: 'frigate:5000',
    });
    expect(serveOptions(config.options).env).toEqual({});
  });

  test('the broker of the Supervisor is used, its password as a variable', () => {
    const broker = { host: 'core-mosquitto', port: 1883, ssl: false, username: 'addons', password: 'broker-secret' };
    const { args, env } = serveOptions(config.options, broker);
    const { values } = parseCommandLine(serve, args.slice(1));
    expect(values).toMatchObject({ mqtt: 'mqtt://core-mosquitto:1883', 'mqtt-discovery': 'homeassistant' });
    expect(args.join(' ')).not.toContain('broker-secret');
    expect(env).toEqual({ VOICE_PRINTS_MQTT_USER: 'addons', VOICE_PRINTS_MQTT_PASSWORD: 'broker-secret' });
    expect(serveOptions(config.options, { ...broker, ssl: true }).args).toContain('mqtts://core-mosquitto:1883');
  });
});

test('a speech-to-text service makes the app a Wyoming server in its place, and only then', () => {
  const valuesOf = (options: object) =>
    parseCommandLine(serve, serveOptions({ ...config.options, ...options }).args.slice(1)).values;
  expect(valuesOf({ speech_to_text: 'core-whisper:10300' })).toMatchObject({
    wyoming: `tcp://0.0.0.0:${WYOMING_PORT}`,
    'wyoming-asr': 'tcp://core-whisper:10300',
  });
  expect(valuesOf({})).not.toHaveProperty('wyoming');
  expect(config.discovery).toEqual(['wyoming']);
  expect(textOf('run.mjs')).toContain("service: 'wyoming'");
});

describe('Dockerfile', () => {
  test('has no fault a parser of Dockerfiles finds', () => {
    expect(validate(textOf('Dockerfile'))).toEqual([]);
  });

  test('installs what the other image installs', () => {
    const other = readDockerfile(fileURLToPath(new URL('../../packaging/docker/Dockerfile', import.meta.url)));
    for (const name of ['NODE_IMAGE', 'PACKAGE', 'ONNXRUNTIME_VERSION']) {
      expect([name, argumentOf(dockerfile, name)]).toEqual([name, argumentOf(other, name)]);
    }
    expect(debianPackagesOf(instructionsOf(dockerfile, undefined))).toEqual(
      debianPackagesOf(instructionsOf(other, 'serve')),
    );
  });

  test('has the labels of an app, and the account that run.mjs becomes', () => {
    const instructions = instructionsOf(dockerfile, undefined);
    const labels = instructions.filter(({ name }) => name === 'LABEL').map((one) => one.text);
    expect(labels.join(' ')).toMatch(/io\.hass\.version=.*io\.hass\.type="app".*io\.hass\.arch=/);
    expect(argumentOf(dockerfile, 'BUILD_VERSION')).toBe(manifest.version);
    const uid = /useradd --uid (\d+)/.exec(instructions.map((one) => one.text).join('\n'))![1];
    expect(textOf('run.mjs')).toContain(`const ACCOUNT = ${uid};`);
  });
});

test('icon and logo are of the sizes the store shows', () => {
  expect(sizeOf('icon.png')).toEqual([128, 128]);
  expect(sizeOf('logo.png')).toEqual([250, 100]);
});

test('the AppArmor profile is one profile, of the name of the app', () => {
  const profile = textOf('apparmor.txt');
  expect([...profile.matchAll(/^profile (\S+) /gm)].map(([, name]) => name)).toEqual([config.slug]);
  expect(profile).not.toMatch(/capability (sys_|net_|mac_)|\bmount\b|ptrace|unconfined/);
});
