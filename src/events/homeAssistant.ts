import { objectId } from './objectId.js';
import { TURN_EVENT_TYPES } from './speakerEvent.js';
import { type MqttMessage, type TopicPlace, topicsOf } from './topics.js';

/** Where Home Assistant looks for devices, unless its user says otherwise. */
export const DISCOVERY_PREFIX = 'homeassistant';

export interface DiscoveryOptions {
  /** Home Assistant's discovery prefix; `DISCOVERY_PREFIX` by default. */
  readonly prefix?: string;
  /** How long after the last word the sound sensor falls back, ms. */
  readonly windowMs: number;
  /** Of this package. */
  readonly softwareVersion: string;
  /** The site as people call it. */
  readonly name?: string;
}

/** Home Assistant's own status: `online` when it has started and wants to be told again. */
export const homeAssistantStatusTopic = (prefix: string = DISCOVERY_PREFIX): string => `${prefix}/status`;

/**
 * One site as a Home Assistant device, by MQTT device discovery: who is here, how sure, an event a turn, and a sound
 * sensor. Retained, so that a restart of Home Assistant finds it.
 */
export function discoveryMessage(place: TopicPlace, options: DiscoveryOptions): MqttMessage {
  const id = deviceId(place);
  const topics = topicsOf(place);
  const origin = { name: 'voice-prints', sw_version: options.softwareVersion };
  const payload = {
    device: {
      identifiers: [id],
      name: options.name ?? `Speakers ${place.site}`,
      manufacturer: 'voice-prints',
      model: 'Speaker identification',
      sw_version: options.softwareVersion,
    },
    origin,
    availability: [{ topic: topics.status }],
    qos: 1,
    components: components(id, place, options.windowMs),
  };
  return { topic: configTopic(place, options.prefix), payload, qos: 1, retain: true };
}

/** Takes the device and what is retained of the site away again; what is known of people stays. */
export function removalMessages(place: TopicPlace, prefix?: string): readonly MqttMessage[] {
  const { speaker, attributes, stream } = topicsOf(place);
  return [configTopic(place, prefix), speaker, attributes, stream].map((topic) => ({
    topic,
    payload: '',
    qos: 1,
    retain: true,
  }));
}

const deviceId = ({ base, site }: TopicPlace): string => `voice_prints_${objectId(`${base}/${site}`)}`;

const configTopic = (place: TopicPlace, prefix: string = DISCOVERY_PREFIX): string =>
  `${prefix}/device/${deviceId(place)}/config`;

function components(id: string, place: TopicPlace, windowMs: number): object {
  const { speaker, attributes, event } = topicsOf(place);
  return {
    speaker: {
      platform: 'sensor',
      unique_id: `${id}_speaker`,
      name: 'Speaker',
      icon: 'mdi:account-voice',
      state_topic: speaker,
      json_attributes_topic: attributes,
    },
    score: {
      platform: 'sensor',
      unique_id: `${id}_score`,
      name: 'Score',
      entity_category: 'diagnostic',
      unit_of_measurement: '%',
      state_topic: attributes,
      value_template: '{{ (value_json.last.score * 100) | round(1) if value_json.last else None }}',
    },
    turn: {
      platform: 'event',
      unique_id: `${id}_turn`,
      name: 'Turn',
      icon: 'mdi:account-voice',
      state_topic: event,
      event_types: [...TURN_EVENT_TYPES],
    },
    sound: {
      platform: 'binary_sensor',
      unique_id: `${id}_sound`,
      name: 'Speech',
      device_class: 'sound',
      state_topic: event,
      value_template: "{{ 'OFF' if value_json.event_type == 'rejected' else 'ON' }}",
      off_delay: Math.max(1, Math.round(windowMs / 1000)),
    },
  };
}
