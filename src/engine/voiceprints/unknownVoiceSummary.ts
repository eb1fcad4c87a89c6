import type { UnknownVoice, UnknownVoiceSummary } from '../../core/unknownVoice.js';

/** What lists show of an unknown voice: never an embedding. `modelId` is the engine's model. */
export function unknownVoiceSummary(
  { id, speechMs, firstHeardMs, lastHeardMs, expiresAtMs, modelId }: UnknownVoice,
  engine: { readonly modelId: string },
): UnknownVoiceSummary {
  return {
    unknownId: id,
    speechSeconds: Math.round(speechMs) / 1000,
    firstHeardAt: new Date(firstHeardMs).toISOString(),
    lastHeardAt: new Date(lastHeardMs).toISOString(),
    expiresAt: expiresAtMs === undefined ? null : new Date(expiresAtMs).toISOString(),
    isStale: modelId !== engine.modelId,
    model: modelId,
  };
}
