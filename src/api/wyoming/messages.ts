import { z } from 'zod';
import { VoicePrintsError } from '../../core/errors.js';
import type { RawFormat } from '../../core/recording.js';
import type { WyomingEvent } from './wire.js';

const MOST_NAMES = 1_000;
const name = z.string().min(1).max(200);
/** Passed back as it came, as the protocol wants it. */
const context = z.record(z.string(), z.unknown()).nullish();

/** Format of the audio: `width` in bytes per sample. */
const audioFormat = z.object({
  rate: z.int().min(4_000).max(192_000),
  width: z.union([z.literal(1), z.literal(2), z.literal(3), z.literal(4)]),
  channels: z.int().min(1).max(8),
});
const ENCODING_OF_WIDTH = { 1: 'u8', 2: 's16le', 3: 's24le', 4: 's32le' } as const;

/** Who may be named, of the enrolled people; everybody where left out. */
const identify = z.object({ names: z.array(name).max(MOST_NAMES).nullish(), context });
const enroll = z.object({
  name,
  model: z.string().max(200).nullish(),
  // What the person agreed to, and which version of it.
  context: z
    .looseObject({ consent: z.string().max(4_096).optional(), consent_version: z.string().max(64).optional() })
    .nullish(),
});
const remove = z.object({ name, model: z.string().max(200).nullish(), context });
const transcript = z.looseObject({ text: z.string(), context });
const ping = z.object({ text: z.string().max(1_000).nullish() });

export type IdentifyData = z.output<typeof identify>;
export type EnrollData = z.output<typeof enroll>;
export type DeleteData = z.output<typeof remove>;
export type TranscriptData = z.output<typeof transcript>;

function parsed<S extends z.ZodType>(schema: S, { type, data }: WyomingEvent): z.output<S> {
  const result = schema.safeParse(data);
  if (result.success) return result.data;
  const path = result.error.issues[0]?.path.join('.') ?? '';
  throw new VoicePrintsError(
    'INPUT_INVALID',
    `the event ${EVENT_TYPE.test(type) ? type : ''} has no valid ${path || 'data'}; send it as the Wyoming protocol describes it`,
  );
}

const EVENT_TYPE = /^[a-z-]{1,40}$/;

/** Throws INPUT_INVALID. */
export const identifyOf = (event: WyomingEvent): IdentifyData => parsed(identify, event);
/** Throws INPUT_INVALID. */
export const enrollOf = (event: WyomingEvent): EnrollData => parsed(enroll, event);
/** Throws INPUT_INVALID. */
export const deleteOf = (event: WyomingEvent): DeleteData => parsed(remove, event);
/** Throws INPUT_INVALID. */
export const transcriptOf = (event: WyomingEvent): TranscriptData => parsed(transcript, event);
/** Throws INPUT_INVALID. */
export const pingOf = (event: WyomingEvent): z.output<typeof ping> => parsed(ping, event);

/** The format that `audio-start` or `audio-chunk` names. Throws INPUT_INVALID. */
export function formatOf(event: WyomingEvent): RawFormat {
  const { rate, width, channels } = parsed(audioFormat, event);
  return { encoding: ENCODING_OF_WIDTH[width], sampleRateHz: rate, channels };
}
