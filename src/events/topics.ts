import { isTurnEvent, type SpeakerEvent } from './speakerEvent.js';

/** An MQTT message to publish; members are named as in Node-RED's messages. */
export interface MqttMessage {
  readonly topic: string;
  /** Objects are sent as JSON, text unchanged; '' retained clears a topic. */
  readonly payload: object | string;
  readonly qos: 0 | 1;
  readonly retain: boolean;
}

/** Topics of a site. Levels contain no wildcards, and no slashes at their ends. */
export interface TopicPlace {
  /** `TOPIC_BASE` by default. */
  readonly base: string;
  readonly site: string;
}

/** Base of all topics where none is chosen. */
export const TOPIC_BASE = 'speaker-id';

/** Reserved levels below the base: a site of this name would use the topics of people. */
export const RESERVED_SITES: readonly string[] = ['speakers', 'status', 'errors'];

/** Further levels below the base that a site of a process of ours would collide with. */
const RESERVED: readonly string[] = [...RESERVED_SITES, 'command', 'enrolled', 'feedback', 'sources'];

/**
 * What a broker may end the connection for (MQTT 5, 1.5.4): the message would be sent again with the next one, and end that. Halves
 * of surrogate pairs have no UTF-8.
 */
const NOT_IN_TOPICS = /[\p{Control}\p{Surrogate}\p{Noncharacter_Code_Point}]/u;

/** Whether a name can be a level, or several, of an MQTT topic. */
export const isTopicName = (name: string): boolean =>
  name.length <= 128 &&
  /^[^#+/][^#+]*$/.test(name) &&
  !name.endsWith('/') &&
  !NOT_IN_TOPICS.test(name) &&
  !RESERVED.includes(name);

/** All topics of one site. */
export const topicsOf = ({ base, site }: TopicPlace) => ({
  event: `${base}/${site}/event`,
  tentative: `${base}/${site}/tentative`,
  relabel: `${base}/${site}/relabel`,
  stream: `${base}/${site}/stream`,
  load: `${base}/${site}/load`,
  speaker: `${base}/${site}/speaker`,
  attributes: `${base}/${site}/attributes`,
  availability: `${base}/${site}/availability`,
  command: `${base}/${site}/command`,
  enrolled: `${base}/${site}/enrolled`,
  feedback: `${base}/${site}/feedback`,
  status: `${base}/status`,
  errors: `${base}/errors`,
  lastHeard: (speakerId: string) => `${base}/speakers/${speakerId}`,
});

/** Topics that belong to no site. */
export const baseTopicsOf = (base: string) => ({
  status: `${base}/status`,
  errors: `${base}/errors`,
  command: `${base}/command`,
  source: (sourceId: string) => `${base}/sources/${sourceId}`,
});

/** An event on its topic. Important events are sent at least once (QoS 1); only the state of a stream is retained. */
export function eventMessage(event: SpeakerEvent, place: TopicPlace): MqttMessage {
  const topics = topicsOf(place);
  if (isTurnEvent(event)) return { topic: topics.event, payload: event, qos: 1, retain: false };
  switch (event.event_type) {
    case 'tentative':
      return { topic: topics.tentative, payload: event, qos: 0, retain: false };
    case 'relabel':
      return { topic: topics.relabel, payload: event, qos: 1, retain: false };
    case 'stream':
      return { topic: topics.stream, payload: event, qos: 1, retain: true };
    case 'warning':
      return { topic: topics.errors, payload: errorPayload(event), qos: 1, retain: false };
    case 'dropped':
    case 'degraded':
      return { topic: topics.load, payload: event, qos: 0, retain: false };
  }
}

/** Message of the errors topic when a stream fails; undefined where nothing is wrong. */
export function errorMessage(event: SpeakerEvent, place: TopicPlace): MqttMessage | undefined {
  if (event.event_type !== 'stream' || event.code === undefined) return undefined;
  return { topic: topicsOf(place).errors, payload: errorPayload(event), qos: 1, retain: false };
}

const errorPayload = ({ code, message = '', site }: { code?: string; message?: string; site: string }) => ({
  code,
  message,
  site,
});
