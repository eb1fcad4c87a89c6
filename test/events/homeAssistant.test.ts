import { expect, test } from 'vitest';
import { discoveryMessage, homeAssistantStatusTopic, removalMessages } from '../../src/events/homeAssistant.js';
import { objectId } from '../../src/events/objectId.js';

const options = { windowMs: 30_000, softwareVersion: '1.2.3' };

test.each(['hall', 'Küche', 'kuche', '台所', 'اتاق', '!!!', 'a/b', 'a_b', 'x'.repeat(300), 'Hall'])(
  'the object id of %s is one that Home Assistant takes',
  (name) => {
    expect(objectId(name)).toMatch(/^[a-z0-9_]{1,64}$/);
  },
);

test('names that look alike have ids of their own, the same each time', () => {
  const names = ['hall', 'Hall', 'HALL', 'h all', 'h_all', 'h/all', 'häll', '台所', '厨房', '!', '?'];
  expect(new Set(names.map(objectId)).size).toBe(names.length);
  expect(names.map(objectId)).toEqual(names.map(objectId));
  expect(objectId('hall')).toBe('hall');
});

test('a site is one device whose parts read the topics of the events', () => {
  const { topic, payload, qos, retain } = discoveryMessage({ base: 'speaker-id', site: '台所' }, options);
  expect([qos, retain]).toEqual([1, true]);
  expect(topic).toMatch(/^homeassistant\/device\/[a-zA-Z0-9_-]+\/config$/);
  const { device, origin, availability, components } = payload as {
    device: object;
    origin: object;
    availability: object;
    components: Record<string, Record<string, unknown>>;
  };
  expect(device).toMatchObject({ name: 'Speakers 台所', sw_version: '1.2.3', identifiers: [topic.split('/')[2]] });
  expect(origin).toMatchObject({ name: 'voice-prints' });
  expect(availability).toEqual([{ topic: 'speaker-id/status' }]);
  const parts = Object.values(components);
  expect(parts.map(({ platform }) => platform)).toEqual(['sensor', 'sensor', 'event', 'binary_sensor']);
  expect(new Set(parts.map(({ unique_id }) => unique_id)).size).toBe(4);
  expect(components.speaker).toMatchObject({ state_topic: 'speaker-id/台所/speaker' });
  expect(components.score).toMatchObject({ entity_category: 'diagnostic', state_topic: 'speaker-id/台所/attributes' });
  expect(components.turn).toMatchObject({
    state_topic: 'speaker-id/台所/event',
    event_types: ['identified', 'unknown', 'uncertain', 'rejected'],
  });
  expect(components.sound).toMatchObject({ device_class: 'sound', off_delay: 30 });
});

test('a device is removed by empty retained messages on its own topics', () => {
  const place = { base: 'speaker-id', site: 'hall' };
  const removed = removalMessages(place, 'ha');
  expect(removed.every(({ payload, retain }) => payload === '' && retain)).toBe(true);
  expect(removed.map(({ topic }) => topic)).toEqual([
    discoveryMessage(place, { ...options, prefix: 'ha' }).topic,
    'speaker-id/hall/speaker',
    'speaker-id/hall/attributes',
    'speaker-id/hall/stream',
  ]);
  expect(homeAssistantStatusTopic('ha')).toBe('ha/status');
});
