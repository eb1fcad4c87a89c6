import { afterAll, beforeAll, expect, test } from 'vitest';
import { isTopicName, topicsOf } from '../../src/events/index.js';
import { Broker } from '../flows/broker.js';

let broker: Broker;
beforeAll(async () => {
  broker = await Broker.start();
});
afterAll(() => broker.stop());

test.each(['hall', 'ground floor/hall', '$hall', 'küche', '玄関', '🚪', 'x'.repeat(128)])(
  'a site may be %j, and the broker takes it',
  async (site) => {
    expect(isTopicName(site)).toBe(true);
    const client = await broker.client();
    await client.publishAsync(topicsOf({ base: 'speaker-id', site }).event, '{}', { qos: 1 });
    await client.endAsync();
  },
);

test.each(['a\u0001b', '\n', 'a\u007f', '\u0085', '\ufffe', '\ufdd0', '\u{1ffff}'])(
  'no site is %j, for which the broker ends the connection',
  async (site) => {
    expect(isTopicName(site)).toBe(false);
    const client = await broker.client({ reconnectPeriod: 0 });
    const ended = new Promise<void>((resolve) => void client.once('close', () => resolve()));
    client.publish(topicsOf({ base: 'speaker-id', site }).event, '{}', { qos: 1 }, () => undefined);
    await ended;
    await client.endAsync(true);
  },
);

test.each(['a\0b', '\ud800', 'a\udfff', '#', 'a+', '/a', 'a/', '', 'speakers', 'command', 'x'.repeat(129)])(
  'no site is %j',
  (site) => {
    expect(isTopicName(site)).toBe(false);
  },
);
