import { z } from 'zod';
import { present } from '../../core/present.js';
import type { Consent, Exemplar, Voiceprint } from '../../core/voiceprint.js';
import { embeddingRow, fromEmbeddingRow, toEmbeddingRow } from './embeddingRow.js';

const exemplarRow = z.object({
  embedding: embeddingRow,
  speechMs: z.number().nonnegative(),
  snrDb: z.number(),
  bandwidthHz: z.number().nonnegative(),
  enrolledAtMs: z.number(),
  otherEmbeddings: z.array(embeddingRow).exactOptional(),
  audioId: z
    .string()
    .regex(/^[0-9a-f]{32}$/)
    .exactOptional(),
  feedbackId: z.string().max(64).exactOptional(),
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
  consent: z
    .object({
      text: z.string(),
      version: z.string().exactOptional(),
      givenAtMs: z.number(),
      recordedBy: z.string().exactOptional(),
    })
    .optional(),
  createdAtMs: z.number(),
  updatedAtMs: z.number(),
});

export type VoiceprintRow = Readonly<z.output<typeof voiceprintRow>>;

/** Ids of the kept speech that a row refers to. */
export const audioIdsOf = (row: VoiceprintRow): string[] => row.exemplars.flatMap(({ audioId }) => audioId ?? []);

/** Stored form of a voiceprint. */
export function toRow(voiceprint: Voiceprint): VoiceprintRow {
  const { exemplars, mean, consent, ...plain } = voiceprint;
  return {
    ...plain,
    exemplars: exemplars.map(toExemplarRow),
    ...(mean ? { mean: toEmbeddingRow(mean) } : {}),
    ...(consent ? { consent: toConsentRow(consent) } : {}),
  };
}

/** A new voiceprint from a row: it owns its arrays, so the caller may transfer or change them. */
export function fromRow(row: VoiceprintRow): Voiceprint {
  return {
    ...row,
    exemplars: row.exemplars.map(fromExemplarRow),
    mean: row.mean && fromEmbeddingRow(row.mean),
    consent: row.consent && { ...row.consent },
  };
}

const toConsentRow = ({ text, version, givenAtMs, recordedBy }: Consent) => ({
  text,
  givenAtMs,
  ...present({ version, recordedBy }),
});

function toExemplarRow({ embedding, otherEmbeddings, ...plain }: Exemplar): z.output<typeof exemplarRow> {
  return {
    ...plain,
    embedding: toEmbeddingRow(embedding),
    ...(otherEmbeddings ? { otherEmbeddings: otherEmbeddings.map(toEmbeddingRow) } : {}),
  };
}

function fromExemplarRow({ embedding, otherEmbeddings, ...plain }: z.output<typeof exemplarRow>): Exemplar {
  return {
    ...plain,
    embedding: fromEmbeddingRow(embedding),
    ...(otherEmbeddings ? { otherEmbeddings: otherEmbeddings.map(fromEmbeddingRow) } : {}),
  };
}
