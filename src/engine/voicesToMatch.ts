import type { Voiceprint } from '../core/voiceprint.js';
import type { EnrolledVoice } from '../identity/resolveVoices.js';

/** Voiceprints as the matcher sees them: complete ones made with this model; the others cannot be compared. */
export function voicesToMatch(voiceprints: readonly Voiceprint[], modelId: string): EnrolledVoice[] {
  return voiceprints.flatMap(({ id, mean, exemplars, speechMs, isComplete }) => {
    if (!isComplete || mean?.modelId !== modelId) return [];
    const samples = exemplars.filter(({ embedding }) => embedding.modelId === modelId);
    return [
      {
        id,
        mean: mean.values,
        exemplars: samples.map(({ embedding }) => embedding.values),
        speechSeconds: speechMs / 1000,
      },
    ];
  });
}
