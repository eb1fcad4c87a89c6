import type { UnknownVoice, UnknownVoiceSummary } from '../../core/unknownVoice.js';

const MS_A_DAY = 86_400_000;

/** What lists show of an unknown voice: never an embedding. `modelId` is the engine's model. */
export function unknownVoiceSummary(
  { id, speechMs, firstHeardMs, lastHeardMs, modelId }: UnknownVoice,
  engine: { readonly modelId: string; readonly keptDays: number },
): UnknownVoiceSummary {
  return {
    unknownId: id,
    speechSeconds: Math.round(speechMs) / 1000,
    firstHeardAt: new Date(firstHeardMs).toISOString(),
    lastHeardAt: new Date(lastHeardMs).toISOString(),
    expiresAt: new Date(lastHeardMs + engine.keptDays * MS_A_DAY).toISOString(),
    isStale: modelId !== engine.modelId,
    model: modelId,
  };
}
