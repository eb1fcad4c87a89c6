/** Published data of live streams: events, presence, MQTT topics, Home Assistant discovery. */

export {
  DISCOVERY_PREFIX,
  discoveryMessage,
  homeAssistantStatusTopic,
  removalMessages,
} from './homeAssistant.js';
export type { NamedPerson } from './homeAssistantTriggers.js';
export { liveSpeakerEvent } from './liveSpeakerEvent.js';
export { objectId } from './objectId.js';
export { PRESENCE_WINDOW_MS, Presence } from './presence.js';
export { type Port, SiteMessages, type SiteOptions, type Tell } from './siteMessages.js';
export {
  type DegradedEvent,
  type DroppedEvent,
  type EventContext,
  isTurnEvent,
  type RelabelEvent,
  recordedTurnEvent,
  rejectedEvent,
  type SpeakerEvent,
  type StreamEvent,
  type TentativeEvent,
  TURN_EVENT_TYPES,
  type TurnEvent,
  type WarningEvent,
} from './speakerEvent.js';
export {
  baseTopicsOf,
  errorMessage,
  eventMessage,
  isTopicName,
  type MqttMessage,
  RESERVED_SITES,
  TOPIC_BASE,
  type TopicPlace,
  topicsOf,
} from './topics.js';
