import { z } from 'zod';
import { VoicePrintsError } from '../core/errors.js';

/** A field of the Node-RED editor: numbers arrive as strings, and an empty input as ''. */
export const field = <S extends z.ZodType>(schema: S) => z.preprocess((raw) => (raw === '' ? undefined : raw), schema);

export const falseAcceptPercent = z.coerce
  .number()
  .pipe(z.union([z.literal(0.1), z.literal(1), z.literal(5)]))
  .describe('Chance in percent that a voice of nobody enrolled is named');

export const engineConfig = z.object({
  storeDirectory: z.string().min(1).describe('Folder of the voiceprints; made when missing'),
  encryptionKey: field(z.string().min(8).optional()).describe(
    'Encrypts the store at rest; any text of 8 characters or more',
  ),
  model: field(z.string().optional()).describe(
    'Id of a speaker model or path of an ONNX file; by default the one in use in the store, else the built-in one',
  ),
  segmentation: field(z.string().optional()).describe(
    'Id of a segmentation model, path of an ONNX file, or off; by default the one in use in the store, else the built-in one',
  ),
  falseAcceptPercent: field(falseAcceptPercent.default(1)),
  keepAudio: z
    .boolean()
    .default(false)
    .describe(
      'Keeps the speech of accepted enrolment samples (biometric raw data), so that another speaker model can hear it',
    ),
  unknownVoiceDays: field(z.coerce.number().min(0).max(3_650).default(30)).describe(
    'Days that an unknown voice is kept after it was last heard live; 0 keeps none beyond the session',
  ),
  maxUnknownVoices: field(z.coerce.number().int().min(1).max(2_000).default(200)).describe(
    'Most unknown voices kept for one tenant; those not heard for longest give way',
  ),
  workerThreads: field(z.coerce.number().int().min(1).max(64).optional()).describe('Threads for the networks'),
  maxDurationMs: field(
    z.coerce
      .number()
      .int()
      .positive()
      .default(4 * 3_600_000),
  ).describe('Longest recording accepted'),
  maxBytes: field(
    z.coerce
      .number()
      .int()
      .positive()
      .default(2 ** 31),
  ).describe('Largest recording accepted'),
  maxDecodeMs: field(z.coerce.number().int().positive().default(900_000)).describe('Longest time a decoder may take'),
});

export type EngineConfig = z.output<typeof engineConfig>;

/** As callers give it. */
export type EngineConfigInput = z.input<typeof engineConfig>;

/** Parse once, at the edge. What comes out is trusted and never checked again. */
export function parseConfig<S extends z.ZodType>(schema: S, raw: unknown): z.output<S> {
  const parsed = schema.safeParse(raw);
  if (parsed.success) return parsed.data;
  throw new VoicePrintsError('CONFIG_INVALID', z.prettifyError(parsed.error), { cause: parsed.error });
}
