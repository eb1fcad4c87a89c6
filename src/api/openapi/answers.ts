import { z } from 'zod';
import { ERROR_CODES } from '../../core/errors.js';
import { COMPLETE_SPEECH_MS } from '../../core/voiceprint.js';
import { SCOPES } from '../access/caller.js';
import { HTTP_CODE_NAMES } from '../refusals/refusal.js';

/** The answers of the /v1 calls, as the document describes them. A test checks real answers against them. */

export const time = z.iso.datetime();
export const probability = z.number().min(0).max(1);
export const seconds = z.number().min(0);
export const quality = z.enum(['poor', 'average', 'good', 'high']);

export const candidate = z.strictObject({
  speakerId: z.string(),
  name: z.string(),
  score: probability,
  cosine: z.number(),
});

const segment = z.strictObject({
  turnId: z.string().optional().describe('By which feedback refers to it'),
  speakerId: z
    .string()
    .nullable()
    .describe(
      'A name only where decision is identified; the nearest person where it is uncertain; null for an unknown voice',
    ),
  name: z.string().nullable(),
  cluster: z.string().nullable().describe('unknown-1, unknown-2 … in order of appearance'),
  start: seconds,
  end: seconds,
  score: probability.describe('Calibrated probability that the best candidate is right'),
  margin: probability.describe('Score of the best less that of the runner-up'),
  cosine: z.number().nullable(),
  decision: z.enum(['identified', 'uncertain', 'unknown']),
  overlap: z.boolean(),
  candidates: z.array(candidate).max(3),
});

const warning = z.strictObject({ code: z.string(), message: z.string() });

export const identification = z.strictObject({
  conversationId: z.string().optional().describe('Shared by the turns of this recording'),
  durationSeconds: seconds,
  model: z.string(),
  segments: z.array(segment),
  warnings: z.array(warning),
});

export const speaker = z.strictObject({
  speakerId: z.string(),
  name: z.string(),
  isComplete: z
    .boolean()
    .describe(`From ${COMPLETE_SPEECH_MS / 1000} s of speech on; names by voiceprints with less are less certain`),
  speechSeconds: seconds,
  audioSeconds: seconds,
  quality,
  samples: z.int().min(0),
  samplesWithAudio: z.int().min(0).describe('Number of samples whose speech is kept'),
  languageCode: z.string().nullable().describe('As given at enrolment'),
  isStale: z
    .boolean()
    .describe('Made with another speaker model; cannot be matched until the person is enrolled again'),
  model: z.string(),
  consent: z
    .strictObject({
      text: z.string(),
      version: z.string().nullable(),
      givenAt: time,
      recordedBy: z.string().nullable().describe('As the audit log names them, such as key:key-1a2b3c4d'),
    })
    .nullable(),
  createdAt: time,
  updatedAt: time,
});

export const speakers = z.strictObject({
  speakers: z.array(speaker).describe('By id'),
  cursor: z.string().nullable().describe('Gives the next page; null on the last'),
});

export const sources = z.strictObject({
  sources: z.array(
    z.strictObject({
      source: z.string().describe('Its id in the file of sources'),
      site: z.string(),
      status: z
        .enum(['connecting', 'open', 'retrying', 'held', 'ended', 'stopped', 'scheduled', 'elsewhere', 'waiting'])
        .describe('elsewhere: another process listens; waiting: nobody does yet'),
      code: z.string().optional().describe('Where something is wrong'),
      message: z.string().optional(),
      since: time.describe('Of the last change of status'),
      turns: z.strictObject({
        identified: z.int().min(0),
        unknown: z.int().min(0),
        uncertain: z.int().min(0),
        rejected: z.int().min(0),
      }),
      droppedSeconds: seconds,
      present: z
        .string()
        .optional()
        .describe('Who is present at the site: names, unknown or nobody; absent where another process listens'),
      lease: z.int().optional().describe('Of sources that processes share: grows with each that takes over'),
    }),
  ),
});

const strangers = z
  .string()
  .regex(/^(none|session|days=\d+(\.\d+)?)$/)
  .describe('What this server keeps of unknown voices: none, session (in memory while a stream runs) or days=N');

export const session = z.strictObject({
  tenantId: z.string(),
  scopes: z.array(z.enum(SCOPES)),
  strangers,
  isConsentRequired: z.boolean().describe('Enrolments without consentText are refused'),
  model: z.string().describe('Id of the speaker model'),
  version: z.string().describe('Of the server'),
});

export const usage = z.strictObject({
  day: z.iso.date().describe('In UTC'),
  audioMinutesToday: z.number().min(0),
  audioMinutesPerDay: z.number().nullable().describe('Null: unlimited'),
  callsThisMinute: z.int().min(0),
  callsPerMinute: z.int().nullable().describe('Null: unlimited'),
});

const key = z.strictObject({
  keyId: z.string(),
  label: z.string(),
  scopes: z.array(z.enum(SCOPES)),
  createdAt: time,
  endsAt: time.nullable(),
  isRevoked: z.boolean(),
  lastUsedAt: time.nullable().describe('Since the server started'),
  isOwn: z.boolean().describe('The key of this call'),
});

export const keys = z.strictObject({ keys: z.array(key) });
export const madeKey = z.strictObject({ key: z.string().describe('Shown only this once'), record: key });

export const unknownVoices = z.strictObject({
  strangers,
  unknownVoices: z.array(
    z.strictObject({
      unknownId: z.string(),
      speechSeconds: seconds,
      firstHeardAt: time,
      lastHeardAt: time,
      expiresAt: time.nullable().describe('Null: in memory only, until its stream ends'),
      isStale: z.boolean().describe('From another speaker model; cannot be recognised with the one in use'),
      model: z.string(),
    }),
  ),
});

export const sampleReason = z.strictObject({
  code: z.string(),
  refuses: z.boolean(),
  message: z.string(),
  at: z
    .array(z.strictObject({ start: seconds, end: seconds }))
    .optional()
    .describe('Where in the sample, of SECOND_VOICE'),
  speakerId: z.string().optional().describe('Whom it sounds like, of COLLIDES_WITH_OTHER'),
});

export const enrolment = z.strictObject({
  speakerId: z.string(),
  name: z.string(),
  status: z.enum(['accepted', 'complete', 'rejected']).describe('rejected: in a trial only; otherwise that is a 422'),
  speechSeconds: seconds,
  audioSeconds: seconds,
  quality,
  reasons: z.array(sampleReason),
  samples: z.array(
    z.strictObject({
      file: z.string(),
      accepted: z.boolean(),
      speechSeconds: seconds,
      snrDb: z.number().nullable(),
      reasons: z.array(sampleReason),
    }),
  ),
  isTrial: z.literal(true).optional().describe('Nothing was stored'),
});

/** RFC 9457; additional members depend on the code. */
export const problem = z.looseObject({
  type: z.string(),
  title: z.string(),
  status: z.int().min(400).max(599),
  detail: z.string(),
  code: z.enum([...ERROR_CODES, ...HTTP_CODE_NAMES]),
});

const webhook = z.looseObject({
  webhookId: z.string(),
  status: z.string(),
  tries: z.int().min(0),
});

export const job = z.looseObject({
  requestId: z.string(),
  kind: z.enum(['identify', 'diarize', 'vad']),
  status: z.string(),
  tries: z.int().min(0),
  createdAt: time.nullish(),
  startedAt: time.nullish(),
  endedAt: time.nullish(),
  webhook: webhook.nullish(),
  result: z.looseObject({ durationSeconds: seconds }).optional().describe('As in the answer of the synchronous call'),
  problem: problem.optional(),
});

export const jobs = z.strictObject({ jobs: z.array(job), cursor: z.string().nullable() });

export const deadLetters = z.strictObject({
  deadLetters: z.array(
    z.looseObject({ webhookId: z.string(), requestId: z.string(), address: z.string(), tries: z.int() }),
  ),
});

export const resent = z.strictObject({ webhookId: z.string(), status: z.literal('waiting') });
export const secret = z.strictObject({ secret: z.string().describe('Shown only this once') });
