import { endianness } from 'node:os';
import { z } from 'zod';
import type { Embedding, Exemplar, Voiceprint } from '../core/voiceprint.js';

/** Little-endian float32 in base64, shape (d,): a third of the size of decimal text, and exact. */
const vector = z
  .string()
  .regex(/^[A-Za-z0-9+/]+={0,2}$/)
  .refine((text) => byteLengthOf(text) % 4 === 0, { error: 'is not a whole number of float32 values' });

const embeddingRow = z.object({ modelId: z.string().min(1), values: vector });

const exemplarRow = z.object({
  embedding: embeddingRow,
  speechMs: z.number().nonnegative(),
  snrDb: z.number(),
  bandwidthHz: z.number().nonnegative(),
  enrolledAtMs: z.number(),
});

/** A voiceprint as stored: plain JSON. Files and tables outlive the code that wrote them, hence the schema. */
export const voiceprintRow = z.object({
  id: z.string().min(1),
  tenantId: z.string().min(1),
  name: z.string(),
  languageCode: z.string(),
  exemplars: z.array(exemplarRow),
  mean: embeddingRow.optional(),
  speechMs: z.number().nonnegative(),
  audioMs: z.number().nonnegative(),
  quality: z.enum(['poor', 'average', 'good', 'high']),
  isComplete: z.boolean(),
  consent: z.object({ text: z.string(), givenAtMs: z.number() }).optional(),
  createdAtMs: z.number(),
  updatedAtMs: z.number(),
});

export type VoiceprintRow = Readonly<z.output<typeof voiceprintRow>>;

/** Stored form of a voiceprint. */
export function toRow(voiceprint: Voiceprint): VoiceprintRow {
  const { exemplars, mean, consent, ...plain } = voiceprint;
  return {
    ...plain,
    exemplars: exemplars.map((exemplar) => ({ ...exemplar, embedding: toEmbeddingRow(exemplar.embedding) })),
    ...(mean ? { mean: toEmbeddingRow(mean) } : {}),
    ...(consent ? { consent: { ...consent } } : {}),
  };
}

/** A voiceprint of its own from a row: its arrays are fresh, so the caller may hand them on or change them. */
export function fromRow(row: VoiceprintRow): Voiceprint {
  return {
    ...row,
    exemplars: row.exemplars.map(
      (exemplar): Exemplar => ({ ...exemplar, embedding: fromEmbeddingRow(exemplar.embedding) }),
    ),
    mean: row.mean && fromEmbeddingRow(row.mean),
    consent: row.consent && { ...row.consent },
  };
}

function toEmbeddingRow({ modelId, values }: Embedding): z.output<typeof embeddingRow> {
  const bytes = Buffer.from(new Uint8Array(values.buffer, values.byteOffset, values.byteLength)); // a copy: it may be swapped
  return { modelId, values: littleEndian(bytes).toString('base64') };
}

function fromEmbeddingRow({ modelId, values: text }: z.output<typeof embeddingRow>): Embedding {
  const values = new Float32Array(byteLengthOf(text) / 4);
  const bytes = Buffer.from(values.buffer);
  bytes.write(text, 'base64');
  littleEndian(bytes);
  return { modelId, values };
}

/** Float32 bytes between this machine's order and little-endian, in place. */
const littleEndian = (bytes: Buffer): Buffer => (endianness() === 'LE' ? bytes : bytes.swap32());

function byteLengthOf(base64: string): number {
  const padding = base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0;
  return (base64.length * 3) / 4 - padding;
}
