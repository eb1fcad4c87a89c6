import { type ChildProcess, execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { MqttClient } from 'mqtt';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { Broker } from '../../flows/broker.js';
import { until } from '../../support/until.js';
import { ended, ran, started } from '../program.js';
import { spoken, story } from '../speech.js';

const folder = mkdtempSync(join(tmpdir(), 'voice-prints-mqtt-'));
const env = { VOICE_PRINTS_HOME: join(folder, 'store') };
const talk = join(folder, 'talk.wav');
const running = new Set<ChildProcess>();

beforeAll(async () => {
  const files = ([0, 1] as const).map((number) => story(folder, 'slt', number));
  expect(await ran(['enroll', 'slate', ...files, '--name', 'Slate', '--json'], env)).toMatchObject({ exitCode: 0 });
  const words = 'Good morning, the mail has come early today, and there is a parcel for you at the door.';
  expect(spawnSync('sox', [spoken(join(folder, '1.wav'), 'slt', words), talk, 'pad', '0', '1']).status).toBe(0);
});
afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
  running.clear();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(argv: readonly string[], more: Record<string, string> = {}): ChildProcess {
  const child = started(argv, { ...env, ...more });
  running.add(child);
  return child;
}

/** Latest payload, and all payloads, of each topic. */
async function listen(client: MqttClient) {
  const all = new Map<string, string[]>();
  client.on('message', (topic, payload) => all.set(topic, [...(all.get(topic) ?? []), payload.toString()]));
  await client.subscribeAsync(['speaker-id/#', 'homeassistant/#'], { qos: 1 });
  return { texts: (topic: string) => all.get(topic) ?? [], last: (topic: string) => all.get(topic)?.at(-1) };
}

/** A broker that asks for a password. */
const lockedBroker = () =>
  Broker.start((port) => {
    execFileSync('mosquitto_passwd', ['-b', '-c', join(folder, 'passwords'), 'voice', 'a secret: yes']);
    const lines = [`user ${userInfo().username}`, `listener ${port} 127.0.0.1`, 'allow_anonymous false'];
    writeFileSync(
      join(folder, 'mosquitto.conf'),
      [...lines, `password_file ${join(folder, 'passwords')}`, ''].join('\n'),
    );
    return join(folder, 'mosquitto.conf');
  });

test('watch publishes turns and presence; the password comes from a file; at the end it says offline', async () => {
  using broker = await lockedBroker();
  const client = await broker.client({ username: 'voice', password: 'a secret: yes' });
  const heard = await listen(client);
  writeFileSync(join(folder, 'credentials'), 'voice:a secret: yes\n');
  const url = `mqtt://127.0.0.1:${broker.port}`;
  const argv = ['watch', talk, '--site', 'hall', '--mqtt', url, '--mqtt-credentials', join(folder, 'credentials')];
  const child = run([...argv, '--mqtt-discovery', 'homeassistant', '--json', '--final']);
  const { exitCode, stderr } = await ended(child);
  expect([exitCode, stderr]).toEqual([0, '']);
  await until(() => heard.last('speaker-id/status') === 'offline');
  expect(heard.texts('speaker-id/status')).toEqual(['online', 'offline']);
  expect(new Set(heard.texts('speaker-id/hall/availability'))).toEqual(new Set(['offline', 'online']));
  expect(heard.last('speaker-id/hall/availability')).toBe('offline');
  expect(heard.texts('speaker-id/hall/event').map((text) => JSON.parse(text))).toMatchObject([
    { event_type: 'identified', speaker_id: 'slate', site: 'hall' },
  ]);
  expect(heard.texts('speaker-id/hall/speaker')).toEqual(['nobody', 'Slate']);
  expect(JSON.parse(heard.last('speaker-id/speakers/slate')!)).toMatchObject({ name: 'Slate', last_site: 'hall' });
  await client.endAsync(true);
});

test('a source that watch cannot reach makes its site unavailable; a stop makes it so again', async () => {
  using broker = await Broker.start();
  const client = await broker.client();
  const heard = await listen(client);
  const url = `mqtt://127.0.0.1:${broker.port}`;
  const lost = run(['watch', 'rtsp://127.0.0.1:1/x', '--site', 'gate', '--mqtt', url, '--json']);
  await until(() => (heard.last('speaker-id/gate/stream') ?? '').includes('retrying'));
  expect(heard.texts('speaker-id/gate/availability')).not.toContain('online');
  const stopped = ended(lost);
  lost.kill('SIGINT');
  await stopped;
  const fed = run(['watch', '-', '--site', 'hall', '--mqtt', url, '--mqtt-base', 'two', '--json']);
  await client.subscribeAsync('two/#', { qos: 1 });
  fed.stdin!.write(Buffer.alloc(64_000));
  await until(() => heard.last('two/hall/availability') === 'online');
  const end = ended(fed);
  fed.kill('SIGINT');
  await end;
  await until(() => heard.last('two/status') === 'offline');
  expect(heard.last('two/hall/availability')).toBe('offline');
  expect(JSON.parse(heard.last('two/hall/stream')!)).toMatchObject({ event_type: 'stream', status: 'ended' });
  await client.endAsync(true);
});

test('kill -9: the broker says offline', async () => {
  using broker = await Broker.start();
  const client = await broker.client();
  const heard = await listen(client);
  const child = run(['watch', '-', '--mqtt', `mqtt://127.0.0.1:${broker.port}`, '--json']);
  await until(() => heard.last('speaker-id/status') === 'online');
  child.kill('SIGKILL');
  await until(() => heard.last('speaker-id/status') === 'offline');
  await client.endAsync(true);
});

test('serve publishes; a broker that comes later is no failure, and the log says so', async () => {
  const first = await Broker.start();
  const { port } = first;
  await first.stop();
  const argv = ['serve', '--port', '0', '--grpc-port', 'off', '--mqtt', `mqtt://127.0.0.1:${port}`];
  const child = run(argv, { VOICE_PRINTS_API_KEYS: 'local:secret', VOICE_PRINTS_HOME: join(folder, 'served') });
  const log = createInterface({ input: child.stderr! });
  const [line] = (await once(log, 'line')) as [string];
  expect(JSON.parse(line)).toMatchObject({ code: 'MQTT_UNREACHABLE', msg: expect.stringContaining('; check') });
  await first.start();
  using _broker = first;
  const client = await first.client();
  const heard = await listen(client);
  await until(() => heard.last('speaker-id/status') === 'online');
  const end = ended(child);
  child.kill('SIGTERM');
  expect((await end).exitCode).toBe(0);
  await until(() => heard.last('speaker-id/status') === 'offline');
  await client.endAsync(true);
});

test.each([
  { argv: ['--mqtt', 'mqtt://voice:secret@broker.local'], exitCode: 1, code: 'CREDENTIALS_IN_URL' },
  { argv: ['--mqtt', 'broker.local:1883'], exitCode: 1, code: 'INPUT_INVALID' },
  { argv: ['--mqtt-base', 'x'], exitCode: 2, code: 'USAGE' },
  { argv: ['--mqtt', 'mqtt://127.0.0.1:1', '--mqtt-ca', 'package.json'], exitCode: 2, code: 'USAGE' },
  { argv: ['--mqtt', 'mqtts://127.0.0.1:1', '--mqtt-ca', 'nowhere.pem'], exitCode: 1, code: 'FILE_NOT_FOUND' },
  {
    argv: ['--mqtt', 'mqtts://127.0.0.1:1', '--mqtt-cert', 'README.md', '--mqtt-key', 'README.md'],
    ...{ exitCode: 1, code: 'CONFIG_INVALID' },
  },
  { argv: ['--mqtt', 'mqtt://127.0.0.1:1', '--site', 'a/#'], exitCode: 2, code: 'USAGE' },
])('watch $argv ends with $code', async ({ argv, exitCode, code }) => {
  const answer = await ran(['watch', talk, ...argv], env);
  expect(answer.exitCode).toBe(exitCode);
  expect(answer.stderr).toMatch(new RegExp(`^${code}: .+; .+\n$`));
  expect(answer.stderr).not.toContain('secret');
});
