import { type ChildProcess, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { Broker } from '../../flows/broker.js';
import { until } from '../../support/until.js';
import { ended, ran, started } from '../program.js';
import { spoken, story } from '../speech.js';

const folder = mkdtempSync(join(tmpdir(), 'voice-prints-sources-'));
const env = { VOICE_PRINTS_HOME: join(folder, 'store'), VOICE_PRINTS_API_KEYS: 'local:secret,shop:other' };
const file = join(folder, 'sources.yaml');
const running = new Set<ChildProcess>();

beforeAll(async () => {
  const files = ([0, 1] as const).map((number) => story(folder, 'slt', number));
  expect(await ran(['enroll', 'slate', ...files, '--name', 'Slate', '--json'], env)).toMatchObject({ exitCode: 0 });
  const words = 'Good morning, the mail has come early today, and there is a parcel for you at the door.';
  const talk = spoken(join(folder, 'slate.wav'), 'slt', words);
  expect(spawnSync('sox', [talk, join(folder, 'hall.wav'), 'pad', '0', '1']).status).toBe(0);
  const other =
    'It came by boat, and it is heavier than it looks, so please open it inside, and keep the paper for me.';
  expect(
    spawnSync('sox', [spoken(join(folder, 'other.wav'), 'rms', other), join(folder, 'yard.wav'), 'pad', '0', '1'])
      .status,
  ).toBe(0);
});
afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
  running.clear();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function serving(argv: readonly string[]) {
  const child = started(
    ['serve', '--port', '0', '--grpc-port', 'off', '--sources', file, '--log', 'info', ...argv],
    env,
  );
  running.add(child);
  const log: Record<string, unknown>[] = [];
  createInterface({ input: child.stderr! }).on('line', (line) => {
    if (line.startsWith('{')) log.push(JSON.parse(line));
  });
  const [line] = (await once(createInterface({ input: child.stdout! }), 'line')) as [string];
  const { rest } = JSON.parse(line) as { rest: string };
  const get = async (path: string, key = 'secret') => {
    const answer = await fetch(rest + path, { headers: { authorization: `Bearer ${key}` } });
    return answer.text();
  };
  const sources = async (key?: string) =>
    (JSON.parse(await get('/v1/sources', key)) as { sources: Record<string, unknown>[] }).sources;
  return { child, log, get, sources };
}

test('two files in a loop, named over MQTT, REST and metrics; hot reload; stop and start by command', async () => {
  using broker = await Broker.start();
  const client = await broker.client();
  const all = new Map<string, string[]>();
  client.on('message', (topic, payload) => all.set(topic, [...(all.get(topic) ?? []), payload.toString()]));
  await client.subscribeAsync('speaker-id/#', { qos: 1 });
  const last = (topic: string) => all.get(topic)?.at(-1);
  const hall = '  hall: {source: hall.wav, loop: true}\n';
  writeFileSync(file, `sources:\n${hall}  yard: {source: yard.wav, site: garden/yard, speakers: [slate]}\n`);
  const { child, log, get, sources } = await serving(['--mqtt', `mqtt://127.0.0.1:${broker.port}`, '--mqtt-commands']);

  await until(
    () => last('speaker-id/hall/speaker') === 'Slate' && last('speaker-id/garden/yard/speaker') === 'unknown',
  );
  await until(async () => (await sources()).some(({ source, status }) => source === 'yard' && status === 'ended'));
  expect(await sources()).toMatchObject([
    { source: 'hall', site: 'hall', status: 'open', present: 'Slate' },
    { source: 'yard', site: 'garden/yard', turns: { identified: 0 } },
  ]);
  expect(await sources('other'), 'another tenant').toEqual([]);
  expect(await get('/metrics')).toMatch(/^voice_prints_source_open\{source="hall"\} 1$/m);
  expect(await get('/metrics')).toMatch(/^voice_prints_mqtt_connected 1$/m);
  await until(() => last('speaker-id/garden/yard/availability') === 'offline');
  expect(JSON.parse(last('speaker-id/sources/yard')!)).toMatchObject({ status: 'ended', site: 'garden/yard' });

  writeFileSync(file, 'sources:\n  hall: {source: hall.wav, lop: true}\n');
  await until(() => log.some(({ code }) => code === 'CONFIG_INVALID'));
  expect(await sources(), 'as before').toHaveLength(2);
  const since = (await sources())[0]!.since;
  writeFileSync(file, `sources:\n${hall}  lost: {source: nowhere.wav}\n`);
  await until(() => last('speaker-id/sources/yard') === '' && last('speaker-id/garden/yard/speaker') === '');
  await until(() => (last('speaker-id/sources/lost') ?? '').includes('FILE_NOT_FOUND'));
  expect((await sources())[0], 'not disturbed').toMatchObject({ source: 'hall', since });

  await client.publishAsync('speaker-id/hall/command', '{"action":"stop"}', { qos: 1 });
  await until(() => (last('speaker-id/sources/hall') ?? '').includes('"stopped"'));
  expect(last('speaker-id/hall/availability')).toBe('offline');
  await client.publishAsync('speaker-id/command', '{"action":"start","source":"hall"}', { qos: 1 });
  await until(() => (last('speaker-id/sources/hall') ?? '').includes('"open"'));
  await client.publishAsync('speaker-id/command', '{"action":"start","source":"cellar","id":"7"}', { qos: 1 });
  await until(() => (all.get('speaker-id/errors') ?? []).some((text) => JSON.parse(text).id === '7'));

  const end = ended(child);
  child.kill('SIGTERM');
  expect((await end).exitCode).toBe(0);
  await until(() => last('speaker-id/status') === 'offline');
  // Retained: nobody reads later that something is listened to.
  expect(JSON.parse(last('speaker-id/sources/hall')!)).toMatchObject({ status: 'ended' });
  expect(last('speaker-id/hall/availability')).toBe('offline');
  expect(JSON.parse(last('speaker-id/hall/stream')!)).toMatchObject({ status: 'ended' });
  await client.endAsync(true);
});

test('a file that is wrong at the start is refused', async () => {
  writeFileSync(file, 'sources: {a: {source: "mic:", user: [secret]}}');
  const answer = await ran(['serve', '--port', '0', '--sources', file], env);
  expect(answer.exitCode).toBe(1);
  expect(answer.stderr).toMatch(/^CONFIG_INVALID: .*sources\.a\.user.*; correct it\n$/);
});
