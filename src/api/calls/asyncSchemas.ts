import { z } from 'zod';
import type { FalseAcceptPercent } from '../../core/identification.js';
import type { JobTask } from '../../engine/jobs/jobs.js';
import {
  carried,
  choice,
  declared,
  identifyBody,
  identifyQuery,
  optional,
  people,
  peopleOf,
  separateSpeakerPerChannel,
  speakerIdList,
  text,
  wholeNumber,
} from './schemas.js';

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused; \p{Cc}, in a form that every reader of the OpenAPI document supports
const NO_CONTROLS = /^[^\u0000-\u001f\u007f-\u009f]*$/;

/** The caller's id of a job: text or a number, since old clients send either. */
const requestId = text
  .pipe(z.string().min(1).max(128).regex(NO_CONTROLS, 'must hold no control characters'))
  .describe('Id of the job, unique for a tenant; generated when absent');

const webhook = z
  .string()
  .max(8192)
  .describe('URL that receives the outcome; up to five attempts, until one is answered 2xx');

/** Of the /v1 call; the field requestId takes precedence. */
export const jobHeaders = z.object({
  'Idempotency-Key': optional(requestId).describe('The same as requestId, which takes precedence'),
});

/** Query parameters of every asynchronous call, besides the key. */
export const asyncQuery = z.object({ request_id: optional(requestId), webhook: optional(webhook) });

const seconds = z.preprocess((raw) => (typeof raw === 'string' ? Number(raw) : raw), z.number().min(0).max(3600));
const voices = {
  speakerIds: optional(speakerIdList).describe(
    'People who may be named; by default voices are separated but not named',
  ),
  ...people,
  separateSpeakerPerChannel,
};

const pauses = {
  minNonSpeechDuration: optional(seconds).describe('Pauses shorter than this, in seconds, count as speech'),
};

export const diarizeBody = z.object({ ...carried, ...declared, ...voices });
export const diarizeQuery = z.object({ ...declared, ...voices });
export const vadBody = z.object({ ...carried, ...declared, ...pauses });
export const vadQuery = z.object({ ...declared, ...pauses });

/** Fields of each kind of job, with the audio inside JSON and with the audio as the body. */
export const JOB_SCHEMAS = {
  identify: { body: identifyBody, query: identifyQuery },
  diarize: { body: diarizeBody, query: diarizeQuery },
  vad: { body: vadBody, query: vadQuery },
} as const;

const named = {
  requestId: optional(requestId),
  webhook: optional(webhook),
  kind: z.enum(['identify', 'diarize', 'vad']).default('identify').describe('Kind of processing'),
};
const everything = { ...named, ...declared, ...choice, ...voices, ...pauses };

/** The /v1 call, one for all kinds. */
export const jobBody = z.object({ ...carried, ...everything });
export const jobQuery = z.object(everything);

export const oneJob = z.object({ requestId });
export const oneWebhook = z.object({ webhookId: requestId.describe('The webhook-id of the message') });
export const pageQuery = z.object({
  limit: optional(wholeNumber.pipe(z.number().int().min(1).max(200))),
  cursor: optional(z.string().regex(/^\d{1,20}$/, 'must be the cursor of the previous page')),
});

interface TaskFields {
  readonly speakerIds?: readonly string[] | undefined;
  readonly falseAcceptPercent?: FalseAcceptPercent | undefined;
  readonly speakerCount?: number | undefined;
  readonly speakers?: number | undefined;
  readonly maxSpeakers?: number | undefined;
  readonly separateSpeakerPerChannel?: boolean | undefined;
  readonly minNonSpeechDuration?: number | undefined;
}

/** The task of a job, from the fields of its call. */
export function taskOf(kind: JobTask['kind'], fields: TaskFields): JobTask {
  const speakerIds = fields.speakerIds?.length ? fields.speakerIds : undefined;
  const { falseAcceptPercent, separateSpeakerPerChannel: isSpeakerPerChannel } = fields;
  if (kind === 'identify') return { kind, speakerIds, falseAcceptPercent, isSpeakerPerChannel, ...peopleOf(fields) };
  if (kind === 'vad') return { kind, minNonSpeechMs: Math.round((fields.minNonSpeechDuration ?? 0) * 1000) };
  return { kind, speakerIds, ...voicesOf(fields) };
}

/** The number of people, where the caller knows it, and whether each channel is one of them. */
export function voicesOf(fields: TaskFields) {
  return { ...peopleOf(fields), isSpeakerPerChannel: fields.separateSpeakerPerChannel ?? false };
}
