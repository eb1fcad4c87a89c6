import { z } from 'zod';
import { VoicePrintsError } from '../core/errors.js';
import { DEFAULT_FALSE_ACCEPT_PERCENT, FALSE_ACCEPT_PERCENTS } from '../core/identification.js';
import { inputProblems } from '../core/inputProblems.js';
import { DEFAULT_STRANGERS, type Strangers, type StrangersPolicy, strangersPolicyOf } from '../core/strangers.js';
import type { EngineOptions } from './engineOptions.js';

const percent = z.literal(FALSE_ACCEPT_PERCENTS);

/** The preset as surfaces receive it: a number, or a number as text. */
export const falseAcceptPercent = z.coerce
  .number()
  .pipe(percent)
  .describe('Probability in percent that a voice that is not enrolled is named');

const count = z.number().int();

/** What is kept of unknown voices, taken apart. */
export const strangersPolicy = z
  .custom<Strangers>((text) => typeof text === 'string' && strangersPolicyOf(text) !== undefined, {
    message: 'must be none, session or days=N, with N up to 3650',
  })
  .transform((text) => strangersPolicyOf(text)!);

const policyOfDays = (days: number): StrangersPolicy => (days === 0 ? { keeps: 'session' } : { keeps: 'days', days });

/** Checks options of callers that no compiler checked, and fills in the defaults. */
export const engineConfig = z
  .object({
    storeDirectory: z.string().min(1),
    databaseUrl: z.string().min(1).optional(),
    audioUrl: z.string().min(1).optional(),
    encryptionKey: z
      .string()
      .refine(
        ({ length }) => length >= 8,
        'must have at least 8 characters (on the command line it is VOICE_PRINTS_KEY)',
      )
      .optional(),
    model: z.string().optional(),
    segmentation: z.string().optional(),
    falseAcceptPercent: percent.default(DEFAULT_FALSE_ACCEPT_PERCENT),
    keepAudio: z.boolean().default(false),
    strangers: strangersPolicy.optional(),
    unknownVoiceDays: z.number().min(0).max(3_650).optional(),
    requireConsent: z.boolean().default(false),
    rememberTurns: z.boolean().default(true),
    maxUnknownVoices: count.min(1).max(2_000).default(200),
    workerThreads: count.min(1).max(64).optional(),
    maxDurationMs: count.positive().default(4 * 3_600_000),
    maxBytes: count.positive().default(2 ** 31),
    maxDecodeMs: count.positive().default(900_000),
  })
  .transform(({ unknownVoiceDays: days, strangers, ...others }) => {
    const given = strangers ?? (days === undefined ? undefined : policyOfDays(days));
    return {
      ...others,
      strangers: given ?? strangersPolicyOf(DEFAULT_STRANGERS)!,
      /** False where the default is used: unknown voices that the store already holds then keep their own expiry. */
      isStrangersGiven: given !== undefined,
    };
  }) satisfies z.ZodType<object, EngineOptions>;

export type EngineConfig = z.output<typeof engineConfig>;

/** Parse once, at the edge. What comes out is trusted and never checked again. */
export function parseConfig<S extends z.ZodType>(schema: S, raw: unknown): z.output<S> {
  const parsed = schema.safeParse(raw);
  if (parsed.success) return parsed.data;
  throw new VoicePrintsError('CONFIG_INVALID', `${inputProblems(parsed.error)}; correct it`, { cause: parsed.error });
}
