import { createHash } from 'node:crypto';
import { type TopicPlace, topicsOf } from './topics.js';

/** Somebody enrolled, as Home Assistant shows them. */
export interface NamedPerson {
  readonly speakerId: string;
  readonly name: string;
}

/** More would make messages too large for some brokers; the event entity and the blueprint take any person. */
const MAX_TRIGGERS = 100;
const PLATFORM = 'device_automation';
const KNOWN = 'known person';
const UNKNOWN = 'unknown voice';

/**
 * Device triggers, which the editor of automations lists as `"Alice" speaks`: one per person, and for known and unknown voices
 * as such. Each fires once per turn, at its end.
 */
export function speaksTriggers(
  place: TopicPlace,
  people: readonly NamedPerson[],
  formerPeople: readonly string[] = [],
): Readonly<Record<string, object>> {
  const { event } = topicsOf(place);
  const speaks = (subtype: string, value_template: string, payload: string) => ({
    platform: PLATFORM,
    ...{ automation_type: 'trigger', type: 'speaks', subtype, topic: event, value_template, payload, qos: 1 },
  });
  const ofType = (subtype: string, type: string) => speaks(subtype, '{{ value_json.event_type }}', type);
  const shown = [...people].sort((a, b) => (a.speakerId < b.speakerId ? -1 : 1)).slice(0, MAX_TRIGGERS);
  const taken = new Map<string, number>([KNOWN, UNKNOWN].map((subtype) => [subtype, 1]));
  for (const { name } of shown) taken.set(name, (taken.get(name) ?? 0) + 1);
  const ofPerson = ({ speakerId, name }: NamedPerson) => {
    const subtype = taken.get(name) === 1 ? name : `${name} (${speakerId})`;
    const template = "{{ value_json.speaker_id if value_json.event_type == 'identified' else '' }}";
    return [triggerKey(speakerId), speaks(subtype, template, speakerId)] as const;
  };
  return {
    ...Object.fromEntries(formerPeople.map((speakerId) => [triggerKey(speakerId), { platform: PLATFORM }])),
    speaks_known: ofType(KNOWN, 'identified'),
    speaks_unknown: ofType(UNKNOWN, 'unknown'),
    ...Object.fromEntries(shown.map(ofPerson)),
  };
}

/** Without the id itself: the key of a trigger that was withdrawn stays in the message for a while. */
const triggerKey = (speakerId: string): string =>
  `speaks_${createHash('sha256').update(speakerId).digest('hex').slice(0, 12)}`;
