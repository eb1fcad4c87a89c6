import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { serve } from '../../src/cli/commands/serve.js';
import { parseCommandLine } from '../../src/cli/options/parseCommandLine.js';
import { readSources } from '../../src/sources/sourcesFile.js';

const folder = fileURLToPath(new URL('../../packaging/docker/', import.meta.url));

interface Service {
  readonly user: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly deploy?: { readonly replicas: number };
  readonly volumes?: readonly string[];
}

const { services } = parse(readFileSync(`${folder}compose.fleet.yaml`, 'utf8'), { merge: true }) as {
  readonly services: Readonly<Record<string, Service>>;
};

test('the fleet has two API processes, three workers and one that listens, with options that exist', () => {
  const counts: Record<string, number> = {};
  for (const { command, deploy } of Object.values(services)) {
    if (command?.[0] !== 'serve') continue;
    const roles = String(parseCommandLine(serve, command.slice(1)).values.roles);
    counts[roles] = (counts[roles] ?? 0) + (deploy?.replicas ?? 1);
  }
  expect(counts).toEqual({ api: 2, worker: 3, live: 1 });
});

test('all of its processes share the database, the key and the store of audio', () => {
  const ours = Object.values(services).filter(({ command }) => command?.[0] === 'serve');
  for (const { environment } of ours) expect(environment).toEqual(ours[0]!.environment);
  expect(ours[0]!.environment).toMatchObject({
    VOICE_PRINTS_DATABASE_URL: expect.stringContaining('@database:5432/'),
    VOICE_PRINTS_AUDIO_URL: expect.stringMatching(/^s3:\/\/voice-prints\?endpoint=http:\/\/objects:7070$/),
  });
});

test('no password stands in the file', () => {
  const text = readFileSync(`${folder}compose.fleet.yaml`, 'utf8');
  const given = [...text.matchAll(/(?:PASSWORD|SECRET_\w*KEY|VOICE_PRINTS_KEY): (.*)/g)].map((match) => match[1]!);
  expect(given.length).toBeGreaterThan(3);
  for (const value of given) expect(value).toMatch(/^\$\{[A-Z_]+:\?set [A-Z_]+\}$/);
});

test('the balancer asks those that answer calls', () => {
  const { environment = {}, volumes = [] } = services.balancer!;
  const asked = Object.values(environment).filter((value) => /^[a-z]/.test(value));
  expect([...new Set(asked.map((value) => value.split(':')[0]))]).toEqual(['api-1', 'api-2']);
  const config = readFileSync(`${folder}fleet/haproxy.cfg`, 'utf8');
  for (const name of Object.keys(environment)) expect(config).toContain(`"\${${name}}"`);
  expect(volumes).toEqual(['./fleet/haproxy.cfg:/usr/local/etc/haproxy/haproxy.cfg:ro']);
});

test('the file of sources can be read', async () => {
  expect(await readSources(`${folder}fleet/sources.yaml`, {})).toEqual([]);
});
