import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LiveTurn } from '../../src/core/live.js';
import { liveSpeakerEvent } from '../../src/events/index.js';
import { MqttSurface } from '../../src/mqtt/mqttSurface.js';
import { context, liveTurn, strangersTurn } from '../events/turns.js';
import { Frigate } from '../peers/frigate.js';
import { until } from '../support/until.js';
import { Broker } from './broker.js';
import { type Flow, NodeRedProcess, packageRoot } from './nodeRedProcess.js';

/** Example 18 in a real Node-RED, between a stand-in for Frigate and events as `serve --mqtt` publishes them. */
const folder = join(packageRoot, 'examples');
const name = readdirSync(folder).find((file) => file.startsWith('18'))!;

const hear = (site: string, turn: LiveTurn): void =>
  surface.hear(liveSpeakerEvent({ type: 'turn', turn, timestampMs: Date.now() }, { ...context, site }));

let broker: Broker;
let frigate: Frigate;
let surface: MqttSurface;
let red: NodeRedProcess;
beforeAll(async () => {
  broker = await Broker.start();
  frigate = await Frigate.start(await broker.client());
  surface = new MqttSurface({
    ...{ broker: { url: `mqtt://127.0.0.1:${broker.port}` }, topicBase: 'speaker-id', discoveryPrefix: undefined },
    ...{ presenceWindowMs: 30_000, isTellingTentative: false, bufferMessages: 100, control: undefined },
    onReport: () => undefined,
  });
  surface.open();
  red = await NodeRedProcess.start({});
  const example = JSON.parse(readFileSync(join(folder, name), 'utf8')) as Flow;
  await red.deploy(
    example.map((node) => {
      if (node.type === 'mqtt-broker') return { ...node, port: String(broker.port), broker: '127.0.0.1' };
      if (node.type === 'tab') return { ...node, env: [{ name: 'FRIGATE_URL', value: frigate.url, type: 'str' }] };
      return node;
    }),
  );
  // It subscribes in its own time: until then what Frigate sees passes by.
  await until(async () => {
    await frigate.sees('new', 'probe', 'probe-1');
    hear('probe', liveTurn());
    return frigate.subLabels.length > 0;
  });
});
afterAll(async () => {
  await red?.[Symbol.asyncDispose]();
  await surface?.[Symbol.asyncDispose]();
  await frigate?.[Symbol.asyncDispose]();
  broker?.[Symbol.dispose]();
});

const labels = () => frigate.subLabels.filter(({ eventId }) => !eventId.startsWith('probe'));

test('who speaks while a person is seen at the same camera is named; others are not', async () => {
  await frigate.sees('new', 'door', 'dog-1', 'dog');
  await frigate.sees('new', 'garden', 'person-9');
  await frigate.sees('new', 'door', 'person-1');
  await frigate.sees('update', 'door', 'person-1');
  hear('door', strangersTurn('unknown-1'));
  hear('door', liveTurn({ score: 0.97 }));
  await until(() => labels().length > 0);
  expect(labels()).toEqual([{ eventId: 'person-1', subLabel: 'Alice', subLabelScore: 0.97 }]);
});

test('who was heard just before they were seen is named once; when they have left, nobody is', async () => {
  await frigate.sees('end', 'door', 'person-1');
  hear('yard', liveTurn({ name: 'Bob', speakerId: 'bob' }));
  await until(async () => {
    await frigate.sees('update', 'yard', 'person-2');
    return labels().some(({ eventId }) => eventId === 'person-2');
  });
  await frigate.sees('update', 'yard', 'person-2');
  hear('door', liveTurn({ name: 'Carol', speakerId: 'carol' }));
  await frigate.sees('new', 'hall', 'person-3');
  hear('hall', liveTurn({ name: 'Dora', speakerId: 'dora' }));
  await until(() => labels().some(({ eventId }) => eventId === 'person-3'));
  expect(labels().map(({ eventId, subLabel }) => [eventId, subLabel])).toEqual([
    ['person-1', 'Alice'],
    ['person-2', 'Bob'],
    ['person-3', 'Dora'],
  ]);
});
