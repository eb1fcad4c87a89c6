import { objectId } from './objectId.js';
import { TURN_EVENT_TYPES } from './speakerEvent.js';
import { type TopicPlace, topicsOf } from './topics.js';

/**
 * What a site's device shows. Entity ids are `sensor.speakers_hall_speaker` and so on: they are proposed, so that they do not
 * depend on how Home Assistant makes ids of names; it appends `_2` to one that is taken.
 */
export function entities(deviceId: string, place: TopicPlace, windowMs: number): Readonly<Record<string, object>> {
  const { speaker, attributes, event } = topicsOf(place);
  const ids = (domain: string, name: string, uniqueName = name) => ({
    platform: domain,
    unique_id: `${deviceId}_${uniqueName}`,
    default_entity_id: `${domain}.speakers_${objectId(place.site)}_${name}`,
  });
  return {
    speaker: {
      ...ids('sensor', 'speaker'),
      name: 'Speaker',
      icon: 'mdi:account-voice',
      state_topic: speaker,
      json_attributes_topic: attributes,
    },
    score: {
      ...ids('sensor', 'confidence', 'score'),
      name: 'Confidence',
      icon: 'mdi:percent',
      entity_category: 'diagnostic',
      unit_of_measurement: '%',
      suggested_display_precision: 0,
      state_topic: attributes,
      value_template: '{{ (value_json.last.score * 100) | round(1) if value_json.last else None }}',
    },
    turn: {
      ...ids('event', 'turn'),
      name: 'Turn',
      icon: 'mdi:account-voice',
      state_topic: event,
      event_types: [...TURN_EVENT_TYPES],
    },
    sound: {
      ...ids('binary_sensor', 'speech', 'sound'),
      name: 'Speech',
      device_class: 'sound',
      state_topic: event,
      value_template: "{{ 'OFF' if value_json.event_type == 'rejected' else 'ON' }}",
      off_delay: Math.max(1, Math.round(windowMs / 1000)),
    },
  };
}
