import { entities } from './homeAssistantEntities.js';
import { type NamedPerson, speaksTriggers } from './homeAssistantTriggers.js';
import { objectId } from './objectId.js';
import { type MqttMessage, type TopicPlace, topicsOf } from './topics.js';

/** Home Assistant's default discovery prefix. */
export const DISCOVERY_PREFIX = 'homeassistant';

export interface DiscoveryOptions {
  /** Home Assistant's discovery prefix; `DISCOVERY_PREFIX` by default. */
  readonly prefix?: string;
  /** How long after the end of speech the sound sensor switches off, ms. */
  readonly windowMs: number;
  /** Version of this package. */
  readonly softwareVersion: string;
  /** Display name of the site. */
  readonly name?: string;
  /** Whether the site has an availability topic of its own beside the status of the publisher. */
  readonly hasAvailability?: boolean;
  /** Those whose speech is a trigger of automations. */
  readonly people?: readonly NamedPerson[];
  /** Ids of those whose trigger is withdrawn: a device keeps the components that an update leaves out. */
  readonly formerPeople?: readonly string[];
}

/** Home Assistant's own status: `online` when it has started and needs the discovery messages again. */
export const homeAssistantStatusTopic = (prefix: string = DISCOVERY_PREFIX): string => `${prefix}/status`;

/**
 * One site as a Home Assistant device, by MQTT device discovery: who is present, the confidence, an event per turn, a sound
 * sensor, and a trigger per person. Retained, so that Home Assistant finds it after a restart.
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
    availability: [{ topic: topics.status }, ...(options.hasAvailability ? [{ topic: topics.availability }] : [])],
    ...(options.hasAvailability && { availability_mode: 'all' }),
    qos: 1,
    components: {
      ...entities(id, place, options.windowMs),
      ...speaksTriggers(place, options.people ?? [], options.formerPeople),
    },
  };
  return { topic: configTopic(place, options.prefix), payload, qos: 1, retain: true };
}

/** Removes the device and the retained messages of the site; those of people are kept. */
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
