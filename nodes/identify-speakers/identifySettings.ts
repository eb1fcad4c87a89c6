import { z } from 'zod';
import { DISCOVERY_PREFIX, PRESENCE_WINDOW_MS, RESERVED_SITES, TOPIC_BASE } from '../../src/events/index.js';
import { falseAcceptPercent, MAX_PEOPLE } from '../../src/index.js';
import { isPathBefore, recordingShape } from '../shared/audioSelection.js';
import { DEFAULT_QUEUE_LIMIT } from '../shared/bindNode.js';
import { checkbox, field, isTicked, type SettingsForm, text, withDefaults } from '../shared/settings.js';

/** Levels of an MQTT topic: no wildcard, no slash at their ends. */
const topicText = (fallback: string) =>
  field(
    z
      .string()
      .regex(/^[^#+]+$/, 'must not contain # or +')
      .transform((topic) => topic.replace(/^\/+|\/+$/g, ''))
      .default(fallback),
  );

const people = field(z.coerce.number().int().min(1).max(MAX_PEOPLE).optional());

const schema = z.object({
  store: text,
  property: text,
  propertyType: text,
  speakers: text,
  speakersType: text,
  falseAcceptPercent: field(falseAcceptPercent.optional()),
  isPath: checkbox.describe('Text and {path} in messages name files on this machine'),
  ...recordingShape,
  isSpeakerPerChannel: checkbox.describe('Each audio track, or each channel, is one person'),
  speakerCount: people.describe('How many people speak in a recording; empty: estimated'),
  maxSpeakers: people.describe('How many at most; empty: no limit'),
  output: z
    .enum(['auto', 'whole', 'turns', 'live'])
    .default('whole')
    .describe('auto: as whole for a recording, as live for a live stream'),
  resultProperty: field(z.string().default('payload')),
  isDrawn: checkbox.describe('A drawing of the turns goes with the result, as msg.timeline'),
  topicBase: topicText(TOPIC_BASE),
  site: topicText('home').refine(
    (site) => !RESERVED_SITES.includes(site),
    `must be none of ${RESERVED_SITES.join(', ')}`,
  ),
  isRetained: checkbox,
  queueLimit: field(z.coerce.number().int().min(1).max(10_000).default(DEFAULT_QUEUE_LIMIT)),
  presenceWindowSeconds: field(
    z.coerce
      .number()
      .min(1)
      .max(86_400)
      .default(PRESENCE_WINDOW_MS / 1000),
  ),
  strangers: field(z.enum(['none', 'session']).optional()).describe('Less than the store keeps; empty: as the store'),
  isTellingTentative: checkbox,
  isDiscovered: checkbox.describe('Announces the site to Home Assistant'),
  discoveryPrefix: topicText(DISCOVERY_PREFIX),
});
export type IdentifySettings = z.output<typeof schema>;

const isForLive = (output: unknown): boolean => output === 'live' || output === 'auto';

/** Settings of identify-speakers and how older ones are brought up to date. */
export const identifyForm: SettingsForm<typeof schema> = {
  schema,
  migrations: [
    withDefaults({ property: 'payload', propertyType: 'msg', speakers: '', speakersType: 'str', output: 'whole' }),
    withDefaults({ isTellingTentative: false, isDiscovered: false }),
    (stored) => withDefaults({ isPath: isPathBefore(stored), isSpeakerPerChannel: false })(stored),
  ],
  unused: ({ output, isDiscovered }) => [
    ...(output === 'whole' ? ['site', 'topicBase'] : []),
    ...(output === 'live' ? ['queueLimit', 'speakerCount', 'maxSpeakers'] : []),
    ...(isForLive(output) ? [] : ['presenceWindowSeconds']),
    ...(isForLive(output) && isTicked(isDiscovered) ? [] : ['discoveryPrefix']),
  ],
};
