import type { Voiceprint } from '../../core/voiceprint.js';
import type { EnrolledVoice } from '../../identity/voices.js';

/** Telephone audio ends at 3.4 to 4 kHz; what reaches less than this is treated as such. */
export const NARROW_BAND_HZ = 4_300;

/** Voiceprints for the matcher: those made with this model; the calibration accounts for incomplete ones. */
export function voicesToMatch(voiceprints: readonly Voiceprint[], modelId: string): EnrolledVoice[] {
  return voiceprints.flatMap(({ id, mean, exemplars, speechMs }) => {
    if (mean?.modelId !== modelId) return [];
    const samples = exemplars.filter(({ embedding }) => embedding.modelId === modelId);
    return [
      {
        id,
        mean: mean.values,
        exemplars: samples.map(({ embedding }) => embedding.values),
        speechSeconds: speechMs / 1000,
        isNarrowBand: samples.length > 0 && samples.every(({ bandwidthHz }) => bandwidthHz < NARROW_BAND_HZ),
      },
    ];
  });
}
