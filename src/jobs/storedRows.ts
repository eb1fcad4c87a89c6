import { z } from 'zod';
import { ERROR_CODES, VoicePrintsError } from '../core/errors.js';
import { FALSE_ACCEPT_PERCENTS } from '../core/identification.js';
import { RAW_ENCODINGS } from '../core/recording.js';
import type { AudioUse } from './audioUse.js';
import type { Job } from './job.js';
import type { Delivery } from './webhooks/webhookOutbox.js';

const failure = z.object({
  code: z.enum(ERROR_CODES),
  message: z.string(),
  details: z.record(z.string(), z.union([z.number(), z.string()])),
});

const ids = z.array(z.string()).readonly().optional();
const people = { speakerCount: z.number().optional(), maxSpeakers: z.number().optional() };

const task = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('identify'),
    speakerIds: ids,
    falseAcceptPercent: z.literal(FALSE_ACCEPT_PERCENTS).optional(),
    isSpeakerPerChannel: z.boolean().optional(),
    ...people,
  }),
  z.object({
    kind: z.literal('diarize'),
    speakerIds: ids,
    isSpeakerPerChannel: z.boolean(),
    ...people,
  }),
  z.object({ kind: z.literal('vad'), minNonSpeechMs: z.number() }),
]);

const audio = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('stored'), audioId: z.string(), bytes: z.number() }),
  z.object({ kind: z.literal('url'), url: z.string() }),
]);

const jobRow = z.object({
  tenantId: z.string(),
  ownerId: z.string().optional(),
  requestId: z.string(),
  call: z.string(),
  task,
  audio,
  rawFormat: z.object({ encoding: z.enum(RAW_ENCODINGS), sampleRateHz: z.number(), channels: z.number() }).optional(),
  selection: z.object({ track: z.number().optional(), channel: z.number().optional() }).optional(),
  webhookUrl: z.string().optional(),
  digest: z.string(),
  traceparent: z.string().optional(),
  status: z.enum(['queued', 'running', 'done', 'failed', 'cancelled']),
  tries: z.number(),
  createdAtMs: z.number(),
  startedAtMs: z.number().optional(),
  endedAtMs: z.number().optional(),
  outcome: z.union([z.object({ failure }), z.object({ result: z.unknown() })]).optional(),
  lastFailure: failure.optional(),
  audioMs: z.number().optional(),
});

const deliveryRow = z.object({
  webhookId: z.string(),
  tenantId: z.string(),
  requestId: z.string(),
  url: z.string(),
  traceparent: z.string().optional(),
  /** Release 0.1.0 stored the body. */
  payload: z.string().optional(),
  status: z.enum(['waiting', 'delivered', 'dead']),
  tries: z.number(),
  nextAtMs: z.number(),
  createdAtMs: z.number(),
  endedAtMs: z.number().optional(),
  lastFailure: z
    .object({ atMs: z.number(), httpStatus: z.number().optional(), code: z.string().optional() })
    .optional(),
});

const audioUseRow = z.object({ tenantId: z.string(), day: z.string(), audioMs: z.number() });

const secretsRow = z.array(z.object({ secret: z.string(), untilMs: z.number().nullable() }));
export type SecretsRow = z.output<typeof secretsRow>;

/** Rows outlive the code that wrote them, so each is checked. Throws REGISTRY_CORRUPT. */
export const jobOf = (row: unknown): Job => checked(jobRow, row);
export const deliveryOf = (row: unknown): Delivery => checked(deliveryRow, row);
export const audioUseOf = (row: unknown): AudioUse => checked(audioUseRow, row);
export const secretsOf = (row: unknown): SecretsRow => checked(secretsRow, row);

function checked<S extends z.ZodType>(schema: S, row: unknown): z.output<S> {
  const { data, error } = schema.safeParse(row);
  if (data !== undefined) return data;
  // Not zod's message: it would quote the row.
  const field = error?.issues[0]?.path.join('.') ?? '?';
  throw new VoicePrintsError('REGISTRY_CORRUPT', `a stored job cannot be read (field ${field}); restore a backup`);
}
