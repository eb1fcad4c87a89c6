import { expect, test, vi } from 'vitest';
import { discoveryMessage, homeAssistantStatusTopic, removalMessages } from '../../src/events/homeAssistant.js';
import { objectId } from '../../src/events/objectId.js';
import { SiteMessages } from '../../src/events/siteMessages.js';
import type { MqttMessage } from '../../src/events/topics.js';

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
  const { speaks_known, speaks_unknown, ...shown } = components;
  const parts = Object.values(shown);
  expect(parts.map(({ platform }) => platform)).toEqual(['sensor', 'sensor', 'event', 'binary_sensor']);
  expect(new Set(parts.map(({ unique_id }) => unique_id)).size).toBe(4);
  expect(components.speaker).toMatchObject({ state_topic: 'speaker-id/台所/speaker' });
  expect(components.score).toMatchObject({ entity_category: 'diagnostic', state_topic: 'speaker-id/台所/attributes' });
  expect(components.turn).toMatchObject({
    state_topic: 'speaker-id/台所/event',
    event_types: ['identified', 'unknown', 'uncertain', 'rejected'],
  });
  expect(components.sound).toMatchObject({ device_class: 'sound', off_delay: 30 });
  const event = { platform: 'device_automation', type: 'speaks', topic: 'speaker-id/台所/event' };
  expect(speaks_known).toMatchObject({ ...event, subtype: 'known person', payload: 'identified' });
  expect(speaks_unknown).toMatchObject({ ...event, subtype: 'unknown voice', payload: 'unknown' });
});

test('entity ids are proposed, with their domain, and made of the site', () => {
  const { payload } = discoveryMessage({ base: 'somewhere/else', site: 'Küche' }, options);
  const { components } = payload as { components: Record<string, { platform: string; default_entity_id?: string }> };
  const ids = Object.values(components).flatMap(({ default_entity_id }) => default_entity_id ?? []);
  const site = `speakers_${objectId('Küche')}`;
  expect(ids).toEqual([
    `sensor.${site}_speaker`,
    `sensor.${site}_confidence`,
    `event.${site}_turn`,
    `binary_sensor.${site}_speech`,
  ]);
  for (const { platform, default_entity_id } of Object.values(components)) {
    if (default_entity_id) expect(default_entity_id.split('.')[0]).toBe(platform);
  }
});

test('each person is a trigger of its own, by id; who is gone is withdrawn without the id', () => {
  const people = [
    { speakerId: 'b', name: 'Anna' },
    { speakerId: 'alice', name: 'Alice' },
    { speakerId: 'a', name: 'Anna' },
    { speakerId: 'x', name: 'unknown voice' },
  ];
  const { payload } = discoveryMessage(
    { base: 'speaker-id', site: 'hall' },
    { ...options, people, formerPeople: ['mallory'] },
  );
  const components = Object.values((payload as { components: Record<string, Record<string, unknown>> }).components);
  const triggers = components.filter(({ platform }) => platform === 'device_automation');
  expect(triggers.flatMap(({ subtype, payload: id }) => (subtype ? [[subtype, id]] : []))).toEqual([
    ['known person', 'identified'],
    ['unknown voice', 'unknown'],
    ['Anna (a)', 'a'],
    ['Alice', 'alice'],
    ['Anna (b)', 'b'],
    ['unknown voice (x)', 'x'],
  ]);
  expect(triggers.filter(({ subtype }) => !subtype)).toEqual([{ platform: 'device_automation' }]);
  expect(JSON.stringify(payload)).not.toContain('mallory');
});

test('people who appear while Home Assistant sets up the device are announced once more afterwards', () => {
  vi.useFakeTimers();
  try {
    const sent: MqttMessage[] = [];
    const discovery = { prefix: 'homeassistant', softwareVersion: '1' };
    const options = { presenceWindowMs: 1_000, isTellingTentative: false, discovery };
    const site = new SiteMessages({ base: 'speaker-id', site: 'hall' }, options, (_port, message) =>
      sent.push(message),
    );
    const withAlice = () => sent.filter(({ payload }) => JSON.stringify(payload).includes('"Alice"')).length;
    site.announce();
    site.setPeople([{ speakerId: 'alice', name: 'Alice' }]);
    expect(withAlice()).toBe(1);
    vi.advanceTimersByTime(60_000);
    expect(withAlice()).toBe(2);
    site.setPeople([{ speakerId: 'alice', name: 'Alice B.' }]);
    site.setPeople([{ speakerId: 'alice', name: 'Alice' }]);
    vi.advanceTimersByTime(60_000);
    expect(withAlice(), 'later, each change is sent once').toBe(3);
    site.setPeople([]);
    site.close();
  } finally {
    vi.useRealTimers();
  }
});

test('enrolled people are announced once; who is erased loses the trigger at once', () => {
  const sent: MqttMessage[] = [];
  const discovery = { prefix: 'homeassistant', softwareVersion: '1' };
  const site = new SiteMessages(
    { base: 'speaker-id', site: 'hall' },
    { presenceWindowMs: 1_000, isTellingTentative: false, discovery },
    (_port, message) => sent.push(message),
  );
  const configs = () => sent.filter(({ topic }) => topic.endsWith('/config')).map(({ payload }) => payload as object);
  const people = [
    { speakerId: 'alice', name: 'Alice' },
    { speakerId: 'bob', name: 'Bob' },
  ];
  site.setPeople(people);
  expect(sent, 'nothing before the site is announced').toEqual([]);
  site.announce();
  site.setPeople([...people]);
  expect(configs()).toHaveLength(1);
  site.erase('alice');
  expect(configs()).toHaveLength(2);
  const last = JSON.stringify(configs().at(-1));
  expect(last).toContain('"Bob"');
  expect(last).not.toMatch(/alice/i);
  expect(last).toMatch(/"speaks_[0-9a-f]{12}":\{"platform":"device_automation"\}/);
  site.close();
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
