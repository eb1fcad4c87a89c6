import { z } from 'zod';
import { VoicePrintsError } from '../../core/errors.js';
import { FEEDBACK_VERDICTS, TURN_TIERS } from '../../core/feedback.js';
import { problemOf } from '../../core/inputProblems.js';
import { MAX_PEOPLE, type PeopleCount, voiceLimitsOf } from '../../core/peopleCount.js';
import { falseAcceptPercent } from '../../engine/config.js';
import { SCOPES } from '../access/caller.js';
import { LONGEST_LABEL } from '../access/keyFile.js';

/** Old clients send empty or null fields instead of omitting them. */
const absent = (raw: unknown) => (raw === '' || raw === null ? undefined : raw);
export const optional = <S extends z.ZodType>(schema: S) => z.preprocess(absent, schema.optional());

/** Old clients send numbers as text and text as numbers. */
export const text = z.preprocess((raw) => (typeof raw === 'number' ? String(raw) : raw), z.string());
const count = z.preprocess(
  (raw) => (typeof raw === 'string' ? Number(raw) : raw),
  z.number().int().min(1).max(1_000_000),
);

export const speakerId = text
  .pipe(
    z
      .string()
      .regex(/^[a-zA-Z0-9_]+$/, 'may hold only letters a-z, A-Z, digits and underscores')
      .max(128),
  )
  .describe('Id of a person, unique within the developer');

export const speakerIdList = z.preprocess((raw) => {
  if (typeof raw !== 'string') return raw;
  return raw.split(',').flatMap((part) => (part.trim() === '' ? [] : [part.trim()]));
}, z.array(speakerId).max(1000));

/**
 * Adds a value of a query or a form to those before it. Clients made from the OpenAPI document give a list as its name several
 * times. Says false, and adds nothing, where a field that is no list is given again.
 */
export function addField(fields: Record<string, string>, name: string, value: string): boolean {
  const before = fields[name];
  if (before !== undefined && name !== 'speakerIds') return false;
  fields[name] = before === undefined ? value : `${before},${value}`;
  return true;
}

/** Format of headerless audio; ignored where the bytes have a header. */
export const declared = {
  encoding: optional(z.string().max(64)).describe('Container or codec; needed only for headerless audio'),
  sampleRate: optional(count).describe('In hertz; needed only for headerless audio'),
  channels: optional(count.pipe(z.number().int().min(1).max(64))).describe('Of headerless audio; 1 by default'),
  track: optional(count.pipe(z.number().int().min(1).max(64))).describe(
    'Only this audio track, counted from 1; by default all of them, mixed',
  ),
  channel: optional(count.pipe(z.number().int().min(1).max(64))).describe(
    'Only this channel, counted from 1; by default all of them, mixed',
  ),
  languageCode: optional(z.string().max(35)).describe(
    'Language of the speech; stored with the voiceprint, not interpreted',
  ),
};

export const carried = {
  content: optional(z.string().min(1)).meta({ description: 'The audio as base64', contentEncoding: 'base64' }),
  url: optional(z.string().min(1).max(8192)).describe('URL from which the server fetches the audio'),
};

/** As the engine accepts it. */
const NAME = z.string().max(200).regex(/\S/, 'must not be blank');

const person = {
  name: optional(text.pipe(NAME)).describe('Shown instead of the id'),
  consentText: optional(z.string().max(4096)).describe('What the person agreed to, and how'),
  consentVersion: optional(text.pipe(z.string().max(64))).describe('Version of the text that the person was shown'),
};

const FLAG_WORDS: Readonly<Record<string, boolean>> = {
  true: true,
  '1': true,
  yes: true,
  false: false,
  '0': false,
  no: false,
};
const flag = z.preprocess(
  (raw) => (typeof raw === 'string' ? (FLAG_WORDS[raw.toLowerCase()] ?? raw) : raw),
  z.boolean(),
);

export const separateSpeakerPerChannel = optional(flag).describe(
  'Each audio track of the recording is one person, or each channel where there is one track',
);

export const wholeNumber = z.preprocess((raw) => (typeof raw === 'string' ? Number(raw) : raw), z.number().int());

/** -1 and 0: unknown. */
const speakerCount = wholeNumber.pipe(z.number().int().min(-1).max(MAX_PEOPLE));

/** What the caller knows of the number of people in a recording. */
export const people = {
  speakerCount: optional(speakerCount).describe(
    'Number of people who speak, enrolled or not; -1 or 0: unknown. Not used where each channel is one person',
  ),
  speakers: optional(speakerCount).describe('Older name of speakerCount, which takes precedence'),
  maxSpeakers: optional(speakerCount).describe('Maximum number of people who speak; -1 or 0: unknown'),
};

interface PeopleFields extends PeopleCount {
  readonly speakers?: number | undefined;
}

/** The number of people, or the maximum, where the caller knows it. Throws INPUT_INVALID. */
export function peopleOf({ speakers, speakerCount: count = speakers, maxSpeakers: most }: PeopleFields) {
  const known = (value: number | undefined) => (value === undefined || value < 1 ? undefined : value);
  const found = { speakerCount: known(count), maxSpeakers: known(most) };
  voiceLimitsOf(found);
  return found;
}

export const choice = {
  speakerIds: optional(speakerIdList).describe('Only these people, each with a complete voiceprint; by default all'),
  falseAcceptPercent: optional(falseAcceptPercent),
};

/** Two schemas per call: with the audio inside JSON, and (query) with the audio as the body. */
export const enrollBody = z.object({ ...carried, ...declared, ...person, speakerId });
export const enrollQuery = z.object({ ...declared, ...person, speakerId });
const isTrial = optional(flag).describe(
  'Only says what the gate would decide: stores nothing, needs no consent, and uses no minutes',
);
export const sampleBody = z.object({ ...carried, ...declared, ...person, isTrial });
export const sampleQuery = z.object({ ...declared, ...person, isTrial });
export const trialQuery = z.object({ isTrial });
export const identifyBody = z.object({ ...carried, ...declared, ...choice, ...people, separateSpeakerPerChannel });
export const identifyQuery = z.object({ ...declared, ...choice, ...people, separateSpeakerPerChannel });

/** Pages of `GET /v1/speakers`. */
export const speakersQuery = z.object({
  limit: optional(wholeNumber.pipe(z.number().int().min(1).max(1_000))).describe(
    'By default everybody, with a cursor 50',
  ),
  cursor: optional(speakerId).describe('The cursor of the page before'),
});
export const oneSpeaker = z.object({ speakerId });
export const oneUnknown = z.object({
  unknownId: text
    .pipe(z.string().regex(/^unknown-\d{1,9}$/, 'must be an id such as unknown-3'))
    .describe('Id of an unknown voice'),
});
/** What a person says of a turn; the same fields over REST, WebSocket, MQTT and in messages. */
export const feedbackBody = z.object({
  turnId: optional(text.pipe(z.string().max(200))).describe('The turn it is about; or cluster'),
  cluster: optional(text.pipe(z.string().regex(/^unknown-\d{1,9}$/, 'must be an id such as unknown-3'))).describe(
    'The unknown voice of live streams that it is about; with correct only',
  ),
  verdict: z
    .enum(FEEDBACK_VERDICTS)
    .describe('confirm: it is whom it was named or suggested as; correct: it is speakerId; reject: it is not'),
  speakerId: optional(speakerId),
  ...person,
  languageCode: declared.languageCode,
  isOnlyTurn: optional(flag).describe('Only this turn, not all of its voice'),
  isAlsoOther: optional(flag).describe('The person is another voice of this conversation, too'),
});
export const unknownEnrolBody = z.object({ speakerId, ...person, languageCode: declared.languageCode });
export const oneFeedback = z.object({
  feedbackId: text.pipe(z.string().min(1).max(64)).describe('Id of a piece of feedback'),
});
export const turnsQuery = z.object({
  conversationId: optional(text.pipe(z.string().max(200))).describe('Only those of one recording or session'),
  speakerId: optional(speakerId).describe('Only those that are now of this person'),
  tier: optional(z.enum(TURN_TIERS)).describe(
    'certain: named, or said by a person; suggested: worth asking; unmatched',
  ),
  limit: optional(count.pipe(z.number().int().min(1).max(1000))).describe('The newest so many; 100 by default'),
});
export const forgetTurnsQuery = turnsQuery.pick({ conversationId: true });
export const mergeBody = z.object({
  fromId: speakerId.describe('Becomes a part of the person, and is erased'),
  isSure: optional(flag).describe('Also where the two do not sound alike'),
});
const sampleId = text.pipe(z.string().regex(/^[0-9a-f]{16}$/, 'must be an id from the list of samples'));
export const oneSample = z.object({ speakerId, sampleId });
export const splitBody = z.object({
  sampleIds: z.array(sampleId).min(1).max(40).describe('The samples that are of another person'),
  speakerId: speakerId.describe('Of the new person'),
  ...person,
});

export const speakerPatch = z.object({ name: text.pipe(NAME.trim()) });
export const listQuery = z.object({
  getAllSpeakers: z.preprocess(
    (raw) => (typeof raw === 'string' ? raw.toLowerCase() : raw),
    z.enum(['true', '1', 'yes', 'false', '0', 'no', '']).default('false'),
  ),
});

/** Longer texts are audio as base64, whose characters are checked when it is decoded. */
const LONGEST_TEXT = 8192;
/** PostgreSQL cannot store the first; the others have no UTF-8, so that two ids would become one. */
const NOT_TEXT = /[\0\p{Surrogate}]/u;

/** Throws INPUT_INVALID for a field with characters that cannot be stored, or written into an address. */
function assertText(fields: object): void {
  for (const [field, value] of Object.entries(fields)) {
    if (typeof value !== 'string' || value.length > LONGEST_TEXT || !NOT_TEXT.test(value)) continue;
    throw new VoicePrintsError('INPUT_INVALID', `${field} holds a NUL or half of a surrogate pair; leave it out`);
  }
}

/** Parses input from outside once. Throws SPEAKER_ID_INVALID or INPUT_INVALID; the message never repeats the value. */
export function parseInput<S extends z.ZodType>(schema: S, raw: unknown): z.output<S> {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    throw new VoicePrintsError('INPUT_INVALID', 'the body is not a JSON object; send one with the fields of this call');
  }
  const parsed = schema.safeParse(raw);
  if (parsed.success) {
    assertText(parsed.data as object);
    return parsed.data;
  }
  const issue = parsed.error.issues[0]!;
  const field = issue.path.join('.');
  if (isAbsent(raw, issue.path)) throw new VoicePrintsError('INPUT_INVALID', `${field} is missing; give it`);
  const code = ID_FIELDS.includes(issue.path[0]!) ? 'SPEAKER_ID_INVALID' : 'INPUT_INVALID';
  throw new VoicePrintsError(code, `${field} ${problemOf(issue)}; correct it`);
}

const ID_FIELDS: readonly PropertyKey[] = ['speakerId', 'speakerIds', 'fromId'];

/** Whether nothing is given at this place. Lists may be given as text: what they hold has no place of its own there. */
function isAbsent(raw: unknown, path: readonly PropertyKey[]): boolean {
  let value = raw;
  for (const name of path) {
    if (typeof value !== 'object' || value === null) return false;
    value = (value as Record<PropertyKey, unknown>)[name];
  }
  return value === undefined;
}

export const keyBody = z.object({
  label: z.string().trim().max(LONGEST_LABEL).default('').describe('What it is for; shown in lists'),
  scopes: z.array(z.enum(SCOPES)).min(1).describe('What it may do'),
});
export const oneKey = z.object({ keyId: text.pipe(z.string().min(1).max(64)).describe('Id of a key, never the key') });
