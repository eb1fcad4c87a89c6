import type { SpeakerSummary } from '../../core/identification.js';
import type { Consent, Voiceprint } from '../../core/voiceprint.js';

/** What lists show of a voiceprint: never an embedding. `modelId` is the engine's model. */
export function speakerSummary(voiceprint: Voiceprint, modelId: string): SpeakerSummary {
  const { consent } = voiceprint;
  const model = voiceprint.mean?.modelId ?? modelId;
  return {
    speakerId: voiceprint.id,
    name: voiceprint.name,
    isComplete: voiceprint.isComplete,
    speechSeconds: secondsOf(voiceprint.speechMs),
    audioSeconds: secondsOf(voiceprint.audioMs),
    quality: voiceprint.quality,
    samples: voiceprint.exemplars.length,
    samplesWithAudio: voiceprint.exemplars.filter(({ audioId }) => audioId !== undefined).length,
    languageCode: voiceprint.languageCode || null,
    isStale: model !== modelId,
    model,
    consent: consent ? consentSummary(consent) : null,
    createdAt: new Date(voiceprint.createdAtMs).toISOString(),
    updatedAt: new Date(voiceprint.updatedAtMs).toISOString(),
  };
}

const consentSummary = ({ text, version, givenAtMs, recordedBy }: Consent) => ({
  text,
  version: version ?? null,
  givenAt: new Date(givenAtMs).toISOString(),
  recordedBy: recordedBy ?? null,
});

const secondsOf = (ms: number): number => Math.round(ms) / 1000;
