import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { MqttClient } from 'mqtt';
import { afterEach, expect, test } from 'vitest';
import type { SpeakerEvent } from '../../src/events/index.js';
import { VoicePrintsError } from '../../src/index.js';
import type { BrokerReport } from '../../src/mqtt/brokerFault.js';
import type { LiveControl } from '../../src/mqtt/commandDesk.js';
import { MqttSurface, type MqttSurfaceOptions } from '../../src/mqtt/mqttSurface.js';
import { Broker } from '../flows/broker.js';
import { HomeAssistantReader } from '../flows/homeAssistantReader.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { until } from '../support/until.js';

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one[Symbol.asyncDispose]();
});

function surfaceOn(url: string, about: Partial<MqttSurfaceOptions> = {}) {
  const reports: BrokerReport[] = [];
  const surface = new MqttSurface({
    broker: { url, ...about.broker },
    topicBase: 'speaker-id',
    discoveryPrefix: 'homeassistant',
    presenceWindowMs: 60_000,
    isTellingTentative: false,
    bufferMessages: 1_000,
    control: undefined,
    onReport: (report) => reports.push(report),
    backoff: { firstMs: 20, maxMs: 100 },
    ...about,
  });
  open.push(surface);
  return { surface, reports };
}

/** Everything on a topic of ours, in order. */
class Listener {
  readonly messages: { topic: string; text: string; retain: boolean }[] = [];
  constructor(client: MqttClient) {
    client.on('message', (topic, payload, { retain }) =>
      this.messages.push({ topic, text: payload.toString(), retain }),
    );
  }
  texts(topic: string): string[] {
    return this.messages.filter((one) => one.topic === topic).map(({ text }) => text);
  }
  last(topic: string): string | undefined {
    return this.texts(topic).at(-1);
  }
  json(topic: string): Record<string, unknown>[] {
    return this.texts(topic).map((text) => JSON.parse(text));
  }
}

async function listenerTo(broker: Broker): Promise<{ client: MqttClient; listener: Listener }> {
  const client = await broker.client({ reconnectPeriod: 20 });
  open.push({ [Symbol.asyncDispose]: () => client.endAsync(true) });
  const listener = new Listener(client);
  await client.subscribeAsync('speaker-id/#', { qos: 1 });
  return { client, listener };
}

let turns = 0;
const turn = (about: Partial<SpeakerEvent> = {}): SpeakerEvent =>
  ({
    ...{ event_type: 'identified', speaker: 'Alice', speaker_id: 'alice', score: 0.97, margin: 0.9, threshold: 0.8 },
    ...{ site: 'hall', start: 0, end: 2, speech_seconds: 2, session_id: 's', candidates: [], model: 'm' },
    ...{ timestamp: new Date().toISOString(), turn_id: `t-${++turns}` },
    ...about,
  }) as SpeakerEvent;

test('Home Assistant finds the site, its events and states; a clean end says offline', async () => {
  using broker = await Broker.start();
  await using assistant = await HomeAssistantReader.start(broker);
  const { surface, reports } = surfaceOn(`mqtt://127.0.0.1:${broker.port}`);
  surface.openSite('hall');
  surface.open();
  await until(() => assistant.states.get('speaker-id/status') === 'online');
  await until(() => assistant.state('speaker') === 'nobody');
  expect(assistant.device).toMatchObject({
    availability: [{ topic: 'speaker-id/status' }, { topic: 'speaker-id/hall/availability' }],
    availability_mode: 'all',
  });
  surface.sourceState({ source: 'cam', site: 'hall', status: 'retrying', code: 'LIVE_LOST', message: 'lost; wait' });
  await until(() => assistant.states.get('speaker-id/hall/availability') === 'offline');
  surface.sourceState({ source: 'cam', site: 'hall', status: 'open' });
  await until(() => assistant.states.get('speaker-id/hall/availability') === 'online');
  surface.hear(turn());
  await until(() => assistant.state('speaker') === 'Alice');
  await until(() => assistant.events.length === 1);
  const told = assistant.told.get([...assistant.told.keys()][0]!)!;
  await assistant.greet();
  await until(() => assistant.told.get([...assistant.told.keys()][0]!)! > told);
  await surface[Symbol.asyncDispose]();
  await until(() => assistant.states.get('speaker-id/status') === 'offline');
  expect(assistant.states.get('speaker-id/hall/availability')).toBe('offline');
  expect(assistant.events, 'nothing is sent twice').toHaveLength(1);
  expect(reports).toEqual([]);
});

test('a broker that restarts gets every event once, and what it retained', async () => {
  using broker = await Broker.start();
  const { listener } = await listenerTo(broker);
  const { surface, reports } = surfaceOn(`mqtt://127.0.0.1:${broker.port}`);
  surface.openSite('hall');
  surface.open();
  surface.hear(turn({ turn_id: 'before' } as object));
  await until(() => listener.json('speaker-id/hall/event').length === 1);
  await broker.stop();
  await until(() => !surface.counts.isConnected);
  for (const turn_id of ['a', 'b', 'c']) surface.hear(turn({ turn_id, speaker: 'Bob', speaker_id: 'bob' } as object));
  expect(surface.counts.waiting).toBeGreaterThan(3);
  await until(() => reports.some(({ code }) => code === 'MQTT_UNREACHABLE'));
  listener.messages.length = 0;
  await broker.start();
  await until(() => surface.counts.waiting === 0 && surface.counts.isConnected);
  // A subscriber that comes later: events are gone, states are there.
  const { listener: late } = await listenerTo(broker);
  await until(() => late.last('speaker-id/hall/speaker') === 'Alice, Bob');
  await until(() => late.last('speaker-id/status') === 'online');
  expect(late.texts('speaker-id/hall/event')).toEqual([]);
  expect(surface.counts).toMatchObject({ lost: 0, connections: 2 });
  expect(reports.at(-1)).toEqual({ message: 'connected to the MQTT broker again' });
  expect(
    reports.filter(({ code }) => code),
    'once, however often it is tried',
  ).toHaveLength(1);
});

test('what does not fit while the broker does not take it is counted, and reported there afterwards', async () => {
  using broker = await Broker.start();
  const { listener } = await listenerTo(broker);
  const { surface, reports } = surfaceOn(`mqtt://127.0.0.1:${broker.port}`, { bufferMessages: 20 });
  surface.openSite('hall');
  surface.open();
  await until(() => surface.counts.isConnected && surface.counts.waiting === 0);
  broker.freeze();
  for (let i = 0; i < 100; i++) surface.hear(turn());
  const { lost } = surface.counts;
  expect(lost).toBeGreaterThanOrEqual(80);
  expect(surface.counts.waiting).toBeLessThanOrEqual(2 * 20);
  broker.thaw();
  await until(() => listener.json('speaker-id/errors').length > 0);
  expect(listener.json('speaker-id/errors')).toMatchObject([{ code: 'MQTT_MESSAGES_LOST', lost }]);
  const reported = reports.flatMap((report) => report.lost ?? []);
  expect(reported.reduce((sum, count) => sum + count)).toBe(lost);
  expect(reported.length, 'when it begins, and when it is over').toBeLessThanOrEqual(2);
  expect(listener.texts('speaker-id/hall/event')).toHaveLength(100 - lost);
});

test('commands reach the control, one after the other; what is wrong is answered as an error', async () => {
  using broker = await Broker.start();
  const { client, listener } = await listenerTo(broker);
  const asked: unknown[] = [];
  const learning = { outcome: 'improved' };
  const control: LiveControl = {
    enroll: async (request, site) => {
      asked.push([request, site]);
      if (request.speakerId === 'nobody') throw new VoicePrintsError('CLUSTER_NOT_FOUND', 'no such voice; wait');
      return { site: site ?? 'hall', result: { status: 'complete', speakerId: request.speakerId } as never };
    },
    feedback: async (request, site) => {
      asked.push(['feedback', request, site]);
      return { feedbackId: 'f1', speakerId: request.speakerId, learning } as never;
    },
    undo: async (feedbackId) => ({ feedbackId, isUndone: true, learning }) as never,
    start: (target) => asked.push(['start', target]),
    stop: (target) => asked.push(['stop', target]),
  };
  await client.publishAsync('speaker-id/command', '{"action":"stop"}', { retain: true });
  const { surface } = surfaceOn(`mqtt://127.0.0.1:${broker.port}`, { control });
  surface.openSite('hall');
  surface.open();
  await until(() => surface.counts.isConnected);
  // Subscribing takes a moment; until then commands pass by.
  await until(async () => {
    await client.publishAsync('speaker-id/hall/command', '{"action":"start","source":"cam"}', { qos: 1 });
    return asked.length > 0;
  });
  expect(asked[0], 'what the broker keeps is no command').toEqual(['start', { source: 'cam', site: 'hall' }]);
  await client.publishAsync('speaker-id/command', '{"action":"enroll","id":"1","speakerId":"alice"}', { qos: 1 });
  await until(() => listener.json('speaker-id/hall/enrolled').length === 1);
  expect(listener.json('speaker-id/hall/enrolled')[0]).toMatchObject({ id: '1', status: 'complete' });
  await client.publishAsync('speaker-id/hall/command', '{"action":"enroll","id":"2","speakerId":"nobody"}', { qos: 1 });
  const feedback = {
    action: 'feedback',
    id: 'f',
    verdict: 'correct',
    turn_id: 't-1',
    speakerId: 'bob',
    consent: 'yes',
  };
  await client.publishAsync('speaker-id/hall/command', JSON.stringify(feedback), { qos: 1 });
  await client.publishAsync('speaker-id/command', '{"action":"undo","feedbackId":"f1"}', { qos: 1 });
  await until(() => listener.json('speaker-id/feedback').length === 1);
  expect(listener.json('speaker-id/hall/feedback')).toEqual([
    { id: 'f', feedbackId: 'f1', speakerId: 'bob', learning },
  ]);
  expect(listener.json('speaker-id/feedback')).toEqual([{ feedbackId: 'f1', isUndone: true, learning }]);
  const said = { verdict: 'correct', turnId: 't-1', speakerId: 'bob', consentText: 'yes' };
  expect(asked).toContainEqual(['feedback', said, 'hall']);
  await client.publishAsync('speaker-id/hall/command', '\u0000\u0001{{{', { qos: 1 });
  await client.publishAsync('speaker-id/hall/command', '{"action":"enroll","id":"3"}', { qos: 1 });
  await client.publishAsync('speaker-id/hal/command', '{"action":"stop","id":"4"}', { qos: 1 });
  await until(() => listener.json('speaker-id/errors').length === 4);
  expect(listener.json('speaker-id/errors')).toMatchObject([
    { code: 'CLUSTER_NOT_FOUND', id: '2', site: 'hall' },
    { code: 'INPUT_INVALID' },
    { code: 'INPUT_INVALID', id: '3', message: expect.stringContaining('speakerId is missing') },
    { code: 'INPUT_INVALID', id: '4', site: 'hal', message: expect.stringContaining('use one of hall') },
  ]);
  // Beyond what is accepted: the broker does not even deliver it, and the connection stays.
  await client.publishAsync('speaker-id/command', 'x'.repeat(2 ** 20), { qos: 1 });
  await client.publishAsync('speaker-id/command', 'stop', { qos: 1 });
  await until(() => asked.some((one) => (one as unknown[])[0] === 'stop'));
  expect(surface.counts.connections).toBe(1);
});

test('remove takes what is kept of a site and of its sources; a site of several levels is commanded once', async () => {
  using broker = await Broker.start();
  const { client, listener } = await listenerTo(broker);
  const asked: unknown[] = [];
  const control: LiveControl = {
    enroll: async () => {
      throw new VoicePrintsError('CLUSTER_NOT_FOUND', 'no such voice; wait');
    },
    feedback: () => Promise.reject(new Error('the test gives no feedback')),
    undo: () => Promise.reject(new Error('the test gives no feedback')),
    start: (target) => asked.push(target),
    stop: (target) => asked.push(target),
  };
  const { surface } = surfaceOn(`mqtt://127.0.0.1:${broker.port}`, { control });
  surface.sourceState({ source: 'cam', site: 'hall/door', status: 'open' });
  surface.sourceState({ source: 'mic', site: 'kitchen', status: 'open' });
  surface.open();
  await until(() => listener.last('speaker-id/sources/mic') !== undefined);
  await until(async () => {
    await client.publishAsync('speaker-id/command', '{"action":"start","source":"cam"}', { qos: 1 });
    return asked.length > 0;
  });
  asked.length = 0;
  await client.publishAsync('speaker-id/hall/door/command', '{"action":"stop"}', { qos: 1 });
  await client.publishAsync('speaker-id/hall/door/command', '{"action":"remove"}', { qos: 1 });
  await until(() => listener.last('speaker-id/sources/cam') === '');
  expect(asked.filter((one) => (one as { site?: string }).site === 'hall/door')).toHaveLength(1);
  expect(listener.last('speaker-id/sources/mic')).not.toBe('');
  const { listener: late } = await listenerTo(broker);
  await until(
    () => late.last('speaker-id/sources/mic') !== undefined && late.last('speaker-id/kitchen/speaker') !== undefined,
  );
  expect(late.messages.filter(({ topic }) => /cam|hall/.test(topic))).toEqual([]);
});

test('whoever else says offline on its base is corrected, and the end of this process is said once', async () => {
  using broker = await Broker.start();
  const { client, listener } = await listenerTo(broker);
  const url = `mqtt://127.0.0.1:${broker.port}`;
  const [first, second] = [surfaceOn(url), surfaceOn(url)];
  for (const { surface } of [first, second]) {
    surface.open();
    await until(() => surface.counts.isConnected && surface.counts.waiting === 0);
  }
  // A late will of an earlier connection.
  await until(async () => {
    await client.publishAsync('speaker-id/status', 'offline', { qos: 1, retain: true });
    return listener.last('speaker-id/status') === 'online';
  });
  await first.surface[Symbol.asyncDispose]();
  await until(() => listener.last('speaker-id/status') === 'online');
  await second.surface[Symbol.asyncDispose]();
  await until(() => listener.last('speaker-id/status') === 'offline');
  const { listener: late } = await listenerTo(broker);
  await until(() => late.last('speaker-id/status') === 'offline');
});

test('without control nothing is subscribed to', async () => {
  using broker = await Broker.start();
  const { client, listener } = await listenerTo(broker);
  const { surface } = surfaceOn(`mqtt://127.0.0.1:${broker.port}`);
  surface.openSite('hall');
  surface.open();
  await until(() => listener.last('speaker-id/hall/speaker') === 'nobody');
  await client.publishAsync('speaker-id/hall/command', 'gibberish', { qos: 1 });
  surface.hear(turn());
  await until(() => listener.texts('speaker-id/hall/event').length === 1);
  expect(listener.texts('speaker-id/errors')).toEqual([]);
});

/** An authority, a certificate for the broker and one for a client, made by openssl. */
function certificates(folder: string) {
  const openssl = (...argv: string[]) => execFileSync('openssl', argv, { cwd: folder, stdio: 'ignore' });
  const subject = ['-subj', '/CN=Test authority'];
  openssl(
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    '2',
    ...subject,
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
  );
  writeFileSync(join(folder, 'san'), 'subjectAltName=IP:127.0.0.1');
  for (const name of ['broker', 'client']) {
    openssl(
      'req',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-subj',
      `/CN=${name}`,
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.csr`,
    );
    openssl(
      'x509',
      '-req',
      '-in',
      `${name}.csr`,
      '-CA',
      'ca.pem',
      '-CAkey',
      'ca.key',
      '-CAcreateserial',
      '-days',
      '2',
      '-extfile',
      'san',
      '-out',
      `${name}.pem`,
    );
  }
  return (name: string) => readFileSync(join(folder, name));
}

test('TLS with a client certificate; without it, or without the authority, the report says what is wrong', async () => {
  const folder = await temporaryFolder();
  const file = certificates(folder);
  using broker = await Broker.start((port) => {
    const lines = [
      `user ${userInfo().username}`,
      `listener ${port} 127.0.0.1`,
      'allow_anonymous true',
      `cafile ${join(folder, 'ca.pem')}`,
    ];
    lines.push(`certfile ${join(folder, 'broker.pem')}`, `keyfile ${join(folder, 'broker.key')}`);
    lines.push('require_certificate true', 'use_identity_as_username true');
    writeFileSync(join(folder, 'mosquitto.conf'), `${lines.join('\n')}\n`);
    return join(folder, 'mosquitto.conf');
  });
  const url = `mqtts://127.0.0.1:${broker.port}`;
  const authorities = file('ca.pem');
  const own = { certificate: file('client.pem'), privateKey: file('client.key') };
  const good = surfaceOn(url, { broker: { url, authorities, ...own } });
  good.surface.open();
  await until(() => good.surface.counts.isConnected);
  for (const broker of [
    { url, ...own },
    { url, authorities },
  ]) {
    const bad = surfaceOn(url, { broker });
    bad.surface.open();
    await until(() => bad.reports.length > 0);
    expect(bad.reports[0]).toMatchObject({ code: 'MQTT_TLS_FAILED', message: expect.stringContaining('; check') });
    expect(bad.surface.counts.isConnected).toBe(false);
  }
  const plain = surfaceOn(url, { broker: { url: url.replace('mqtts', 'mqtt') } });
  plain.surface.open();
  await until(() => plain.reports.length > 0);
  expect(plain.reports[0]).toMatchObject({
    code: 'MQTT_UNREACHABLE',
    message: expect.stringContaining('try mqtts://'),
  });
});

test('TLS at a port without it is said', async () => {
  using broker = await Broker.start();
  const url = `mqtts://127.0.0.1:${broker.port}`;
  const { surface, reports } = surfaceOn(url);
  surface.open();
  await until(() => reports.length > 0);
  expect(reports[0]).toMatchObject({ code: 'MQTT_UNREACHABLE', message: expect.stringContaining('try mqtt://') });
});

test('a wrong password, and a topic that the access list refuses, are reported; the rest is published', async () => {
  const folder = await temporaryFolder();
  execFileSync('mosquitto_passwd', ['-b', '-c', join(folder, 'passwords'), 'voice', 'right']);
  writeFileSync(
    join(folder, 'acl'),
    'user voice\ntopic readwrite speaker-id/hall/#\ntopic readwrite speaker-id/status\n',
  );
  using broker = await Broker.start((port) => {
    const lines = [
      `user ${userInfo().username}`,
      `listener ${port} 127.0.0.1`,
      `password_file ${join(folder, 'passwords')}`,
    ];
    lines.push(`acl_file ${join(folder, 'acl')}`, 'allow_anonymous false');
    writeFileSync(join(folder, 'mosquitto.conf'), `${lines.join('\n')}\n`);
    return join(folder, 'mosquitto.conf');
  });
  const url = `mqtt://127.0.0.1:${broker.port}`;
  const wrong = surfaceOn(url, { broker: { url, user: 'voice', password: 'wrong' } });
  wrong.surface.open();
  await until(() => wrong.reports.length > 0);
  expect(wrong.reports[0]).toMatchObject({ code: 'MQTT_UNAUTHORIZED' });
  const right = surfaceOn(url, { broker: { url, user: 'voice', password: 'right' } });
  right.surface.openSite('hall');
  right.surface.open();
  await until(() => right.surface.counts.waiting === 0 && right.surface.counts.isConnected);
  expect(right.surface.counts.refused, 'discovery is not on the list').toBeGreaterThan(0);
  expect(right.surface.counts.published).toBeGreaterThan(0);
  expect(right.reports.map(({ code }) => code)).toEqual(['MQTT_UNAUTHORIZED']);
});

test("of a source that another process has by now nothing retained is sent late, and commands are that one's", async () => {
  using broker = await Broker.start();
  const { client, listener } = await listenerTo(broker);
  const asked: unknown[] = [];
  const control = {
    start: (target: unknown) => asked.push(target),
    feedback: () => Promise.reject(new VoicePrintsError('TURN_NOT_FOUND', 'there is no such turn; look again')),
  } as unknown as LiveControl;
  const { surface } = surfaceOn(`mqtt://127.0.0.1:${broker.port}`, { control });
  const state = (source: string) => ({ source, site: source, status: 'open' as const, lease: 3 });
  // Before there is a connection: everything waits.
  surface.sourceState(state('hall'));
  surface.sourceState(state('yard'));
  surface.hear(turn({ site: 'hall' }));
  surface.leaveSource('hall', 'hall');
  surface.open();
  await until(() => listener.last('speaker-id/sources/yard') !== undefined);
  await until(() => listener.texts('speaker-id/hall/event').length === 1);
  expect(listener.json('speaker-id/sources/yard')[0]).toMatchObject({ status: 'open', lease: 3 });
  const ofHall = ['sources/hall', 'hall/speaker', 'hall/attributes', 'hall/availability'];
  expect(ofHall.flatMap((topic) => listener.texts(`speaker-id/${topic}`))).toEqual([]);

  const say = (site: string, text: string) => client.publishAsync(`speaker-id/${site}/command`, text, { qos: 1 });
  await say('hall', '{"action":"feedback","turnId":"t","verdict":"right"}');
  await say('hall', 'nonsense!');
  await say('hall', 'start');
  await say('nowhere', 'start');
  await until(() => listener.texts('speaker-id/errors').length > 0);
  expect(asked).toEqual([{ source: undefined, site: 'hall' }]);
  expect(listener.json('speaker-id/errors')).toMatchObject([{ code: 'INPUT_INVALID', site: 'nowhere' }]);
  await surface[Symbol.asyncDispose]();
  await until(() => listener.last('speaker-id/status') === 'offline');
  expect(listener.last('speaker-id/yard/availability')).toBe('offline');
  expect(listener.texts('speaker-id/hall/availability'), 'is for the other process to say').toEqual([]);
});
