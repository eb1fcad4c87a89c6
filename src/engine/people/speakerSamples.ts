import { createHash } from 'node:crypto';
import { VoicePrintsError } from '../../core/errors.js';
import type { SpeakerSample } from '../../core/feedback.js';
import { dot } from '../../core/vector.js';
import type { Exemplar, Voiceprint } from '../../core/voiceprint.js';
import { isEnrolled, meanOf, qualityOf } from '../enrolment/growVoiceprint.js';

/** The samples of a voiceprint as lists show them. */
export const speakerSamples = (voiceprint: Voiceprint): SpeakerSample[] =>
  voiceprint.exemplars.map((exemplar): SpeakerSample => {
    const others = voiceprint.exemplars.filter((one) => one !== exemplar);
    return {
      sampleId: sampleIdOf(voiceprint, exemplar),
      origin: isEnrolled(exemplar) ? 'enrolment' : 'feedback',
      speechSeconds: Math.round(exemplar.speechMs) / 1000,
      snrDb: Math.round(10 * exemplar.snrDb) / 10,
      bandwidthHz: exemplar.bandwidthHz,
      quality: qualityOf([exemplar], exemplar.speechMs),
      likeness: others.length === 0 ? null : Math.round(1000 * dot(exemplar.embedding.values, meanOf(others))) / 1000,
      hasAudio: exemplar.audioId !== undefined,
      addedAt: new Date(exemplar.enrolledAtMs).toISOString(),
    };
  });

/** The samples of these ids, each once, and all others. Throws SAMPLE_NOT_FOUND. */
export function apart(
  voiceprint: Voiceprint,
  sampleIds: readonly string[],
): { readonly chosen: readonly Exemplar[]; readonly others: readonly Exemplar[] } {
  const wanted = new Set(sampleIds);
  const isChosen = (exemplar: Exemplar) => wanted.has(sampleIdOf(voiceprint, exemplar));
  const chosen = voiceprint.exemplars.filter(isChosen);
  if (chosen.length === 0 || chosen.length < wanted.size)
    throw new VoicePrintsError(
      'SAMPLE_NOT_FOUND',
      'this person has no such sample, or not any more; list the samples to see their ids',
    );
  return { chosen, others: voiceprint.exemplars.filter((exemplar) => !isChosen(exemplar)) };
}

/** A digest: samples need no id of their own on disk, and it says nothing of the voice. */
function sampleIdOf({ tenantId, id }: Voiceprint, { embedding, enrolledAtMs }: Exemplar): string {
  const { values } = embedding;
  const digest = createHash('sha256').update(`${tenantId}\n${id}\n${enrolledAtMs}\n`);
  digest.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  return digest.digest('hex').slice(0, 16);
}
